"""The fields of a certificate: checked when it is issued, packed small for a QR, unpacked by a scanner."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from wallet.issuers.base import ClaimKind, CredentialType, FieldSpec, HolderKind, Source
from wallet.refusals import ClaimsInvalid, HolderMismatch
from wallet.rules.identifiers import check_id_number, check_uscc, id_number_tail, mask_id_number

__all__ = ["Party", "pack", "settle_claims", "unpack"]

_EPOCH: Final = date(1970, 1, 1)
_SEXES: Final = {"男": 1, "女": 2}
_FLAGS: Final = {"否": 0, "是": 1}
_TAIL: Final = re.compile(r"\*{14}([0-9]{3})([0-9X])")


class Party(Struct, frozen=True, kw_only=True):
    """Whom a certificate is about."""

    name: str
    id_number: str | None = None
    uscc: str | None = None


def settle_claims(of: CredentialType, party: Party, given: Mapping[str, str]) -> dict[str, str]:
    """The fields to keep of a certificate being issued, or a refusal.

    What the holder already says is not asked for again but may be repeated, if it is the same. An ID
    number is kept masked: in full it lies encrypted with the holder and nowhere else.
    """
    held = _held(of, party)
    wrong = set(given) - {field.name for field in of.fields if field.derivation is None}
    claims: dict[str, str] = {}
    for field in of.fields:
        if field.derivation is not None:
            continue
        fixed = held.get(field.source)
        value = given.get(field.name, fixed)
        if value is None:
            if field.required:
                wrong.add(field.name)
        elif (fixed is not None and value != fixed) or not _fits(field, value):
            wrong.add(field.name)
        else:
            claims[field.name] = value
    if not wrong and of.plugin is not None:
        wrong.update(of.plugin.contradictions(claims))
    if wrong:
        raise ClaimsInvalid(claims=", ".join(sorted(wrong)))
    return {
        name: mask_id_number(value) if of.field(name).kind is ClaimKind.ID_NUMBER else value
        for name, value in claims.items()
    }


def pack(of: CredentialType, shown: Mapping[str, str]) -> dict[int, str | int]:
    """The values a verifier sees, under their integer keys and as small as they go.

    Days count from 1970 (RFC 8943), sex is GB/T 2261.1, and of an ID number only its last four travel.
    """
    return {(field := of.field(name)).key: _pack(field.kind, value) for name, value in shown.items()}


def unpack(of: CredentialType, packed: Mapping[int, str | int]) -> dict[str, str]:
    """What `pack` was given; claims this registry does not know are left out."""
    return {
        field.name: value
        for field in of.fields
        if field.key in packed and (value := _unpack(field.kind, packed[field.key])) is not None
    }


def _held(of: CredentialType, party: Party) -> dict[Source, str | None]:
    if of.holder is HolderKind.PERSON:
        if party.id_number is None or party.uscc is not None:
            raise HolderMismatch(type=of.code, wanted_zh="自然人", wanted_en="a natural person")
        check_id_number(party.id_number)
    else:
        if party.uscc is None or party.id_number is not None:
            raise HolderMismatch(type=of.code, wanted_zh="法人或其他组织", wanted_en="an organisation")
        check_uscc(party.uscc)
    return {
        Source.HOLDER_NAME: party.name,
        Source.HOLDER_ID_NUMBER: party.id_number,
        Source.HOLDER_USCC: party.uscc,
    }


def _fits(field: FieldSpec, value: str) -> bool:
    if not value or value != value.strip() or not value.isprintable():
        return False
    if field.pattern is not None and not re.fullmatch(field.pattern, value):
        return False
    match field.kind:
        case ClaimKind.DATE:
            return _day(value) is not None
        case ClaimKind.SEX:
            return value in _SEXES
        case ClaimKind.FLAG:
            return value in _FLAGS
        case ClaimKind.ID_NUMBER:
            check_id_number(value)
        case ClaimKind.USCC:
            check_uscc(value)
        case ClaimKind.TEXT:
            pass
    return True


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if len(value) == 10 else None
    except ValueError:
        return None


def _pack(kind: ClaimKind, value: str) -> str | int:
    match kind:
        case ClaimKind.DATE:
            return (date.fromisoformat(value) - _EPOCH).days
        case ClaimKind.SEX:
            return _SEXES[value]
        case ClaimKind.FLAG:
            return _FLAGS[value]
        case ClaimKind.ID_NUMBER:
            found = _TAIL.fullmatch(id_number_tail(value))
            if found is None:
                raise ValueError("not an ID number, in full or masked")
            # Three digits and a check character of eleven values: 10,999 fits two bytes.
            return int(found[1]) * 11 + "0123456789X".index(found[2])
        case ClaimKind.TEXT | ClaimKind.USCC:
            return value


def _unpack(kind: ClaimKind, packed: str | int) -> str | None:
    if isinstance(packed, str):
        return packed if kind in (ClaimKind.TEXT, ClaimKind.USCC) else None
    match kind:
        case ClaimKind.DATE if -200_000 < packed < 200_000:
            return (_EPOCH + timedelta(days=packed)).isoformat()
        case ClaimKind.SEX:
            return next((name for name, code in _SEXES.items() if code == packed), None)
        case ClaimKind.FLAG:
            return next((name for name, code in _FLAGS.items() if code == packed), None)
        case ClaimKind.ID_NUMBER if 0 <= packed < 11_000:
            return id_number_tail(f"{packed // 11:03d}{'0123456789X'[packed % 11]}")
        case _:
            return None
