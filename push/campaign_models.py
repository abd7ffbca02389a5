"""What is kept of campaigns (群发): what is said to whom, and how far each part of the city has come."""

from datetime import datetime

from msgspec import Struct

from push.models import MessageClass, Topic
from push.rules.audience import Audience
from push.rules.campaigns import CampaignState


class Operator(Struct, frozen=True, kw_only=True):
    """Who works the console: a clerk, and the organisation they act for."""

    id: str
    organisation: str
    organisation_name: str


class Campaign(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One message to many (群发). ``values`` fill the template, the same for everybody: nothing personal.

    ``estimate`` is how many it was for when it was drafted, ``canary`` how many are told before anybody else.
    ``paced_from`` and ``paced_count`` are since when its pace counts, and how many were meant by then;
    ``excused`` the dead letters somebody let pass. ``swept`` says that nothing of it can go out any more.
    """

    id: str
    title: str
    topic: Topic
    message_class: MessageClass
    audience: Audience
    values: dict[str, str]
    link: str
    useful_until: datetime
    per_minute: int
    estimate: int
    canary: int
    state: CampaignState
    since: datetime
    version: int
    drafted_by: Operator
    drafted_at: datetime
    approved_by: Operator | None = None
    approved_at: datetime | None = None
    widened_at: datetime | None = None
    paced_from: datetime | None = None
    paced_count: int = 0
    excused: int = 0
    why: str = ""
    why_en: str = ""
    swept: bool = False


class CampaignCounts(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """What had become of a campaign's intents when ``meant`` of them were made; ``id`` is the campaign's."""

    id: str
    meant: int
    waiting: int = 0
    dead: int = 0
    lapsed: int = 0
    cancelled: int = 0


class CampaignPart(Struct, frozen=True, kw_only=True, rename={"id": "_id"}):
    """One part of a campaign's residents, by their ids: ``after`` is the last who was looked at.

    Whoever holds it holds it until ``lease_until``; ``fence`` counts holders, and only the last writes.
    """

    id: str
    campaign: str
    number: int
    after: str
    before: str | None
    seen: int = 0
    meant: int = 0
    done: bool = False
    fence: int = 0
    lease_until: datetime | None = None


class Progress(Struct, frozen=True, kw_only=True):
    """How far a campaign has come: residents looked at, intents made, parts done."""

    seen: int = 0
    meant: int = 0
    done: int = 0
    parts: int = 0

    @property
    def whole(self) -> bool:
        """Whether everybody was looked at."""
        return self.parts > 0 and self.done == self.parts
