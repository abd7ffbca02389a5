"""Bring the synthetic city to life through the doors real ones use.

Residents, organisations, departments and clerks come in by ``suishen directory import``; certificates by
``/issuer/v1``, each department signed in with its own key. Every step may be done again after it was cut
short: registering says "unchanged", issuing is idempotent by serial and by Idempotency-Key.
"""

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bff.sandbox.city import (
    ALIPAY_APP,
    APP,
    CERTIFICATES,
    CLERK_CLIENT,
    CLERKS,
    DEPARTMENTS,
    ORGANISATIONS,
    PEOPLE,
    SIGNING_ON,
    SOURCES,
    Certificate,
)
from bff.sandbox.errors import SandboxError
from bff.sandbox.oidc import subject_of

_PATIENCE: Final = aiohttp.ClientTimeout(total=30)
Key = ec.EllipticCurvePrivateKey


class SeedingFailed(SandboxError):
    """The product refused what the city brought along."""


def department_keys(folder: Path) -> dict[str, Key]:
    """Each department's own key, made at its first start and kept in ``folder``."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {department.key: _key(folder / f"{department.key}.pem") for department in (*DEPARTMENTS, *SOURCES)}


def _key(file: Path) -> Key:
    if file.exists():
        key = serialization.load_pem_private_key(file.read_bytes(), None)
        assert isinstance(key, Key)  # noqa: S101 - we wrote it
        return key
    key = ec.generate_private_key(ec.SECP256R1())
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return key


def registrations(keys: Mapping[str, Key], openid_url: str) -> bytes:
    """Everybody who may sign in, one JSON object a line, as ``suishen directory import`` reads it."""
    sso = {"issuer": f"{openid_url}/{SIGNING_ON}", "clientId": CLERK_CLIENT}
    departments = [
        {
            "kind": "department",
            "id": each.id,
            "name": each.name,
            "keys": [_jwk(keys[each.key])],
            "types": each.types,
            "scopes": each.scopes,
        }
        for each in (*DEPARTMENTS, *SOURCES)
    ]
    organisations = [
        {
            "kind": "organisation",
            "id": each.id,
            "name": each.name,
            "sso": sso if each.id == SIGNING_ON else None,
        }
        for each in ORGANISATIONS
    ]
    clerks = [
        {
            "kind": "clerk",
            "organisation": each.organisation,
            "number": each.number,
            "passphrase": each.passphrase,
            "scenes": each.scenes,
            "scopes": each.scopes,
            "secondFactor": each.second_factor,
            "ssoSubject": subject_of(SIGNING_ON, each.number) if each.organisation == SIGNING_ON else None,
        }
        for each in CLERKS
    ]
    residents = [
        {
            "kind": "resident",
            "idNumber": each.id_number,
            "name": each.name,
            "assurance": each.assurance,
            "links": [
                {"provider": "wechat", "appid": APP.appid, "subject": each.openid},
                {"provider": "alipay", "appid": ALIPAY_APP.appid, "subject": each.alipay_open_id},
            ],
        }
        for each in PEOPLE
        if each.assurance is not None
    ]
    return b"\n".join(map(msgspec.json.encode, [*departments, *organisations, *clerks, *residents]))


async def issue_certificates(
    base_url: str, keys: Mapping[str, Key], *, told: Callable[[int, int], None] = lambda _, __: None
) -> None:
    """Issue every certificate and let it meet its fate; ``told`` hears how many of how many are done."""
    async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
        done = 0
        for department in DEPARTMENTS:
            issuer = IssuerClient(http, department.id, keys[department.key], base_url=base_url)
            for certificate in CERTIFICATES:
                if certificate.department == department.key:
                    await _issue(issuer, certificate)
                    done += 1
                    told(done, len(CERTIFICATES))


async def _issue(issuer: "IssuerClient", certificate: Certificate) -> None:
    issued = await issuer.issue(certificate.content, idempotency_key=f"seed-{certificate.content.serial}")
    if certificate.fate is not None:
        await issuer.change(issued["id"], certificate.fate.value, certificate.reason)


class IssuerClient:
    """A department's own system, talking to ``/issuer/v1``."""

    def __init__(self, http: aiohttp.ClientSession, department: str, key: Key, *, base_url: str) -> None:
        self._http = http
        self._base_url = base_url
        self._department = department
        self._key = key
        self._token: str | None = None

    async def issue(self, content: object, *, idempotency_key: str) -> dict[str, Any]:
        """Issue a certificate, or a new version of one."""
        return await self._post("/issuer/v1/credentials", content, {"Idempotency-Key": idempotency_key})

    async def change(self, credential: str, change: str, reason: str) -> dict[str, Any]:
        """Suspend, resume or revoke."""
        return await self._post(f"/issuer/v1/credentials/{credential}/{change}", {"reason": reason}, {})

    async def report(self, items: Sequence[object]) -> dict[str, Any]:
        """Report health evidence."""
        return await self._post("/issuer/v1/health-evidence", {"items": items}, {})

    async def report_facts(self, items: Sequence[object]) -> dict[str, Any]:
        """Report what reminders follow from."""
        return await self._post("/issuer/v1/reminders/facts", {"items": items}, {})

    async def _post(self, path: str, body: object, headers: Mapping[str, str]) -> dict[str, Any]:
        if self._token is None:
            self._token = await self._sign_in()
        headers = {**headers, "Authorization": f"Bearer {self._token}"}
        return await posted(self._http, self._base_url + path, body, headers)

    async def _sign_in(self) -> str:
        """``private_key_jwt`` (RFC 7523): a minute, once."""
        now = int(time.time())
        assertion = jwt.encode(
            {
                "iss": self._department,
                "sub": self._department,
                "aud": "suishen:issuer",
                "iat": now,
                "exp": now + 60,
                "jti": secrets.token_urlsafe(16),
            },
            self._key,
            algorithm="ES256",
        )
        address = f"{self._base_url}/issuer/v1/session"
        reply = await posted(self._http, address, {"clientAssertion": assertion}, {})
        token: str = reply["accessToken"]
        return token


async def posted(
    http: aiohttp.ClientSession, address: str, body: object, headers: Mapping[str, str]
) -> dict[str, Any]:
    """What ``address`` answers to ``body``; `SeedingFailed` if it refuses."""
    headers = {**headers, "Content-Type": "application/json"}
    async with http.post(address, data=msgspec.json.encode(body), headers=headers) as reply:
        text = await reply.read()
        if reply.status >= 300:
            told = text.decode(errors="replace")[:600]
            raise SeedingFailed(
                zh=f"POST {address} 返回 {reply.status}：{told}\n"
                "若数据来自旧版本的虚拟城市，请用 --fresh 清空后重试。",
                en=f"POST {address} answered {reply.status} while the city was being brought in. "
                "If the data is of an older city, empty it with --fresh.",
            )
        answer: dict[str, Any] = msgspec.json.decode(text)
        return answer


def _jwk(key: Key) -> dict[str, str]:
    point = key.public_key().public_numbers()
    x, y = (urlsafe_b64encode(part.to_bytes(32)).rstrip(b"=").decode() for part in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
