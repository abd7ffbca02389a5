"""What a verifier may see: the type's disclosable fields, cut to the scene's, cut to those asked for.

Nothing else decides it, and a claim that answers the question is preferred to the data behind it:
"over 18: yes" instead of a birth date (最小化提供).
"""

from collections.abc import Iterable, Mapping
from datetime import date

from wallet.issuers.base import ClaimKind, CredentialType, Derivation, FieldSpec, Masking, Rule, Scene
from wallet.refusals import ClaimNotDisclosable, SceneNotAllowed
from wallet.rules.identifiers import id_number_tail, mask_id_number, mask_name, mask_number

__all__ = ["choose_claims", "derive", "disclose", "holder_view", "offered_claims"]


def offered_claims(of: CredentialType, scene: Scene) -> tuple[str, ...]:
    """All a verifier may see of such a certificate in ``scene``, in the card's order; () if nothing."""
    allowed = scene.allowed.get(of.code, frozenset())
    return tuple(field.name for field in of.fields if field.disclosable and field.name in allowed)


def choose_claims(of: CredentialType, scene: Scene, requested: Iterable[str] | None) -> tuple[str, ...]:
    """The claims to show: all on offer, or those requested; `ClaimNotDisclosable` names any other."""
    offered = offered_claims(of, scene)
    if not offered:
        raise SceneNotAllowed(type=of.code, scene=scene.code)
    if requested is None:
        return offered
    wanted = frozenset(requested)
    if beyond := wanted.difference(offered):
        raise ClaimNotDisclosable(claims=", ".join(sorted(beyond)))
    return tuple(name for name in offered if name in wanted)


def disclose(
    of: CredentialType, names: Iterable[str], claims: Mapping[str, str], *, on: date
) -> dict[str, str]:
    """The values a verifier sees for ``names``; a claim the certificate lacks is left out."""
    shown: dict[str, str] = {}
    for name in names:
        value = _value(of.field(name), claims, on)
        if value is not None:
            shown[name] = value
    return shown


def holder_view(of: CredentialType, claims: Mapping[str, str]) -> list[tuple[FieldSpec, str]]:
    """The certificate's own fields for its holder's screen, sensitive ones masked."""
    return [
        (field, mask(field.masking, claims[field.name]))
        for field in of.fields
        if field.derivation is None and field.name in claims
    ]


def mask(masking: Masking, value: str) -> str:
    """``value`` as ``masking`` leaves it; what is masked already stays as it is."""
    if "*" in value:
        return value
    match masking:
        case Masking.NONE:
            return value
        case Masking.NAME:
            return mask_name(value)
        case Masking.ID_NUMBER:
            return mask_id_number(value)
        case Masking.NUMBER:
            return mask_number(value)


def derive(derivation: Derivation, value: str, *, on: date) -> str:
    """The answer a claim holds in place of ``value``."""
    match derivation.rule:
        case Rule.MASK_NAME:
            return mask_name(value)
        case Rule.AGE_OVER:
            born = date.fromisoformat(value)
            # Civil Code practice: a year of age is complete on the birthday; one born on 29 February
            # completes it on 1 March of a common year.
            age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
            return "是" if age >= derivation.years else "否"


def _value(field: FieldSpec, claims: Mapping[str, str], on: date) -> str | None:
    if field.derivation is not None:
        base = claims.get(field.derivation.of)
        return None if base is None else derive(field.derivation, base, on=on)
    value = claims.get(field.name)
    return id_number_tail(value) if value is not None and field.kind is ClaimKind.ID_NUMBER else value
