"""Policies for enterprises (惠企政策): which one an enterprise may ask for, by its attributes."""

from collections.abc import Mapping
from datetime import date

import msgspec
from msgspec import Struct

from push.models import Topic
from push.rules.criteria import Attribute, Attributes, Criterion, lint, matches
from push.rules.due import DueItem, Status, term_status


class Words(Struct, frozen=True, kw_only=True):
    """Both languages of one thing."""

    zh: str
    en: str


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy: who may ask for it, and when. ``clause`` says why, to who was told."""

    id: str
    title: Words
    clause: Words
    source: str
    opens: date
    closes: date | None
    criteria: Criterion


class Policies(Struct, frozen=True, kw_only=True):
    """What is known of enterprises, and what there is for them."""

    id: str
    attributes: Mapping[str, Attribute]
    policies: tuple[Policy, ...]


class UnsoundPolicy(ValueError):
    """A policy that can match nobody, or asks for what nobody has; every finding, one a line."""


def read_policies(content: bytes) -> Policies:
    """The policies in a file, linted."""
    found = msgspec.json.decode(content, type=Policies)
    wrong = [
        f"{policy.id}{finding}"
        for policy in found.policies
        for finding in lint(policy.criteria, found.attributes)
    ]
    wrong += [
        f"{policy.id}: closes before it opens"
        for policy in found.policies
        if policy.closes is not None and policy.closes < policy.opens
    ]
    names = [policy.id for policy in found.policies]
    wrong += [
        f"{name}: there are two of that name" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if wrong:
        raise UnsoundPolicy("\n".join(wrong))
    return found


def policy_items(policies: Policies, known: Attributes, as_of: date) -> list[DueItem]:
    """The policies that hold for who is ``known`` so; not those of which that cannot be said."""
    return [
        _item(policies, policy, as_of)
        for policy in policies.policies
        if matches(policy.criteria, known, as_of) is True
    ]


def _item(policies: Policies, policy: Policy, as_of: date) -> DueItem:
    if policy.closes is None:
        where = Status.DUE if as_of >= policy.opens else Status.NOT_YET_DUE
    else:
        where = Status.PASSED if as_of > policy.closes else term_status(policy.opens, policy.closes, as_of)
    return DueItem(
        id=f"policy/{policy.id}",
        programme=policies.id,
        topic=Topic.POLICY,
        title_zh=policy.title.zh,
        title_en=policy.title.en,
        earliest=policy.opens,
        recommended_before=None,
        window_to=policy.closes,
        status=where,
        clause=(policy.id,),
        template="policy-match",
    )
