"""The registry: certificate types, the claims they are made of, and the scenes they are shown in.

All of it is data beside this file: ``claims.json`` (the dictionary: name, integer key in the QR,
label, kind), ``scenes.json`` and one file a type in ``types/``. A city changes what it issues by
changing those; `load_registry` refuses a set that does not fit together, naming the file.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from miniapp_schemas.base import Text
from miniapp_schemas.wallet import PresentationMode
from wallet.issuers.plugins import PLUGINS, IssuerPlugin
from wallet.refusals import SceneUnknown, TypeUnknown

__all__ = [
    "ClaimKind",
    "CredentialType",
    "Derivation",
    "FieldSpec",
    "HolderKind",
    "IssuerPlugin",
    "Masking",
    "Registry",
    "RegistryError",
    "Rule",
    "Scene",
    "Source",
    "load_registry",
]

T = TypeVar("T")

Number = Annotated[int, Meta(ge=1, le=65535)]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,40}\Z")]
SceneName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,30}(\.[a-z][a-z0-9-]{0,30})?\Z")]
Name = Annotated[str, Meta(pattern=r"^[a-z][A-Za-z0-9]{0,39}\Z")]


class RegistryError(Exception):
    """The data files do not fit together; the message names the file."""


class HolderKind(StrEnum):
    """Whom a type is about (持证主体)."""

    PERSON = "person"
    ORGANISATION = "organisation"


class ClaimKind(StrEnum):
    """What a value is, and so how it is checked and packed."""

    TEXT = "text"
    DATE = "date"
    SEX = "sex"
    FLAG = "flag"
    ID_NUMBER = "idNumber"
    USCC = "uscc"


class Masking(StrEnum):
    """How a value is veiled on its holder's screen."""

    NONE = "none"
    NAME = "name"
    ID_NUMBER = "idNumber"
    NUMBER = "number"


class Source(StrEnum):
    """Where a value comes from when a certificate is issued."""

    ISSUER = "issuer"
    HOLDER_NAME = "holder.name"
    HOLDER_ID_NUMBER = "holder.idNumber"
    HOLDER_USCC = "holder.uscc"


class Rule(StrEnum):
    """How one claim is made of another, to say less."""

    MASK_NAME = "maskName"
    AGE_OVER = "ageOver"


class Derivation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim made of another one when it is shown, and never stored."""

    of: Name
    rule: Rule
    years: Annotated[int, Meta(ge=0, le=150)] = 0


class FieldSpec(Struct, frozen=True, kw_only=True):
    """One field of a type (字段)."""

    name: str
    key: int
    kind: ClaimKind
    label: Text
    required: bool
    disclosable: bool
    masking: Masking
    source: Source
    pattern: str | None
    derivation: Derivation | None


class CredentialType(Struct, frozen=True, kw_only=True, dict=True):
    """A kind of certificate (证照类型)."""

    code: str
    id: int
    name: Text
    catalogue_code: str
    holder: HolderKind
    mode: PresentationMode
    number: str
    longest_years: int | None
    fields: tuple[FieldSpec, ...]
    plugin: IssuerPlugin | None

    def field(self, name: str) -> FieldSpec:
        """The field called ``name``; `KeyError` if the type has none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, FieldSpec]:
        return {field.name: field for field in self.fields}


class Scene(Struct, frozen=True, kw_only=True):
    """An occasion for showing a certificate (场景), and the claims of each type that may be seen there."""

    code: str
    id: int
    name: Text
    mode: PresentationMode
    allowed: Mapping[str, frozenset[str]]


class Registry:
    """Types and scenes, by code and by the number they have in a QR."""

    def __init__(self, types: tuple[CredentialType, ...], scenes: tuple[Scene, ...]) -> None:
        self.types: Final = {of.code: of for of in types}
        self.scenes: Final = {scene.code: scene for scene in scenes}
        self._types_by_id: Final = {of.id: of for of in types}
        self._scenes_by_id: Final = {scene.id: scene for scene in scenes}

    def type(self, code: str) -> CredentialType:
        """The type ``code``, or `TypeUnknown`."""
        try:
            return self.types[code]
        except KeyError:
            raise TypeUnknown(type=code) from None

    def scene(self, code: str) -> Scene:
        """The scene ``code``, or `SceneUnknown`."""
        try:
            return self.scenes[code]
        except KeyError:
            raise SceneUnknown(scene=code) from None

    def type_by_id(self, number: int) -> CredentialType | None:
        """The type a QR calls ``number``; None for one newer than this registry."""
        return self._types_by_id.get(number)

    def scene_by_id(self, number: int) -> Scene | None:
        """The scene a QR calls ``number``; None for one newer than this registry."""
        return self._scenes_by_id.get(number)


class _Claim(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An entry of ``claims.json``."""

    name: Name
    key: Number
    kind: ClaimKind
    label: Text
    derive: Derivation | None = None


class _Field(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A field in a file of ``types/``."""

    name: Name
    required: bool = False
    disclosable: bool = False
    masking: Masking = Masking.NONE
    source: Source = Source.ISSUER
    pattern: str | None = None
    label: Text | None = None


class _Type(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A file of ``types/``."""

    code: Code
    id: Number
    name: Text
    catalogue_code: Annotated[str, Meta(pattern=r"^[0-9A-Z]{21}\Z")]
    catalogue_source: str
    holder: HolderKind
    mode: PresentationMode
    number: Name
    fields: tuple[_Field, ...]
    longest_years: Annotated[int, Meta(ge=1, le=100)] | None = None


class _Scene(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An entry of ``scenes.json``."""

    code: SceneName
    id: Number
    name: Text
    allowed: dict[str, tuple[Name, ...]]
    mode: PresentationMode = PresentationMode.SIGNED


def load_registry(directory: Traversable | None = None) -> Registry:
    """The registry in ``directory``, ours if none is given; `RegistryError` names a file that is wrong."""
    root = files(__package__) if directory is None else directory
    claims = _read(root / "claims.json", tuple[_Claim, ...])
    _distinct("claims.json", [claim.name for claim in claims], [claim.key for claim in claims])
    dictionary = {claim.name: claim for claim in claims}

    paths = sorted((root / "types").iterdir(), key=lambda path: path.name)
    types = tuple(_type(path, dictionary) for path in paths if path.name.endswith(".json"))
    _distinct("types/", [of.code for of in types], [of.id for of in types])

    scenes = tuple(_scene(raw, types) for raw in _read(root / "scenes.json", tuple[_Scene, ...]))
    _distinct("scenes.json", [scene.code for scene in scenes], [scene.id for scene in scenes])
    return Registry(types, scenes)


def _type(path: Traversable, dictionary: Mapping[str, _Claim]) -> CredentialType:
    raw = _read(path, _Type)
    if path.name != f"{raw.code}.json":
        raise RegistryError(f"types/{path.name}: holds the type {raw.code}")
    names = [field.name for field in raw.fields]
    _distinct(f"types/{path.name}", names, [])
    if raw.number not in names:
        raise RegistryError(f"types/{path.name}: its number is {raw.number}, which is no field of it")
    fields = tuple(_field(path.name, field, dictionary, names) for field in raw.fields)
    return CredentialType(
        code=raw.code,
        id=raw.id,
        name=raw.name,
        catalogue_code=raw.catalogue_code,
        holder=raw.holder,
        mode=raw.mode,
        number=raw.number,
        longest_years=raw.longest_years,
        fields=fields,
        plugin=PLUGINS.get(raw.code),
    )


def _field(file: str, raw: _Field, dictionary: Mapping[str, _Claim], names: list[str]) -> FieldSpec:
    claim = dictionary.get(raw.name)
    if claim is None:
        raise RegistryError(f"types/{file}: {raw.name} is not in claims.json")
    if claim.derive is not None and (claim.derive.of not in names or raw.required):
        raise RegistryError(f"types/{file}: {raw.name} is made of {claim.derive.of} and never sent")
    if claim.kind is ClaimKind.ID_NUMBER and raw.masking is not Masking.ID_NUMBER:
        raise RegistryError(f"types/{file}: {raw.name} is an ID number and must be masked")
    if raw.pattern is not None:
        try:
            re.compile(raw.pattern)
        except re.error as cause:
            raise RegistryError(f"types/{file}: {raw.name}: {cause}") from cause
    return FieldSpec(
        name=raw.name,
        key=claim.key,
        kind=claim.kind,
        label=raw.label or claim.label,
        required=raw.required,
        disclosable=raw.disclosable,
        masking=raw.masking,
        source=raw.source,
        pattern=raw.pattern,
        derivation=claim.derive,
    )


def _scene(raw: _Scene, types: tuple[CredentialType, ...]) -> Scene:
    by_code = {of.code: of for of in types}
    for code, names in raw.allowed.items():
        of = by_code.get(code)
        if of is None:
            raise RegistryError(f"scenes.json: {raw.code} allows the type {code}, which is not in types/")
        disclosable = {field.name for field in of.fields if field.disclosable}
        if beyond := sorted(set(names) - disclosable):
            raise RegistryError(
                f"scenes.json: {raw.code} shows {', '.join(beyond)} of {code}, not disclosable"
            )
    return Scene(
        code=raw.code,
        id=raw.id,
        name=raw.name,
        mode=raw.mode,
        allowed={code: frozenset(names) for code, names in raw.allowed.items()},
    )


def _read(path: Traversable, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=shape)
    except (OSError, msgspec.DecodeError) as cause:
        raise RegistryError(f"{path.name}: {cause}") from cause


def _distinct(file: str, *columns: list[str] | list[int]) -> None:
    for column in columns:
        if twice := {str(entry) for entry in column if column.count(entry) > 1}:  # type: ignore[arg-type]
            raise RegistryError(f"{file}: {', '.join(sorted(twice))} stands twice")
