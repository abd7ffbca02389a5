"""What is stored, as those outside may see it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeVar

from msgspec import structs

from miniapp_schemas import wallet as wire
from miniapp_schemas.acting import ShownBy
from miniapp_schemas.base import Page, Text
from wallet.issuers.base import CredentialType, Registry, Scene
from wallet.models import Credential, Secrets, Showable, Usage
from wallet.rules.advice import is_good
from wallet.rules.disclosure import disclose, holder_view, offered_claims
from wallet.rules.presentation import mode_of
from wallet.rules.validity import Mark, Standing, status_at, status_reason

Item = TypeVar("Item")


def page(items: list[Item], found: "Sequence[Credential | Usage]", limit: int) -> Page[Item]:
    """``items``, and where to go on if ``found`` holds more than ``limit``."""
    return Page(items=items, next_cursor=found[limit - 1].id if len(found) > limit else None)


def standing_of(credential: Showable) -> Standing:
    """What decides whether ``credential`` may be shown."""
    return Standing(
        mark=credential.mark, valid_from=credential.valid_from, valid_until=credential.valid_until
    )


def summary(credential: Credential, registry: Registry, *, now: datetime) -> wire.Credential:
    """A card in its holder's list."""
    of = registry.type(credential.type)
    status = status_at(standing_of(credential), now)
    return wire.Credential(
        id=credential.id,
        type=of.code,
        type_name=of.name,
        issuer_name=credential.issuer_name,
        title=credential.title_masked,
        number=credential.number_masked,
        status=status,
        status_reason=_reason(credential, status),
        valid_from=credential.valid_from,
        valid_until=credential.valid_until,
        mode=of.mode,
        version=credential.version,
        updated_at=credential.updated_at,
    )


def detail(
    credential: Credential, secrets: Secrets, registry: Registry, *, now: datetime
) -> wire.CredentialDetail:
    """A card with its fields and the scenes it can be shown in."""
    of = registry.type(credential.type)
    return wire.CredentialDetail(
        **structs.asdict(summary(credential, registry, now=now)),
        claims=[
            wire.Claim(name=field.name, label=field.label, value=value)
            for field, value in holder_view(of, secrets.claims)
        ],
        scenes=[offer for scene in registry.scenes.values() if (offer := _offer(of, scene)) is not None],
    )


def issued(credential: Credential, *, now: datetime) -> wire.IssuedCredential:
    """A certificate as its issuer sees it."""
    return wire.IssuedCredential(
        id=credential.id,
        identifier=credential.identifier,
        type=credential.type,
        serial=credential.serial,
        version=credential.version,
        status=status_at(standing_of(credential), now),
        status_reason=credential.mark_reason,
        holder_masked=f"{credential.title_masked} {credential.number_masked}",
        issued_at=credential.issued_at,
        updated_at=credential.updated_at,
    )


def shown_claims(
    of: CredentialType, names: tuple[str, ...], secrets: Secrets, *, on: date
) -> list[wire.Claim]:
    """The fields a clerk may see, in the card's order."""
    values = disclose(of, names, secrets.claims, on=on)
    return [wire.Claim(name=name, label=of.field(name).label, value=value) for name, value in values.items()]


def usage_record(usage: Usage, registry: Registry) -> wire.UsageRecord:
    """A use, as the holder sees it."""
    return wire.UsageRecord(
        id=usage.id,
        at=usage.at,
        credential_id=usage.credential,
        type=usage.type,
        type_name=registry.type(usage.type).name,
        organisation=usage.organisation_name,
        clerk_number=usage.clerk_number,
        scene=usage.scene,
        scene_name=registry.scene(usage.scene).name,
        claims=list(usage.claims),
        verdict=usage.verdict,
        shown_by=shown_by(usage),
    )


def shown_by(usage: Usage) -> ShownBy | None:
    """Who showed it in the holder's name, if somebody did."""
    deputy = usage.deputy
    return None if deputy is None else ShownBy(kind=deputy.kind, name=deputy.name)


def check_record(usage: Usage, registry: Registry) -> wire.CheckRecord:
    """A use, as the clerk who made it sees it; who may not check there sees no more afterwards."""
    denied = usage.verdict is wire.Verdict.SCENE_DENIED
    return wire.CheckRecord(
        id=usage.id,
        at=usage.at,
        type_name=None if denied else registry.type(usage.type).name,
        scene=None if denied else usage.scene,
        verdict=usage.verdict,
        valid=is_good(usage.verdict),
    )


def type_info(of: CredentialType) -> wire.CredentialTypeInfo:
    """A registered type, for departments."""
    return wire.CredentialTypeInfo(
        code=of.code,
        name=of.name,
        catalogue_code=of.catalogue_code,
        holder=of.holder.value,
        mode=of.mode,
        fields=[
            wire.FieldInfo(
                name=field.name,
                label=field.label,
                required=field.required,
                disclosable=field.disclosable,
                pattern=field.pattern,
            )
            for field in of.fields
            if field.derivation is None
        ],
    )


def _reason(credential: Credential, status: wire.CredentialStatus) -> Text:
    """Why it stands so; where the issuer said why, their words come first."""
    general = status_reason(status)
    if credential.mark is Mark.ACTIVE or credential.mark_reason is None:
        return general
    said = credential.mark_reason
    return Text(zh=f"发证机关说明：{said}。{general.zh}", en=f"The issuer says: {said}. {general.en}")


def _offer(of: CredentialType, scene: Scene) -> wire.SceneOffer | None:
    claims = offered_claims(of, scene)
    if not claims:
        return None
    return wire.SceneOffer(scene=scene.code, name=scene.name, claims=list(claims), mode=mode_of(of, scene))
