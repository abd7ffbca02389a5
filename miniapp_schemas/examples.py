"""One example of each message people meet first, for the contract's pages and for whoever reads it.

They are instances, so that a changed struct changes them or fails; nobody in them exists.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct

from miniapp_schemas.assurance import AssuranceLevel
from miniapp_schemas.base import Text
from miniapp_schemas.session import (
    ClerkSession,
    ClerkSignIn,
    SceneGrant,
    SecondFactorBegin,
    SecondFactorSecret,
    Session,
    SessionRefresh,
    WechatSignIn,
)
from miniapp_schemas.wallet import (
    Claim,
    CredentialStatus,
    Holder,
    IssueCredential,
    IssuedCredential,
    PresentationMode,
    PresentationTicket,
    ShowCredential,
    StatusChange,
    Verdict,
    Verification,
    Verify,
)

__all__ = ["EXAMPLES"]

_AT: Final = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
_CREDENTIAL: Final = "5f" * 16
_PRESENTATION: Final = "a0" * 16
_CODE: Final = "LZ" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REFRESH: Final = "refresh-" + "0" * 40
_ACCESS: Final = "header.claims.signature"

EXAMPLES: Final[tuple[Struct, ...]] = (
    WechatSignIn(code="0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P"),
    SessionRefresh(refresh_token=_REFRESH),
    Session(
        access_token=_ACCESS,
        expires_at=_AT + timedelta(minutes=10),
        refresh_token=_REFRESH,
        refresh_expires_at=_AT + timedelta(days=30),
        assurance=AssuranceLevel.L2,
        display_name="林*",
    ),
    ClerkSignIn(
        organisation="hotel-haiyu",
        clerk_number="0001",
        passphrase="eight or more",  # noqa: S106 - opens nothing
        one_time_code="287082",
    ),
    SecondFactorBegin(organisation="hotel-haiyu", clerk_number="0001", passphrase="eight or more"),  # noqa: S106 - opens nothing
    SecondFactorSecret(
        secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",  # noqa: S106 - of RFC 6238
        url="otpauth://totp/Suishen:hotel-haiyu%2F0001"
        "?digits=6&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&issuer=Suishen&period=30",
    ),
    ClerkSession(
        access_token=_ACCESS,
        expires_at=_AT + timedelta(minutes=10),
        refresh_token=_REFRESH,
        refresh_expires_at=_AT + timedelta(hours=12),
        organisation="hotel-haiyu",
        organisation_name="海屿大酒店",
        clerk_number="0001",
        scopes=["wallet:verify"],
        scenes=[SceneGrant(scene="hotel.checkin", name="酒店入住", name_en="Hotel check-in")],
    ),
    ShowCredential(credential_id=_CREDENTIAL, scene="hotel.checkin", claims=["name", "idNumber"]),
    PresentationTicket(
        presentation_id=_PRESENTATION,
        code=_CODE,
        mode=PresentationMode.OPAQUE,
        scene="hotel.checkin",
        claims=["name", "idNumber"],
        issued_at=_AT,
        expires_at=_AT + timedelta(seconds=90),
    ),
    Verify(code=_CODE, request_id="scan-0000001"),
    Verification(
        verdict=Verdict.OK_ONLINE,
        valid=True,
        advice=Text(zh="核验通过，可以办理。", en="Valid. You may proceed."),
        checked_at=_AT + timedelta(seconds=8),
        type_name=Text(zh="居民身份证", en="Resident identity card"),
        issuer_name="海屿市公安局",
        scene="hotel.checkin",
        mode=PresentationMode.OPAQUE,
        claims=[
            Claim(name="name", label=Text(zh="姓名", en="Name"), value="林*"),
            Claim(name="idNumber", label=Text(zh="公民身份号码", en="ID number"), value="310***********00X"),
        ],
        usage_id="019a0b1c-2d3e-7f40-8a5b-6c7d8e9f0a1b",
    ),
    IssueCredential(
        type="residence-permit",
        serial="HY2026000001",
        holder=Holder(name="某某", id_number="11010519491231002X"),
        claims={"name": "某某", "idNumber": "11010519491231002X"},
        valid_from=date(2026, 11, 22),
        valid_until=date(2027, 11, 21),
    ),
    IssuedCredential(
        id=_CREDENTIAL,
        identifier="1.2.156.3005.2.…",
        type="residence-permit",
        serial="HY2026000001",
        version=1,
        status=CredentialStatus.VALID,
        holder_masked="某* 110*************2X",
        issued_at=_AT,
        updated_at=_AT,
    ),
    StatusChange(reason="持证人挂失"),
)
