"""Types whose fields must agree with each other: the checks a pattern cannot make.

A new type needs a file in ``types/``; it needs a class here only if its fields can contradict.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from wallet.rules.identifiers import birth_date_of, sex_of

__all__ = ["PLUGINS", "IssuerPlugin"]


class IssuerPlugin(Protocol):
    """What a type may add to its data file."""

    def contradictions(self, claims: Mapping[str, str]) -> frozenset[str]:
        """Names of the claims that cannot all be true; each claim alone is already well formed."""


class PersonalCard:
    """居民身份证 and what is built on it: the number states birth date and sex (GB 11643 §4.2)."""

    def contradictions(self, claims: Mapping[str, str]) -> frozenset[str]:
        """Birth date and sex, where they are not those of the number."""
        number = claims["idNumber"]
        stated = {"birthDate": birth_date_of(number).isoformat(), "sex": sex_of(number)}
        return frozenset(name for name, value in stated.items() if claims[name] != value)


class BusinessLicence:
    """营业执照: a company's term does not end before it was set up."""

    def contradictions(self, claims: Mapping[str, str]) -> frozenset[str]:
        """Both dates, if they are out of order."""
        ends = claims.get("operatesUntil")
        if ends is not None and ends < claims["establishedOn"]:
            return frozenset({"establishedOn", "operatesUntil"})
        return frozenset()


PLUGINS: Final[Mapping[str, IssuerPlugin]] = {
    "resident-id-card": PersonalCard(),
    "residence-permit": PersonalCard(),
    "driving-licence": PersonalCard(),
    "birth-certificate": PersonalCard(),
    "business-licence": BusinessLicence(),
}
