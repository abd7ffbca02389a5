"""What the wallet did, as the audit trail tells it."""

from collections.abc import Sequence

from bff.platform.audit import AuditEvent
from wallet.models import Deputy, Shown, WalletEvent


def audited(event: WalletEvent) -> AuditEvent:
    """A wallet event as the audit trail tells it: pseudonyms, codes and claim names, no values."""
    if isinstance(event, Shown):
        return AuditEvent(
            id=event.id,
            at=event.at,
            kind="presentation.shown",
            actor=event.presenter if event.deputy is None else event.deputy.person,
            subject=event.credential,
            outcome="ok",
            facts={
                "presentation": event.presentation,
                "scene": event.scene,
                "claims": " ".join(event.claims),
                **_on_behalf(event.presenter, event.deputy),
            },
        )
    usage = event.usage
    facts = {"organisation": event.organisation}
    if usage is not None:
        facts |= _facts(usage.presentation, usage.scene, usage.claims)
        facts |= _on_behalf(None, usage.deputy)
    return AuditEvent(
        id=event.id,
        at=event.at,
        kind="presentation.checked",
        actor=event.clerk,
        subject=None if usage is None else usage.credential,
        outcome=event.verdict,
        facts=facts,
    )


def _on_behalf(keeper: str | None, deputy: Deputy | None) -> dict[str, str]:
    """Who showed it, for whom and by which grant, where it was not the keeper."""
    if deputy is None:
        return {}
    facts = {"shownBy": deputy.person, "onBehalfOf": keeper, "grant": deputy.grant, "case": deputy.case}
    return {name: value for name, value in facts.items() if value is not None}


def _facts(presentation: str, scene: str, claims: Sequence[str]) -> dict[str, str]:
    return {"presentation": presentation, "scene": scene, "claims": " ".join(claims)}
