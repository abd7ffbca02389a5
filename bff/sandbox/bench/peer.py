"""The peer: the same two calls as a good team would first write them, FastAPI + PyJWT + redis-py + motor.

It is no straw man. Requests and answers are the same; nothing blocks the loop; clients are pooled, hiredis
parses, uvloop and httptools serve, as they do for us. What it does not do is what this product does about
the load: every token's signature is checked, every call to a database is a round trip of its own, and who
must not be forgotten is written to MongoDB (majority, journal) before the answer. It is spared the limits,
the sealing of personal data, the retry of a lost answer and the hash chain.

Served by ``uvicorn bff.sandbox.bench.peer:app``. FastAPI is the bench's own, not the product's.
"""

import json
import os
import secrets
from base64 import b32decode, b32encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fastapi import Depends, FastAPI, Header, HTTPException
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pydantic import BaseModel, Field
from redis.asyncio import Redis

from bff.sandbox.bench import naive

_OPAQUE_SCENES: Final = frozenset({"hospital.registration"})
_CLAIMS: Final = {"name": 1, "sex": 2, "birthDate": 3, "idNumber": 4}
_WINDOW: Final = timedelta(seconds=90)
_KID: Final = b"peer"

Document = dict[str, Any]
Claims = dict[str, Any]


class Open(NamedTuple):
    """What the handlers work with."""

    database: "AsyncIOMotorDatabase[Document]"
    redis: Redis
    tokens: ec.EllipticCurvePublicKey
    issuer: str
    codes: ec.EllipticCurvePrivateKey


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the clients and put the certificates in."""
    folder = Path(os.environ["SUISHEN_AUTH_TOKEN_KEYS_DIR"])
    private = load_pem_private_key(
        (folder / f"{(folder / 'current').read_text().strip()}.pem").read_bytes(), None
    )
    assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101 - the ring holds no other
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
        os.environ["SUISHEN_MONGO_URL"], w="majority", journal=True, tz_aware=True
    )
    redis = Redis.from_url(os.environ["SUISHEN_REDIS_URL"])
    database = client["bench_peer"]
    app.state.open = Open(
        database=database,
        redis=redis,
        tokens=private.public_key(),
        issuer=os.environ["SUISHEN_AUTH_TOKEN_ISSUER"],
        codes=ec.generate_private_key(ec.SECP256R1()),
    )
    await database["usage_records"].create_index([("keeper", 1), ("_id", -1)])
    await database["credentials"].insert_many(_certificates())
    await database["health_codes"].insert_many(
        [
            {"_id": each["keepers"][0], "colour": "GREEN", "name": "*某", "at": datetime.now(UTC)}
            for each in _certificates()
        ]
    )
    yield
    await redis.aclose()
    client.close()


app: Final = FastAPI(lifespan=lifespan)


class Show(BaseModel):
    """Ask for a code."""

    credentialId: str = Field(pattern=r"^[0-9a-f]{32}$")  # noqa: N815 - as it is on the wire
    scene: str = "general"


class Ticket(BaseModel):
    """A code."""

    presentationId: str  # noqa: N815 - as it is on the wire
    code: str
    mode: str
    scene: str
    claims: list[str]
    issuedAt: datetime  # noqa: N815 - as it is on the wire
    expiresAt: datetime  # noqa: N815 - as it is on the wire


class Verify(BaseModel):
    """A scanned code."""

    code: str = Field(min_length=1, max_length=2048)
    requestId: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")  # noqa: N815 - as it is on the wire


class Claim(BaseModel):
    """A field shown."""

    name: str
    value: str


class Verification(BaseModel):
    """The verdict."""

    verdict: str
    valid: bool
    checkedAt: datetime  # noqa: N815 - as it is on the wire
    claims: list[Claim] = []
    usageId: str | None = None  # noqa: N815 - as it is on the wire


def _certificates() -> list[Document]:
    documents: list[Document] = json.loads(Path(os.environ[naive.CREDENTIALS]).read_text())
    return documents


def opened() -> Open:
    """What the lifespan opened."""
    things: Open = app.state.open
    return things


def _identified(authorization: str, audience: str, scope: str) -> Claims:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401)
    things = opened()
    try:
        claims: Claims = jwt.decode(
            token, things.tokens, algorithms=["ES256"], audience=audience, issuer=things.issuer, leeway=5
        )
    except jwt.InvalidTokenError as refused:
        raise HTTPException(401) from refused
    if scope not in claims["scope"].split():
        raise HTTPException(403)
    return claims


async def resident(authorization: Annotated[str, Header()]) -> Claims:
    """Who shows."""
    return _identified(authorization, "suishen:resident", "wallet:show")


async def clerk(authorization: Annotated[str, Header()]) -> Claims:
    """Who scans."""
    return _identified(authorization, "suishen:verifier", "wallet:verify")


@app.post("/mp/v1/presentations", status_code=201)
async def show(asked: Show, caller: Annotated[Claims, Depends(resident)]) -> Ticket:
    """Open a one-time code."""
    things = opened()
    credential = await things.database["credentials"].find_one({"_id": asked.credentialId})
    if credential is None or caller["hld"] not in credential["keepers"]:
        raise HTTPException(404)
    if credential["mark"] != "active":
        raise HTTPException(409)
    now = datetime.now(UTC).replace(microsecond=0)
    expires = now + _WINDOW
    opaque = asked.scene in _OPAQUE_SCENES
    secret = secrets.token_bytes(16 if opaque else 12)
    presentation = sha256(secret).hexdigest()[:32]
    if opaque:
        code = "LZ" + b32encode(secret).decode().rstrip("=")
    else:
        values = {number: credential["claims"][name] for name, number in _CLAIMS.items()}
        payload = {
            1: 31,
            4: int(expires.timestamp()),
            6: int(now.timestamp()),
            7: secret,
            -70001: [1, 1, values],
        }
        code = naive.mint(payload, kid=_KID, key=things.codes)
    kept = json.dumps({"credential": asked.credentialId, "scene": asked.scene, "keeper": caller["hld"]})
    if not await things.redis.set(f"peer:open:{presentation}", kept, nx=True, px=_WINDOW):
        raise HTTPException(409)
    await things.database["audit"].insert_one(
        {
            "kind": "presentation.shown",
            "at": now,
            "actor": caller["hld"],
            "credential": asked.credentialId,
            "presentation": presentation,
            "scene": asked.scene,
            "claims": list(_CLAIMS),
        }
    )
    return Ticket(
        presentationId=presentation,
        code=code,
        mode="opaque" if opaque else "signed",
        scene=asked.scene,
        claims=list(_CLAIMS),
        issuedAt=now,
        expiresAt=expires,
    )


@app.post("/verifier/v1/verifications")
async def verify(asked: Verify, caller: Annotated[Claims, Depends(clerk)]) -> Verification:
    """Use a code up."""
    things = opened()
    now = datetime.now(UTC)
    if asked.code.startswith(naive.PREFIX):
        try:
            payload = naive.read(asked.code, key=things.codes.public_key())
        except (InvalidSignature, ValueError, KeyError):
            return Verification(verdict="TAMPERED", valid=False, checkedAt=now)
        if payload[4] + 5 <= now.timestamp():
            return Verification(verdict="EXPIRED", valid=False, checkedAt=now)
        presentation = sha256(payload[7]).hexdigest()[:32]
    else:
        presentation = sha256(_opaque(asked.code)).hexdigest()[:32]
    kept = await things.redis.getdel(f"peer:open:{presentation}")
    if kept is None:
        return Verification(verdict="UNKNOWN_CODE", valid=False, checkedAt=now)
    shown = json.loads(kept)
    credential = await things.database["credentials"].find_one({"_id": shown["credential"]})
    if credential is None or credential["mark"] != "active":
        return Verification(verdict="REVOKED", valid=False, checkedAt=now)
    if shown["scene"] not in caller["scn"]:
        return Verification(verdict="SCENE_DENIED", valid=False, checkedAt=now)
    usage = secrets.token_hex(16)
    await things.database["usage_records"].insert_one(
        {
            "_id": usage,
            "at": now,
            "presentation": presentation,
            "credential": shown["credential"],
            "keeper": shown["keeper"],
            "clerk": caller["sub"],
            "clerkNumber": caller["clk"],
            "organisation": caller["org"],
            "organisationName": caller["orn"],
            "scene": shown["scene"],
            "claims": list(_CLAIMS),
            "verdict": "OK_ONLINE",
            "request": asked.requestId,
        }
    )
    return Verification(
        verdict="OK_ONLINE",
        valid=True,
        checkedAt=now,
        claims=[Claim(name=name, value=credential["claims"][name]) for name in _CLAIMS],
        usageId=usage,
    )


class ShowHealth(BaseModel):
    """Ask for a health code."""


class HealthTicket(BaseModel):
    """A health code to show."""

    code: str
    expiresAt: datetime  # noqa: N815 - as it is on the wire
    colour: str
    since: datetime
    asOf: datetime  # noqa: N815 - as it is on the wire


class CheckHealth(BaseModel):
    """A scanned health code."""

    code: str = Field(min_length=1, max_length=4000)


class HealthVerdict(BaseModel):
    """What a guard is told."""

    verdict: str
    checkedAt: datetime  # noqa: N815 - as it is on the wire
    colour: str | None = None
    name: str | None = None
    asOf: datetime | None = None  # noqa: N815 - as it is on the wire


async def health_resident(authorization: Annotated[str, Header()]) -> Claims:
    """Who shows a health code."""
    return _identified(authorization, "suishen:resident", "health:show")


async def guard(authorization: Annotated[str, Header()]) -> Claims:
    """Who checks one."""
    return _identified(authorization, "suishen:verifier", "health:check")


@app.post("/mp/v1/health-code/codes", status_code=201)
async def show_health(asked: ShowHealth, caller: Annotated[Claims, Depends(health_resident)]) -> HealthTicket:
    """Open a health code for a minute."""
    del asked
    things = opened()
    found = await things.database["health_codes"].find_one({"_id": caller["hld"]})
    if found is None:
        raise HTTPException(404)
    code = "SHC" + secrets.token_urlsafe(16)
    await things.redis.set(f"peer:health:{code}", caller["hld"], ex=60)
    expires = datetime.now(UTC) + timedelta(seconds=60)
    return HealthTicket(
        code=code, expiresAt=expires, colour=found["colour"], since=found["at"], asOf=found["at"]
    )


@app.post("/verifier/v1/health-checks")
async def check_health(asked: CheckHealth, caller: Annotated[Claims, Depends(guard)]) -> HealthVerdict:
    """Check a health code, once a guard."""
    things = opened()
    now = datetime.now(UTC)
    holder = await things.redis.get(f"peer:health:{asked.code}")
    if holder is None:
        return HealthVerdict(verdict="UNKNOWN", checkedAt=now)
    owner = holder.decode() if isinstance(holder, bytes) else holder
    if not await things.redis.set(f"peer:seen:{caller['sub']}:{asked.code}", 1, nx=True, ex=60):
        return HealthVerdict(verdict="ALREADY_CHECKED", checkedAt=now)
    found = await things.database["health_codes"].find_one({"_id": owner})
    if found is None:
        return HealthVerdict(verdict="UNKNOWN", checkedAt=now)
    return HealthVerdict(
        verdict="OK", checkedAt=now, colour=found["colour"], name=found["name"], asOf=found["at"]
    )


def _opaque(code: str) -> bytes:
    return b32decode(code.removeprefix("LZ") + "======")
