"""The scanner's own reader of codes, held against the server's: what one takes the other takes.

Runs in the browser, on its WebCrypto, on the modules as they are served.
"""

import hashlib
import random
import secrets
import time
import zlib
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from bff.sandbox.stack import City
from health_code.codec import signed as signed_health
from health_code.offline import verify_offline
from health_code.rules.documents import Colour
from miniapp_schemas import base45
from miniapp_schemas.wallet import Verdict
from wallet.codec import lz1
from wallet.codec.errors import CodecError, KeyUnknown, Tampered
from wallet.codec.keys import KeySet, SigningKey
from wallet.issuers.base import load_registry
from wallet.rules.claims import pack, unpack

pytestmark = pytest.mark.browser

KEY: Final = SigningKey.from_seed(hashlib.sha512(b"a key for tests").digest())
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_READ: Final = """
async ({ base, jwks, codes }) => {
  const [{ readSigned, hex, presentationId }, { importKeys }] = await Promise.all([
    import(`${base}/clerk/offline/lz1.js`), import(`${base}/clerk/offline/trust.js`)]);
  const keys = await importKeys(jwks);
  return Promise.all(codes.map(async (code) => {
    try {
      const { tokenId, claims, ...rest } = await readSigned(code, keys);
      return { ...rest, tokenId: hex(tokenId), id: await presentationId(tokenId), claims: [...claims] };
    } catch (error) {
      return error.constructor.name;
    }
  }));
}
"""


@pytest.fixture(scope="module")
def page(browser: Browser, city: City) -> Page:
    page = browser.new_page()
    page.goto(f"{city.base_url}/clerk/")
    return page


def envelope(**changes: object) -> lz1.Envelope:
    now = int(time.time())
    fields: dict[str, Any] = {
        "issuer": 31,
        "issued_at": now,
        "expires_at": now + 90,
        "token_id": secrets.token_bytes(12),
        "status": (1, 77_031),
        "scene": 2,
        "type": 1,
        "claims": {1: 9999, 4: "郑𬭎昊", 8: -7400, 9: 1},
    }
    return lz1.Envelope(**(fields | changes))


def read_in_browser(page: Page, codes: list[str]) -> list[Any]:
    base = page.evaluate("new URL('..', document.querySelector('script[type=module]').src).href")
    jwks = KeySet([KEY.public]).to_jwks()
    answers: list[Any] = page.evaluate(_READ, {"base": base.rstrip("/"), "jwks": jwks, "codes": codes})
    return answers


def read_here(code: str) -> str:
    try:
        lz1.read(code, keys={KEY.kid: KEY.public})
    except CodecError as error:
        return type(error).__name__
    return "read"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"status": None},
        {"claims": {}},
        {"token_id": b"\x00" * 16},
        {"issuer": 0, "scene": 2**53 - 1, "claims": {23: 23, 24: 24, 255: 255, 256: 2**32, 65_536: -(2**53)}},
        {"claims": {10: "海屿市滨海区听潮路1号" * 12}},
    ],
)
def test_both_read_the_same_out_of_a_code(page: Page, changes: dict[str, Any]) -> None:
    shown = envelope(**changes)
    (found,) = read_in_browser(page, [lz1.mint(shown, key=KEY)])
    assert found == {
        "issuer": shown.issuer,
        "issuedAt": shown.issued_at,
        "expiresAt": shown.expires_at,
        "tokenId": shown.token_id.hex(),
        "id": lz1.presentation_id(shown.token_id),
        "status": None if shown.status is None else list(shown.status),
        "scene": shown.scene,
        "type": shown.type,
        "claims": [list(claim) for claim in sorted(shown.claims.items())],
    }


def test_both_refuse_every_flipped_byte_and_for_the_same_reason(page: Page) -> None:
    data = base45.decode(lz1.mint(envelope(), key=KEY).removeprefix("LZ1:"))
    chance = random.Random(1)
    codes = []
    for at in range(len(data)):
        for flip in (0x01, 0x80, chance.randint(1, 255)):
            broken = bytearray(data)
            broken[at] ^= flip
            codes.append(f"LZ1:{base45.encode(bytes(broken))}")
    found = read_in_browser(page, codes)
    assert "read" not in found
    assert found == [read_here(code) for code in codes]
    assert {Tampered.__name__, KeyUnknown.__name__} < set(found)


def test_both_refuse_what_is_signed_but_not_written_as_it_must_be(page: Page) -> None:
    data = base45.decode(lz1.mint(envelope(), key=KEY).removeprefix("LZ1:"))
    other_s = (_ORDER - int.from_bytes(data[-32:], "big")).to_bytes(32, "big")
    codes = [
        f"LZ1:{base45.encode(body)}"
        for body in (
            data[:-32] + other_s,  # the larger s verifies as well
            data + b"\x00",
            data[:-1],
            data[:60],
            b"",
            *(signed(payload) for payload in _ODD_PAYLOADS),
        )
    ]
    codes += ["LZ1:" + "A" * 1999, "LZ1:=", "LZ1:::::", "lz1:" + base45.encode(data), "LZ1:" + "0" * 3000]
    found = read_in_browser(page, codes)
    assert found == [read_here(code) for code in codes]
    assert "read" not in found


def test_a_scanner_unpacks_what_every_registered_type_packs(page: Page) -> None:
    values = {
        "text": "海屿",
        "date": "1949-12-31",
        "sex": "女",
        "flag": "是",
        "idNumber": "11010519491231002X",
        "uscc": "91350100M000100Y43",
    }
    base = page.evaluate("new URL('..', document.querySelector('script[type=module]').src).href")
    for of in load_registry().types.values():
        shown = {field.name: values[field.kind.value] for field in of.fields if field.disclosable}
        packed = pack(of, shown)
        found = page.evaluate(
            """async ({ base, type, packed }) => {
              const { unpack } = await import(`${base}clerk/offline/claims.js`);
              const words = await (await fetch(`${base}shared/dictionary.json`)).json();
              return unpack(words.types[type], new Map(packed)).map(({ name, value }) => [name, value]);
            }""",
            {"base": base, "type": of.id, "packed": [list(item) for item in packed.items()]},
        )
        assert dict(found) == unpack(of, packed)
        assert len(found) == len(shown)


_CHECK_HEALTH: Final = """
async ({ base, jwks, codes, now }) => {
  const [{ checkSigned }, { importKeys }] = await Promise.all([
    import(`${base}clerk/health.js`), import(`${base}clerk/offline/trust.js`)]);
  const keys = await importKeys(jwks);
  return Promise.all(codes.map(async (code) => {
    const { verdict, kind, colour, name } = await checkSigned(code, keys, now);
    return { verdict, kind, colour, name };
  }));
}
"""
_SAME: Final = {"UNREADABLE": "NOT_A_CODE", "FORGED": "NOT_A_CODE"}


def health_codes(now: int) -> list[str]:
    key = SigningKey.from_jwk({**KEY.to_jwk(), "kid": "AAECAwQFBgc"})
    contents: list[signed_health.OfflineContent | signed_health.PaperContent] = [
        signed_health.OfflineContent(
            colour=colour, name="赵**", as_of=now - 900, rule_set=b"rule set", handle=b"h" * 16
        )
        for colour in Colour
    ]
    contents.append(signed_health.PaperContent(rid=b"r" * 16, name="钱**"))
    times = [(now - 600, now + 3600), (now - 7200, now - 59), (now - 7200, now - 60), (now + 61, now + 999)]
    return [
        signed_health.mint(
            signed_health.SignedCode(issuer="310000", issued_at=issued, expires_at=expires, content=content),
            key=key,
        )
        for content in contents
        for issued, expires in times
    ]


def test_a_scanner_judges_signed_health_codes_as_the_server_does(page: Page) -> None:
    now = int(time.time())
    genuine = health_codes(now)
    body = base45.decode(genuine[0].removeprefix("JK1:"))
    chance = random.Random(2)
    broken = []
    for at in range(len(body)):
        changed = bytearray(body)
        changed[at] ^= chance.randint(1, 255)
        broken.append(f"JK1:{base45.encode(bytes(changed))}")
    plain = zlib.decompress(body)
    for at in range(len(plain)):
        flipped = bytearray(plain)
        flipped[at] ^= chance.randint(1, 255)
        broken.append(f"JK1:{base45.encode(zlib.compress(bytes(flipped)))}")
    bomb = f"JK1:{base45.encode(zlib.compress(bytes(100_000)))}"
    behind = f"JK1:{base45.encode(body + b'0')}"
    codes = [*genuine, *broken, bomb, behind, "JK1:", "JK1:=", genuine[0][:-3], f"JK1:{'A' * 999}"]
    jwk = KEY.public.to_jwk() | {"kid": "AAECAwQFBgc"}
    base = page.evaluate("new URL('..', document.querySelector('script[type=module]').src).href")
    found = page.evaluate(_CHECK_HEALTH, {"base": base, "jwks": {"keys": [jwk]}, "codes": codes, "now": now})
    key = SigningKey.from_jwk({**KEY.to_jwk(), "kid": "AAECAwQFBgc"})
    for code, seen in zip(codes, found, strict=True):
        told = verify_offline(code, {key.kid: key.public}, datetime.fromtimestamp(now, UTC))
        verdict = "IDENTITY_ONLY" if told.valid and told.kind == "PAPER" else told.verdict
        expected = {"verdict": _SAME.get(verdict, verdict), "kind": told.kind}
        assert seen == expected | {"colour": told.colour, "name": told.name}, code
    assert {seen["verdict"] for seen in found[: len(genuine)]} == {
        "OK",
        "IDENTITY_ONLY",
        "EXPIRED",
        "NOT_YET_VALID",
    }


def test_every_verdict_has_advice_words_and_a_look(page: Page) -> None:
    base = page.evaluate("new URL('..', document.querySelector('script[type=module]').src).href")
    looks = page.evaluate(
        """async ({ base, verdicts }) => {
          const { look } = await import(`${base}shared/verdicts.js`);
          const { advice } = await (await fetch(`${base}shared/dictionary.json`)).json();
          return verdicts.map((verdict) => [look(verdict).words, advice[verdict]?.zh, advice[verdict]?.en]);
        }""",
        {"base": base, "verdicts": [verdict.value for verdict in Verdict]},
    )
    for verdict, (words, zh, en) in zip(Verdict, looks, strict=True):
        assert words != verdict.value, f"{verdict} has no words"
        assert zh, f"{verdict} has no advice"
        assert en, f"{verdict} has no advice"


def signed(payload: bytes) -> bytes:
    """``payload`` in a genuine envelope, whatever it is."""
    protected = b"\xa2\x01\x26\x04\x44" + KEY.kid
    body = b"\x58" + bytes((len(payload),)) + payload
    headers = bytes((0x40 + len(protected),)) + protected
    message = b"\x84\x6aSignature1" + headers + b"\x40" + body
    signature = KEY.sign(message)
    small = min(int.from_bytes(signature[32:], "big"), _ORDER - int.from_bytes(signature[32:], "big"))
    return b"\xd2\x84" + headers + b"\xa0" + body + b"\x58\x40" + signature[:32] + small.to_bytes(32, "big")


_HEAD: Final = b"\xa5\x01\x18\x1f\x04\x1a\x65\x00\x00\x5a\x06\x1a\x65\x00\x00\x00\x07\x4c" + b"j" * 12
_SHOWN: Final = b"\x3a\x00\x01\x11\x70\x83\x02\x01"
_ODD_PAYLOADS: Final = (
    b"",
    b"\xa0",
    _HEAD + _SHOWN + b"\xa2\x04\x01\x04\x01",  # a claim twice
    _HEAD + _SHOWN + b"\xa2\x05\x01\x04\x01",  # claims out of order
    _HEAD + _SHOWN + b"\xa1\x04\x18\x05",  # a number longer than need be
    _HEAD + _SHOWN + b"\xa1\x04\x62\xc3\x28",  # text that is not UTF-8
    _HEAD + _SHOWN + b"\xa1\x04\x41\x00",  # bytes where no bytes belong
    _HEAD + _SHOWN + b"\xa1\x04\xf5",  # true
    _HEAD + _SHOWN + b"\xa1\x04\xfb" + b"\x00" * 8,  # a float
    _HEAD + _SHOWN + b"\xa1\x04\x9f\xff",  # an array without an end
    _HEAD + _SHOWN + b"\xa1\x04\x1b" + b"\xff" * 8,  # a number no double holds
    _HEAD
    + _SHOWN
    + b"\xb8\x21"
    + b"".join(b"\x18" + bytes((n,)) + b"\x01" for n in range(24, 57)),  # 33 claims
    _HEAD + _SHOWN + b"\xa0\x00",  # something after the end
    _HEAD.replace(b"\x07\x4c", b"\x07\x47") + _SHOWN + b"\xa0",  # a token id of seven bytes
)
