"""What the numbers in a code mean, for a scanner that has to read one without asking us."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from miniapp_schemas.base import Text
from miniapp_schemas.wallet import Verdict
from wallet.issuers.base import CredentialType, Registry
from wallet.rules.advice import advice_for

__all__ = ["write_dictionary"]


class _Claim(Struct, frozen=True, kw_only=True):
    """A claim, and how its value is packed."""

    name: str
    label: Text
    kind: str


class _Type(Struct, frozen=True, kw_only=True):
    """A kind of certificate; its claims by their number in the code, in the order of the card."""

    code: str
    name: Text
    claims: list[tuple[int, _Claim]]


class _Scene(Struct, frozen=True, kw_only=True):
    """An occasion."""

    code: str
    name: Text


class _Dictionary(Struct, frozen=True, kw_only=True):
    """``shared/dictionary.json``; `shared/dictionary.js` says the same in TypeScript."""

    types: Mapping[int, _Type]
    scenes: Mapping[int, _Scene]
    advice: Mapping[Verdict, Text]


def write_dictionary(registry: Registry) -> bytes:
    """The registered types and scenes, and what to tell a clerk, as JSON."""
    return msgspec.json.encode(
        _Dictionary(
            types={of.id: _type(of) for of in registry.types.values()},
            scenes={scene.id: _Scene(code=scene.code, name=scene.name) for scene in registry.scenes.values()},
            advice={verdict: advice_for(verdict) for verdict in Verdict},
        )
    )


def _type(of: CredentialType) -> _Type:
    return _Type(
        code=of.code,
        name=of.name,
        claims=[
            (field.key, _Claim(name=field.name, label=field.label, kind=field.kind.value))
            for field in of.fields
            if field.disclosable
        ],
    )
