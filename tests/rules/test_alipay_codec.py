"""What Alipay signs and seals: against its own published values, and against what is almost right."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.bridges.alipay_client import GatewayRefused
from auth_bridges.codec import alipay_v2, alipay_v3
from auth_bridges.codec.alipay_content import GatewayError, decrypt, encrypt, members, parse
from auth_bridges.codec.alipay_keys import (
    aes_key,
    certificate_sn,
    certified_keys,
    certifies,
    private_key,
    public_key,
    root_sn,
)
from auth_bridges.codec.alipay_phone import open_phone_packet
from auth_bridges.codec.alipay_signatures import AlipayKeys, Distrust, Distrusted, check, sign
from auth_bridges.codec.alipay_succession import Pinned, pinned, succeeding_key
from auth_bridges.refusals import CodeRejected, ProviderBusy, ProviderUnavailable
from bff.sandbox.alipay_keys import private
from tests.alipay import keyring, other_keyring

VECTORS: Final = {
    vector["name"]: vector
    for vector in json.loads(
        Path(__file__).parent.with_name("vectors").joinpath("auth/alipay_vectors.json").read_text("utf-8")
    )
}
ALIPAY: Final = generate_private_key(65537, 2048)
OTHER: Final = generate_private_key(65537, 2048)
KEYS: Final = AlipayKeys(key=ALIPAY.public_key())
CERTIFIED: Final = AlipayKeys(certificates={"a1": ALIPAY.public_key(), "b2": OTHER.public_key()})
AES: Final = bytes(range(16))
NOW: Final = datetime(2026, 3, 1, 16, 30, 5, tzinfo=UTC)
METHOD: Final = "alipay.system.oauth.token"


def distrust(why: Distrust) -> "pytest.RaisesExc[Distrusted]":
    return pytest.raises(Distrusted, match=f"^{why.value}$")


def signature(
    text: bytes, key: RSAPrivateKey = ALIPAY, kind: type[hashes.HashAlgorithm] = hashes.SHA256
) -> str:
    return b64encode(key.sign(text, PKCS1v15(), kind())).decode()


def reply(content: str, *, method: str = METHOD, key: RSAPrivateKey = ALIPAY, more: str = "") -> bytes:
    name = method.replace(".", "_") + "_response"
    return f'{{"{name}":{content}{more},"sign":"{signature(content.encode(), key)}"}}'.encode()


def open_v2(
    body: bytes, *, method: str = METHOD, keys: AlipayKeys = KEYS, aes_key: bytes | None = None
) -> dict[str, object]:
    return alipay_v2.open_reply(body, method=method, keys=keys, aes_key=aes_key)


# --- what Alipay published ---------------------------------------------------------------------------


def test_a_reply_alipay_really_signed_verifies() -> None:
    vector = VECTORS["alipay_sync_response_rsa2_real"]
    key = public_key(vector["alipay_public_key_b64"])
    check(key, vector["signed_content"].encode(), vector["sign"])
    body = f'{{"alipay_trade_query_response":{vector["signed_content"]},"sign":"{vector["sign"]}"}}'
    opened = open_v2(body.encode(), method="alipay.trade.query", keys=AlipayKeys(key=key))
    assert opened["out_trade_no"] == "GZ201901301040361012"
    with distrust(Distrust.SIGNATURE_WRONG):
        check(key, vector["signed_content"].encode() + b" ", vector["sign"])


@pytest.mark.parametrize("name", [name for name in VECTORS if name.startswith("cert_sn_")])
def test_a_certificate_has_the_serial_three_sdks_give_it(name: str) -> None:
    vector = VECTORS[name]
    assert certificate_sn(vector["pem"]) == vector["expected"]
    assert vector["expected"] in certified_keys(vector["pem"])


@pytest.mark.parametrize("name", [name for name in VECTORS if name.startswith("alipay_root_cert_sn_")])
@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda pem: pem, id="as it is"),
        pytest.param(lambda pem: pem.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda pem: pem.replace("\n\n", "\n"), id="no blank line"),
        pytest.param(lambda pem: pem.replace("-----\n-----", "----------"), id="no line at all in between"),
        pytest.param(lambda pem: "Certificate:\n    Data: 3 (0x2)\n" + pem, id="with its text"),
    ],
)
def test_the_root_file_has_its_serial_however_it_is_written(name: str, written: Callable[[str], str]) -> None:
    vector = VECTORS[name]
    assert root_sn(written(vector["pem"])) == vector["expected"]


def test_what_holds_no_certificate_is_no_certificate() -> None:
    junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    for text in ("", "nothing", junk):
        with pytest.raises(ValueError, match="no certificate"):
            certificate_sn(text)
        with pytest.raises(ValueError, match="no certificate"):
            certified_keys(text)
    good = VECTORS["cert_sn_gopay_appPublicCert"]
    assert certificate_sn(junk + good["pem"]) == good["expected"]
    assert not certifies(good["pem"], ALIPAY)


# --- keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("bare", ["", "bare"])
def test_our_key_is_read_in_either_form(form: PrivateFormat, bare: str) -> None:
    pem = ALIPAY.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    text = "".join(pem.splitlines()[1:-1]) if bare else pem.replace("\n", "\r\n")
    assert private_key(text).private_numbers() == ALIPAY.private_numbers()


def test_alipays_key_is_read_in_either_form() -> None:
    pem = ALIPAY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for text in (pem, "".join(pem.splitlines()[1:-1])):
        assert public_key(text).public_numbers() == ALIPAY.public_key().public_numbers()


def test_what_is_no_such_key_is_refused() -> None:
    short = generate_private_key(65537, 1024)  # noqa: S505 - is to be refused
    locked = ALIPAY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    weak = short.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in ("", "é", "AAAA", weak.decode(), locked.decode()):
        with pytest.raises(ValueError, match=r"."):
            private_key(text)
    weak = short.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for text in ("", "AAAA", weak.decode()):
        with pytest.raises(ValueError, match=r"."):
            public_key(text)
    for text in ("", "not base64", b64encode(bytes(32)).decode()):
        with pytest.raises(ValueError, match="base64"):
            aes_key(text)


# --- v2: what we say ---------------------------------------------------------------------------------


def test_what_is_signed_is_sorted_raw_and_without_the_empty() -> None:
    params = {"version": "1.0", "b": "a b&c=李", "a": "", "sign_type": "RSA2", "sign": "old"}
    assert alipay_v2.signed_text(params) == "b=a b&c=李&sign_type=RSA2&version=1.0".encode()
    signed = alipay_v2.signed(params, OTHER)
    assert set(signed) == {"version", "b", "sign_type", "sign"}
    check(OTHER.public_key(), alipay_v2.signed_text(params), signed["sign"])


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-7))])
def test_the_time_is_shanghais(zone: timezone) -> None:
    assert alipay_v2.timestamp(NOW.astimezone(zone)) == "2026-03-02 00:30:05"


# --- v2: what we are told ----------------------------------------------------------------------------


def test_a_reply_is_opened_whatever_its_order_spaces_and_strings() -> None:
    content = '{ "nick_name" : "a}b\\"sign\\":\\"{x" , "n": {"k":[1,2,{"z":"]"}]} }'
    good = reply(content)
    assert open_v2(good)["nick_name"] == 'a}b"sign":"{x'
    sign_first = f'\n{{"sign" : "{signature(content.encode())}",\r\n "later": [1,"}}"], '
    sign_first += f'"alipay_system_oauth_token_response"\t:\t{content}\n}} \n'
    assert open_v2(sign_first.encode()) == open_v2(good)


@pytest.mark.parametrize("kind", [hashes.SHA1, hashes.MD5, hashes.SHA512])
def test_another_hash_than_sha256_is_refused_by_its_own_code(kind: type[hashes.HashAlgorithm]) -> None:
    with distrust(Distrust.HASH_NOT_SHA256):
        check(ALIPAY.public_key(), b"text", signature(b"text", kind=kind))


def test_a_signature_is_of_this_text_by_this_key() -> None:
    key = ALIPAY.public_key()
    check(key, b"text", sign(ALIPAY, b"text"))
    with distrust(Distrust.SIGNATURE_WRONG):
        check(key, b"text", sign(OTHER, b"text"))
    with distrust(Distrust.SIGNATURE_WRONG):
        check(key, b"texT", sign(ALIPAY, b"text"))
    for wrong in ("", "AAAA", "é", "a", f"{sign(ALIPAY, b'text')}\n"):
        with pytest.raises(Distrusted):
            check(key, b"text", wrong)


OK: Final = '{"open_id":"o1"}'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", Distrust.NOT_JSON),
        ("<html>系统繁忙</html>".encode("gbk"), Distrust.NOT_JSON),
        (b"[]", Distrust.NOT_JSON),
        (reply(OK)[:-1], Distrust.NOT_JSON),
        (reply(OK)[:60], Distrust.NOT_JSON),
        (reply(OK) + b"x", Distrust.NOT_JSON),
        (b'{"a":1,}', Distrust.NOT_JSON),
        (b'{"a" 1}', Distrust.NOT_JSON),
        (b'{"a":}', Distrust.NOT_JSON),
        (b'{"a":[}}', Distrust.NOT_JSON),
        (b'{"a":["}', Distrust.NOT_JSON),
        (b"{a:1}", Distrust.NOT_JSON),
        (b'{"a":"\xd6\xd0"}', Distrust.NOT_UTF8),
        (b"{}", Distrust.OTHER_METHOD),
        (reply(OK, method="alipay.user.info.share"), Distrust.OTHER_METHOD),
        (reply(OK, more=',"error_response":{"code":"40002"}'), Distrust.OTHER_METHOD),
        (reply(OK, more=',"alipay_system_oauth_token_response":{}'), Distrust.DUPLICATE_KEY),
        (reply(OK, more=',"\\u0073ign":""'), Distrust.DUPLICATE_KEY),
        (reply('{"open_id":"o1","open_id":"o2"}'), Distrust.DUPLICATE_KEY),
        (reply('{"x":{"open_id":"o1","open_\\u0069d":"o2"}}'), Distrust.DUPLICATE_KEY),
        (b'{"alipay_system_oauth_token_response":{"open_id":"o1"}}', Distrust.UNSIGNED),
        (b'{"alipay_system_oauth_token_response":{"code":"10000"},"sign":""}', Distrust.UNSIGNED),
        (b'{"alipay_system_oauth_token_response":"AAAA"}', Distrust.UNSIGNED),
        (b'{"alipay_system_oauth_token_response":{},"sign":"*"}', Distrust.SIGNATURE_MALFORMED),
        (b'{"alipay_system_oauth_token_response":{},"sign":7}', Distrust.NOT_AS_DOCUMENTED),
        (b'{"error_response":{"msg":"?"}}', Distrust.NOT_AS_DOCUMENTED),
        (reply("[1]"), Distrust.NOT_AS_DOCUMENTED),
        (reply('{"x":NaN}'), Distrust.NOT_JSON),
        (reply('{"x":' + "[" * 3000 + "]" * 3000 + "}"), Distrust.NOT_JSON),
        (reply(OK, key=OTHER), Distrust.SIGNATURE_WRONG),
        (reply(OK).replace(b"o1", b"o2"), Distrust.SIGNATURE_WRONG),
        (reply(OK).replace(b'{"open', b'{ "open'), Distrust.SIGNATURE_WRONG),
        (reply(f'"{encrypt(b"{}", AES)}"'), Distrust.NOT_OPENED),
    ],
)
def test_what_is_not_alipays_answer_is_refused_and_said_why(body: bytes, why: Distrust) -> None:
    with distrust(why):
        open_v2(body)


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (b'{"error_response":{"code":"40002","sub_code":"isv.code-invalid"}}', "40002", "code-invalid"),
        (
            b'{"error_response":{"code":"20000","sub_code":"isp.unknow-error"},"sign":""}',
            "20000",
            "unknow-error",
        ),
        (b'{"alipay_system_oauth_token_response":{"code":"40001"}}', "40001", "40001"),
        (
            reply('{"code":"40004","sub_code":"OPEN_CERTIFY_BILL_NOT_EXIST"}'),
            "40004",
            "OPEN_CERTIFY_BILL_NOT_EXIST",
        ),
    ],
)
def test_alipays_own_no_is_never_a_failed_signature(body: bytes, code: str, reason: str) -> None:
    with pytest.raises(GatewayError) as refused:
        open_v2(body)
    assert (refused.value.code, refused.value.reason) == (code, reason)


def test_a_no_with_a_wrong_signature_is_not_alipays() -> None:
    with distrust(Distrust.SIGNATURE_WRONG):
        open_v2(reply('{"code":"40004"}', key=OTHER))


def test_in_certificate_mode_a_reply_names_the_certificate_it_is_signed_with() -> None:
    for serial, key in (("a1", ALIPAY), ("b2", OTHER)):
        named = reply(OK, key=key, more=f',"alipay_cert_sn":"{serial}"')
        assert open_v2(named, keys=CERTIFIED) == {"open_id": "o1"}
    with distrust(Distrust.CERTIFICATE_UNNAMED):
        open_v2(reply(OK), keys=CERTIFIED)
    with distrust(Distrust.CERTIFICATE_UNKNOWN):
        open_v2(reply(OK, more=',"alipay_cert_sn":"c3"'), keys=CERTIFIED)
    with distrust(Distrust.SIGNATURE_WRONG):
        open_v2(reply(OK, more=',"alipay_cert_sn":"b2"'), keys=CERTIFIED)


def test_sealed_content_is_signed_with_its_quotes() -> None:
    sealed = encrypt(OK.encode(), AES)
    assert open_v2(reply(f'"{sealed}"'), aes_key=AES) == {"open_id": "o1"}
    name = "alipay_system_oauth_token_response"
    unquoted = f'{{"{name}":"{sealed}","sign":"{signature(sealed.encode())}"}}'
    with distrust(Distrust.SIGNATURE_WRONG):
        open_v2(unquoted.encode(), aes_key=AES)


# --- AES ---------------------------------------------------------------------------------------------


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
def test_what_is_sealed_opens_again_and_under_no_other_key(plain: bytes, key: bytes) -> None:
    assert decrypt(encrypt(plain, key), key) == plain


def test_what_does_not_open_is_said_not_to() -> None:
    for sealed in ("", "AAAA", "*", "é", b64encode(bytes(32)).decode()):
        with distrust(Distrust.NOT_OPENED):
            decrypt(sealed, AES)


# --- the scanner -------------------------------------------------------------------------------------

JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(), JSON, max_size=6), st.sampled_from(["", "escaped"]), st.sampled_from([None, 1])
)
def test_cutting_json_apart_changes_nothing(value: dict[str, Any], escaped: str, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=bool(escaped), indent=indent).encode("utf-8", "surrogatepass")
    try:
        text.decode()
    except UnicodeDecodeError:
        return
    assert {name: json.loads(raw) for name, raw in members(text).items()} == value
    assert parse(text) == value
    assert all(raw in text for raw in members(text).values())


@given(st.binary(max_size=60))
def test_the_scanner_says_no_or_yes_and_nothing_else(text: bytes) -> None:
    for attempt in (text, b'{"a":' + text + b"}"):
        try:
            members(attempt)
        except Distrusted:
            continue


# --- v3 ----------------------------------------------------------------------------------------------

BODY: Final = b'{"open_id":"o1"}'


def v3_headers(
    body: bytes = BODY,
    *,
    key: RSAPrivateKey = ALIPAY,
    kind: type[hashes.HashAlgorithm] = hashes.SHA256,
    said: str = str(int(NOW.timestamp() * 1000)),
    sn: str = "a1",
) -> dict[str, str]:
    text = f"{said}\nn1\n".encode() + body + b"\n"
    return {
        "alipay-timestamp": said,
        "alipay-nonce": "n1",
        "alipay-sn": sn,
        "alipay-signature": signature(text, key, kind),
    }


def open_v3(
    status: int, headers: dict[str, str], body: bytes = BODY, *, aes_key: bytes | None = None
) -> dict[str, object]:
    return alipay_v3.open_reply(status, headers, body, keys=CERTIFIED, now=NOW, aes_key=aes_key)


def test_a_v3_request_is_signed_as_the_page_says() -> None:
    said = alipay_v3.authorization(
        OTHER,
        appid="2021",
        app_cert_sn="sn1",
        nonce="n1",
        now=NOW,
        method="POST",
        target="/v3/a/b?c=d",
        body=BODY,
        app_auth_token="t1",
    )
    scheme, _, rest = said.partition(" ")
    fields, _, signed = rest.rpartition(",sign=")
    assert scheme == "ALIPAY-SHA256withRSA"
    assert fields == f"app_id=2021,app_cert_sn=sn1,nonce=n1,timestamp={int(NOW.timestamp() * 1000)}"
    text = f"{fields}\nPOST\n/v3/a/b?c=d\n".encode() + BODY + b"\nt1\n"
    check(OTHER.public_key(), text, signed)
    assert alipay_v3.path_of("alipay.user.info.share") == "/v3/alipay/user/info/share"


def test_a_signed_v3_reply_is_opened() -> None:
    assert open_v3(200, v3_headers()) == {"open_id": "o1"}
    sealed = encrypt(BODY, AES).encode()
    assert open_v3(200, v3_headers(sealed), sealed, aes_key=AES) == {"open_id": "o1"}


def test_a_v3_reply_that_is_not_alipays_is_refused_and_said_why() -> None:
    late = str(int((NOW - timedelta(minutes=11)).timestamp() * 1000))
    for headers, why in (
        ({}, Distrust.UNSIGNED),
        (v3_headers(key=OTHER), Distrust.SIGNATURE_WRONG),
        (v3_headers(kind=hashes.SHA1), Distrust.HASH_NOT_SHA256),
        (v3_headers(sn="c3"), Distrust.CERTIFICATE_UNKNOWN),
        (v3_headers(sn=""), Distrust.CERTIFICATE_UNNAMED),
        (v3_headers(said=late), Distrust.STALE),
        (v3_headers(said="soon"), Distrust.STALE),
        (v3_headers(said="9" * 15), Distrust.STALE),  # in the year 33658
        (v3_headers(b"{}"), Distrust.SIGNATURE_WRONG),
    ):
        with distrust(why):
            open_v3(200, headers)
    twice = b'{"a":1,"a":2}'
    with distrust(Distrust.DUPLICATE_KEY):
        open_v3(200, v3_headers(twice), twice)
    latin = b'{"a":"\xe9"}'
    with distrust(Distrust.NOT_UTF8):
        open_v3(200, v3_headers(latin), latin)
    with distrust(Distrust.NOT_OPENED):
        open_v3(200, v3_headers(latin), latin, aes_key=AES)


def test_an_unsigned_v3_error_is_alipays_no() -> None:
    error = b'{"code":"invalid-signature","message":"?","links":[{"link":"l","desc":"d"}]}'
    with pytest.raises(GatewayError, match="invalid-signature"):
        open_v3(400, {}, error)
    with distrust(Distrust.NOT_JSON):
        open_v3(502, {}, b"<html>502</html>")
    with distrust(Distrust.NOT_AS_DOCUMENTED):
        open_v3(500, {}, b"{}")
    with distrust(Distrust.SIGNATURE_WRONG):
        open_v3(400, v3_headers(error, key=OTHER), error)


# --- the phone packet --------------------------------------------------------------------------------

MOBILE: Final = '{"code":"10000","msg":"Success","mobile":"15400000001"}'


def packet(
    response: str,
    signed: str,
    *,
    key: RSAPrivateKey = ALIPAY,
    kind: type[hashes.HashAlgorithm] = hashes.SHA256,
) -> bytes:
    return json.dumps({"response": response, "sign": signature(signed.encode(), key, kind)}).encode()


def sealed_packet(
    plain: str, *, key: RSAPrivateKey = ALIPAY, kind: type[hashes.HashAlgorithm] = hashes.SHA256
) -> bytes:
    sealed = encrypt(plain.encode(), AES)
    return packet(sealed, f'"{sealed}"', key=key, kind=kind)


@pytest.mark.parametrize("keys", [KEYS, CERTIFIED])
def test_a_phone_packet_is_opened_plain_or_sealed(keys: AlipayKeys) -> None:
    sealed = open_phone_packet(sealed_packet(MOBILE), keys=keys, aes_key=AES)
    assert sealed.mobile == "15400000001"
    assert open_phone_packet(packet(MOBILE, MOBILE), keys=keys, aes_key=None).mobile == "15400000001"
    as_object = f'{{"response":{MOBILE},"sign":"{signature(MOBILE.encode())}"}}'.encode()
    assert open_phone_packet(as_object, keys=keys, aes_key=None).mobile == "15400000001"
    again = open_phone_packet(sealed_packet(MOBILE), keys=keys, aes_key=AES)
    assert again.digest == sealed.digest
    assert sealed.digest == sha256(f'"{encrypt(MOBILE.encode(), AES)}"'.encode()).digest()


def test_an_error_packet_is_alipays_no() -> None:
    error = '{"code":"40003","msg":"?","subCode":"isv.invalid-auth-relations","subMsg":"?"}'
    for made in (sealed_packet(error), packet(error, error)):
        with pytest.raises(GatewayError) as refused:
            open_phone_packet(made, keys=KEYS, aes_key=AES)
        assert refused.value.reason == "invalid-auth-relations"


def test_a_phone_packet_that_is_not_alipays_is_refused_before_it_is_opened() -> None:
    sealed = encrypt(MOBILE.encode(), AES)
    tampered = encrypt(MOBILE.replace("0001", "0002").encode(), AES)
    for made, why in (
        (packet(sealed, sealed), Distrust.SIGNATURE_WRONG),  # signed without its quotes
        (packet(tampered, f'"{sealed}"'), Distrust.SIGNATURE_WRONG),
        (sealed_packet(MOBILE, key=OTHER), Distrust.SIGNATURE_WRONG),
        (sealed_packet(MOBILE, kind=hashes.SHA1), Distrust.HASH_NOT_SHA256),
        (b'{"response":"AAAA"}', Distrust.UNSIGNED),
        (b'{"sign":"AAAA"}', Distrust.NOT_AS_DOCUMENTED),
        (sealed_packet("{}"), Distrust.NOT_AS_DOCUMENTED),
        (sealed_packet('{"code":"10000","mobile":"none"}'), Distrust.NOT_AS_DOCUMENTED),
        (packet("not sealed", '"not sealed"'), Distrust.NOT_OPENED),
    ):
        with distrust(why):
            open_phone_packet(made, keys=KEYS, aes_key=AES)
    named = sealed_packet(MOBILE)[:-1] + b',"alipay_cert_sn":"b2"}'
    with distrust(Distrust.SIGNATURE_WRONG):
        open_phone_packet(named, keys=CERTIFIED, aes_key=AES)


# --- its own words -----------------------------------------------------------------------------------

SAID: Final = json.loads(
    Path(__file__).parent.with_name("vectors").joinpath("auth/alipay_errcodes.json").read_text("utf-8")
)
MEANS: Final = {
    "code-invalid": CodeRejected,
    "refresh-token-invalid": CodeRejected,
    "refreshed-token-invalid": CodeRejected,
    "invalid-auth-token": CodeRejected,
    "auth-token-time-out": CodeRejected,
    "app-call-limited": ProviderBusy,
    "method-call-limited": ProviderBusy,
}


@pytest.mark.parametrize(
    "row", SAID, ids=lambda row: f"{row['protocol']} {row['code']} {row['sub_code'][:20]}"
)
def test_every_error_alipay_documents_means_something_to_whoever_signs_in(row: dict[str, str]) -> None:
    """What is not about them is an outage to them; none of it is a signature that failed."""
    for sub_code in re.findall(r"(?:is[vp]\.|aop\.)?[a-z]+(?:-[a-z]+)+|[A-Z]+(?:_[A-Z]+)+", row["sub_code"]):
        if row["protocol"] == "v2":
            body = {"error_response": {"code": row["code"], "sub_code": sub_code}}
            told = raised(partial(open_v2, json.dumps(body).encode()))
        else:
            status = int(row["code"].removeprefix("HTTP ").partition("/")[0])
            told = raised(partial(open_v3, status, {}, json.dumps({"code": sub_code}).encode()))
        refusal = GatewayRefused(told, "rid-1").refusal()
        assert type(refusal) is MEANS.get(told.reason, ProviderUnavailable)
        assert refusal.facts["errcode"] == told.reason


def raised(step: Callable[[], object]) -> GatewayError:
    with pytest.raises(GatewayError) as refused:
        step()
    return refused.value


# --- the certificate after this one ------------------------------------------------------------------


def test_the_next_certificate_is_alipays_by_its_chain_its_name_and_its_serial() -> None:
    ring, now = keyring(), datetime.now(UTC)
    pins = pinned(roots=ring.roots, alipay=ring.alipay_certificate)
    following, serial = ring.next_certificate, certificate_sn(ring.next_certificate)
    leaf = following[: following.index("-----END") + len("-----END CERTIFICATE-----\n")]

    key = succeeding_key(following, serial, pins=pins, at=now)
    assert key == private(ring.next_private).public_key()

    def refused(pem: str, *, pins: Pinned = pins, at: datetime = now, name: str = serial) -> bool:
        return succeeding_key(pem, name, pins=pins, at=at) is None

    assert refused(leaf), "nothing leads from it to the root"
    assert refused(following, at=now + timedelta(days=3660))
    assert refused(following, at=now - timedelta(days=2))
    assert refused(following, name=certificate_sn(ring.alipay_certificate))
    assert refused(following, pins=pinned(roots=ring.roots, alipay=ring.app_certificate))
    assert refused(following, pins=pinned(roots=other_keyring().roots, alipay=ring.alipay_certificate))
    assert refused(ring.app_certificate, name=certificate_sn(ring.app_certificate))
    assert refused(leaf * 4 + following), "more than a way from it to the root"
    assert refused("no certificate")


@pytest.mark.parametrize(
    ("roots", "usable", "alipay", "name"),
    [
        ("alipay_root_cert_sn_prod", 3, "cert_sn_fzlee_alipay_public_key_cert", "2088102179417464"),
        ("alipay_root_cert_sn_sandbox", 2, "cert_sn_gopay_alipayPublicCert", "2088721003236442"),
    ],
)
def test_alipays_own_files_can_be_pinned(roots: str, usable: int, alipay: str, name: str) -> None:
    pins = pinned(roots=VECTORS[roots]["pem"], alipay=VECTORS[alipay]["pem"])
    assert pins.names == {f"支付宝(中国)网络技术有限公司-{name}"}
    assert len(pins.roots) == usable
