"""Who takes part: residents with a certificate each, clerks, and the bytes of what they ask.

They come in through the wallet's own issuing service and are given tokens by the same code that signs
people in; only the signing in itself is left out.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct
from stdnum.cn import ric

from auth_bridges.models import Audience, Grant
from auth_bridges.models import Resident as AuthResident
from auth_bridges.sessions import Sessions
from auth_bridges.tokens import AccessTokens
from bff.platform.audit import STREAM as AUDIT_STREAM
from bff.platform.health import STREAM as HEALTH_STREAM
from bff.platform.keys import KeyRing
from bff.platform.services import Platform
from bff.platform.settings import Settings, load_settings
from bff.sandbox.bench.page import Reader
from bff.sandbox.city import APP, DEPARTMENTS
from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.wallet import Holder, IssueCredential
from wallet.models import Issuer

RESIDENTS: Final = 64
CLERKS: Final = 16
ORGANISATIONS: Final = 4
SCENES: Final = {"signed": "general", "opaque": "hospital.registration"}
"""The same four fields of the same ID card, with and without data in the QR."""
_LIFETIME: Final = timedelta(minutes=10)
_LOGINS_EACH: Final = 20


class Resident(Struct, frozen=True, kw_only=True):
    """Somebody who shows."""

    holder: str
    id_number: str
    credential: str
    claims: dict[str, str]


class Crowd:
    """Everybody, with tokens. A token is good for ten minutes, and so is a crowd."""

    def __init__(self, residents: Sequence[Resident], streams: Sequence[str], settings: Settings) -> None:
        self.residents = residents
        self.streams = streams
        """What the worker drains; empty once everything is in MongoDB."""
        self._tokens = AccessTokens(
            KeyRing(settings.auth.token_keys_dir),
            issuer=settings.auth.token_issuer,
            environment=settings.platform.env.in_tokens,
            lifetime=_LIFETIME,
        )
        self._resident_tokens = [self._resident_token(number) for number in range(RESIDENTS)]
        self._clerk_tokens = [self._clerk_token(number) for number in range(CLERKS)]

    @property
    def tokens(self) -> int:
        """How many tokens there are without the new ones."""
        return len(self._resident_tokens) + len(self._clerk_tokens)

    def shows(self, mode: str) -> list[bytes]:
        """One request a resident, to be sent again and again."""
        return [self._show(number, token, mode) for number, token in enumerate(self._resident_tokens)]

    def verifies(self, codes: Sequence[str]) -> list[bytes]:
        """One request a code; the clerks take turns."""
        return [_verify(self._clerk_tokens[number % CLERKS], code) for number, code in enumerate(codes)]

    def health_shows(self) -> list[bytes]:
        """One request a resident for a health code, to be sent again and again."""
        return [_request("/mp/v1/health-code/codes", token, {}) for token in self._resident_tokens]

    def health_checks(self, codes: Sequence[str]) -> list[bytes]:
        """One request a health code; the clerks take turns."""
        return [
            _request("/verifier/v1/health-checks", self._clerk_tokens[number % CLERKS], {"code": code})
            for number, code in enumerate(codes)
        ]

    def readers(self) -> list[Reader]:
        """Everybody, with the page of their health code open."""
        return [
            Reader(id_number=resident.id_number, token=token)
            for resident, token in zip(self.residents, self._resident_tokens, strict=True)
        ]

    def source(self) -> str:
        """The token of a laboratory."""
        return self._mint(
            Grant(
                audience=Audience.ISSUER,
                subject="laboratory",
                session="laboratory",
                client="bench",
                assurance=AssuranceLevel.L0,
                scopes=frozenset({"health:report"}),
                types=frozenset({"health:RESULT"}),
            )
        )

    def shows_with_new_tokens(self, mode: str, count: int) -> list[bytes]:
        """Requests whose tokens no server has seen: each costs a signature check."""
        people = [number % RESIDENTS for number in range(count)]
        return [self._show(number, self._resident_token(number), mode) for number in people]

    def verifies_with_new_tokens(self, codes: Sequence[str]) -> list[bytes]:
        """The same for clerks."""
        return [_verify(self._clerk_token(number % CLERKS), code) for number, code in enumerate(codes)]

    def _show(self, number: int, token: str, mode: str) -> bytes:
        body = {"credentialId": self.residents[number].credential, "scene": SCENES[mode]}
        return _request("/mp/v1/presentations", token, body)

    def _resident_token(self, number: int) -> str:
        return self._mint(
            Grant(
                audience=Audience.RESIDENT,
                subject=f"{number:032x}",
                session=f"resident-{number}",
                client="bench",
                assurance=AssuranceLevel.L2,
                scopes=frozenset({"wallet:read", "wallet:show", "health:show"}),
                holder=self.residents[number].holder,
            )
        )

    def _clerk_token(self, number: int) -> str:
        organisation = number % ORGANISATIONS
        return self._mint(
            Grant(
                audience=Audience.VERIFIER,
                subject=f"clerk-{number}",
                session=f"clerk-{number}",
                client="bench",
                assurance=AssuranceLevel.L0,
                scopes=frozenset({"wallet:verify", "health:check"}),
                organisation=f"organisation-{organisation}",
                organisation_name=f"海屿市第{'一二三四'[organisation]}医院",
                clerk_number=f"{number:04}",
                scenes=frozenset(SCENES.values()),
            )
        )

    def _mint(self, grant: Grant) -> str:
        return self._tokens.mint(grant, token_id=secrets.token_hex(16), now=datetime.now(UTC)).text


async def gather(environ: Mapping[str, str]) -> Crowd:
    """Issue everybody an ID card."""
    settings = load_settings(environ)
    police = DEPARTMENTS[0]
    async with Platform.open(settings) as platform:
        residents = []
        for number in range(RESIDENTS):
            person = _person(number)
            issued = await platform.issuing.issue(
                Issuer(id=police.id, name=police.name, types=frozenset(police.types)),
                _id_card(person, number),
            )
            claims = {name: person[name] for name in ("name", "sex", "birthDate", "idNumber")}
            residents.append(
                Resident(
                    holder=platform.personal.hash(person["idNumber"]),
                    id_number=person["idNumber"],
                    credential=issued.id,
                    claims=claims,
                )
            )
        await platform.health.recolouring.judge([each.holder for each in residents])
        return Crowd(residents, [AUDIT_STREAM, HEALTH_STREAM, *platform.wallet.streams], settings)


async def logins(simulator_url: str, count: int) -> list[bytes]:
    """Sign-ins with a code each; nobody signs in more often than WeChat lets them."""
    limit = asyncio.Semaphore(32)
    async with aiohttp.ClientSession() as http:

        async def login(number: int) -> bytes:
            asked = {"appid": APP.appid, "resident": f"bench-{number // _LOGINS_EACH}"}
            async with limit, http.post(f"{simulator_url}/_sim/wechat/login", json=asked) as answer:
                code = (await answer.json(content_type=None))["code"]
            return _request("/mp/v1/session/wechat", None, {"code": code})

        return list(await asyncio.gather(*(login(number) for number in range(count))))


async def refreshes(environ: Mapping[str, str], count: int) -> list[bytes]:
    """Renewals of as many sessions of one resident, whose record alone is read more than once."""
    settings = load_settings(environ)
    async with Platform.open(settings) as platform:
        now = datetime.now(UTC)
        subject = secrets.token_hex(16)
        await platform.auth_stores.residents.ensure(AuthResident(id=subject, created_at=now))
        opener = Sessions(
            platform.auth_stores.sessions,
            platform.auth_stores.ended,
            audit=_nobody,
            chance=secrets.token_bytes,
        )
        limit = asyncio.Semaphore(64)

        async def session() -> bytes:
            async with limit:
                live = await opener.open(
                    audience=Audience.RESIDENT,
                    subject=subject,
                    client="bench",
                    device=None,
                    assurance=AssuranceLevel.L0,
                    now=now,
                )
            return _request("/mp/v1/session/refresh", None, {"refreshToken": live.token})

        return list(await asyncio.gather(*(session() for _ in range(count))))


async def _nobody(kind: str, **_: object) -> None:
    """Opening a session for a bench is no event."""


def peer_documents(crowd: Crowd) -> list[dict[str, Any]]:
    """The same certificates as the peer keeps them, in the clear."""
    return [
        {"_id": each.credential, "keepers": [each.holder], "mark": "active", "claims": each.claims}
        for each in crowd.residents
    ]


def _person(number: int) -> dict[str, str]:
    born = date(1980, 1, 1) + timedelta(days=97 * number)
    body = f"310000{born:%Y%m%d}{800 + number:03d}"
    id_number = body + ric.calc_check_digit(f"{body}0")
    return {
        "name": f"试{'甲乙丙丁戊己庚辛'[number // 8]}{'子丑寅卯辰巳午未'[number % 8]}",
        "sex": "男" if int(id_number[16]) % 2 else "女",
        "birthDate": born.isoformat(),
        "idNumber": id_number,
    }


def _id_card(person: Mapping[str, str], number: int) -> IssueCredential:
    return IssueCredential(
        type="resident-id-card",
        serial=f"BENCH{number:04}",
        holder=Holder(name=person["name"], id_number=person["idNumber"]),
        claims={
            "sex": person["sex"],
            "ethnicity": "汉",
            "birthDate": person["birthDate"],
            "address": f"海屿市滨海区听潮路{number}号",
        },
        valid_from=date(2020, 1, 1),
        valid_until=date(2039, 12, 31),
    )


def _verify(token: str, code: str) -> bytes:
    return _request("/verifier/v1/verifications", token, {"code": code, "requestId": secrets.token_hex(8)})


def _request(path: str, token: str | None, body: Mapping[str, str]) -> bytes:
    data = msgspec.json.encode(body)
    bearer = "" if token is None else f"Authorization: Bearer {token}\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
        f"{bearer}"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data
