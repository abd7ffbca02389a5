"""The numbers people, organisations and certificates go by, and what of them may be seen.

Check characters are python-stdnum's work: GB 11643 (公民身份号码), GB 32100 (统一社会信用代码) and the
ISO 7064 MOD 37,36 of GB/T 36904 (电子证照标识).
"""

import re
from datetime import date
from typing import Final

from msgspec import Struct
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_37_36

from wallet.refusals import InvalidIdentifier, InvalidIdNumber, InvalidUscc

__all__ = [
    "EcertIdentifier",
    "birth_date_of",
    "check_ecert_identifier",
    "check_id_number",
    "check_uscc",
    "ecert_identifier",
    "id_number_tail",
    "mask_id_number",
    "mask_name",
    "mask_number",
    "sex_of",
]

ECERT_ARC: Final = "1.2.156.3005.2"

# The first two digits are a province of GB/T 2260.
_ID_NUMBER: Final = re.compile(r"(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])[0-9]{15}[0-9X]")
_USCC: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_TYPE: Final = re.compile(r"[0-9A-Z]{21}")
_ISSUER: Final = re.compile(r"[0-9A-Z]{1,18}")
_SERIAL: Final = re.compile(r"[0-9A-Z]{1,64}")


def check_id_number(number: str) -> str:
    """``number`` if it is a valid 公民身份号码, or `InvalidIdNumber`.

    Date and check character are stdnum's. It also forgives spaces and a small x, but a number that is
    hashed must have one spelling. Its table of counties is not asked: counties are founded every year,
    and the numbers of residents from Hong Kong, Macao and Taiwan have none. Only the province must exist.
    """
    if not _ID_NUMBER.fullmatch(number):
        raise InvalidIdNumber
    try:
        ric.get_birth_date(number)
    except ValidationError as cause:
        raise InvalidIdNumber from cause
    if ric.calc_check_digit(number) != number[-1]:
        raise InvalidIdNumber
    return number


def check_uscc(code: str) -> str:
    """``code`` if it is a valid 统一社会信用代码, or `InvalidUscc`.

    The check character is stdnum's; its first two characters it takes for digits, and would refuse the
    letters that GB 32100 gives to village co-operatives (N), the army (A) and others (Y).
    """
    if not _USCC.fullmatch(code) or uscc.calc_check_digit(code[:-1]) != code[-1]:
        raise InvalidUscc
    return code


def birth_date_of(id_number: str) -> date:
    """The birth date within a checked ID number."""
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def sex_of(id_number: str) -> str:
    """男 or 女, by the last digit of the sequence within a checked ID number."""
    return "男" if int(id_number[16]) % 2 else "女"


class EcertIdentifier(Struct, frozen=True, kw_only=True):
    """An 电子证照标识, taken apart."""

    type_code: str
    issuer_code: str
    serial: str
    version: int


def ecert_identifier(type_code: str, issuer_code: str, serial: str, version: int) -> str:
    """The 电子证照标识 of GB/T 36904: arc, type, issuer, serial, version and check character."""
    if not (
        _TYPE.fullmatch(type_code)
        and _ISSUER.fullmatch(issuer_code)
        and _SERIAL.fullmatch(serial)
        and 0 <= version <= 999
    ):
        raise InvalidIdentifier
    body = (type_code, issuer_code, serial, f"{version:03d}")
    return ".".join((ECERT_ARC, *body, mod_37_36.calc_check_digit("".join(body))))


def check_ecert_identifier(identifier: str) -> EcertIdentifier:
    """The parts of ``identifier``, or `InvalidIdentifier`; it is guessable, so never put it in a QR."""
    if not identifier.startswith(ECERT_ARC + "."):
        raise InvalidIdentifier
    parts = identifier[len(ECERT_ARC) + 1 :].split(".")
    if len(parts) != 5 or not re.fullmatch(r"[0-9]{3}", parts[3]):
        raise InvalidIdentifier
    type_code, issuer_code, serial, version, _ = parts
    if ecert_identifier(type_code, issuer_code, serial, int(version)) != identifier:
        raise InvalidIdentifier
    return EcertIdentifier(type_code=type_code, issuer_code=issuer_code, serial=serial, version=int(version))


def mask_name(name: str) -> str:
    """张*三, 李*: the surname's first character and the last one stay, no length is given away."""
    if len(name) <= 1:
        return "*"
    return f"{name[0]}*" if len(name) == 2 else f"{name[0]}*{name[-1]}"


def mask_id_number(number: str) -> str:
    """310***********1234: for its holder's eyes; the birth date in the middle is gone."""
    return f"{number[:3]}{'*' * 11}{number[-4:]}"


def id_number_tail(number: str) -> str:
    """**************1234: for a verifier, who compares four characters and learns no region.

    Takes the number in full or masked.
    """
    return f"{'*' * 14}{number[-4:]}"


def mask_number(number: str) -> str:
    """AB******34: any other number; two characters at each end, nothing of a short one."""
    if len(number) < 8:
        return "*" * len(number)
    return f"{number[:2]}{'*' * (len(number) - 4)}{number[-2:]}"
