"""What the reminders need from outside, as they would like to be given it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol

from msgspec import Struct

from push.channels.base import Address, Language, Message
from push.models import Intent, Lane, Topic
from push.rules.audience import Known
from push.rules.facts import Held

Clock = Callable[[], datetime]
Chance = Callable[[int], bytes]
TimedId = Callable[[datetime], str]
Perform = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]


class PersonalData(Protocol):
    """Personal data at rest: sealed, and found by keyed hash."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt; ``context`` must be given again to open."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt, or raise if anything was changed."""

    def hash(self, number: str) -> str:
        """The keyed hash of an ID number, under which what is known of a person is found."""

    def pseudonym(self, kind: str, value: str) -> str:
        """The keyed hash of anything else, different for each ``kind``."""


class RunScript(Protocol):
    """Runs a Lua script on Redis; all keys in one slot."""

    def __call__(
        self,
        script: str,
        keys: Sequence[str | bytes],
        args: Sequence[str | bytes | int] = (),
        read: Callable[[Any], Any] | None = None,
    ) -> Awaitable[Any]:
        """What the script returns, as ``read`` reads it; it is on its way before it is awaited."""


class Together(Protocol):
    """Makes calls that come at once travel together."""

    def __call__(self, perform: Perform, /) -> Callable[[Any], Awaitable[Any]]:
        """How to make one call of the kind that ``perform`` makes many of."""


class Announce(Protocol):
    """Tells open pages to look again."""

    async def __call__(self, *residents: str) -> None:
        """Something changed in the inboxes of ``residents``. A lost word is made good by the next."""


class Meter(Protocol):
    """Counts for the operators' metrics."""

    def decided(self, step: str, reason: str) -> None:
        """A notice goes to a channel, waits, stays in the inbox or is told nobody (``step``), and why."""

    def attempted(self, channel: str, outcome: str, *, lane: str, seconds: float) -> None:
        """A channel answered, so long after the notice was due."""


class Audit(Protocol):
    """Records an event durably in the audit trail."""

    def __call__(
        self,
        kind: str,
        *,
        at: datetime,
        actor: str,
        outcome: str,
        subject: str | None = None,
        facts: dict[str, str] | None = None,
    ) -> Awaitable[None]:
        """Return once the event is on disk."""


class Reply(Protocol):
    """What somebody outside answered; header names in lower case."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def body(self) -> bytes:
        """The whole body, as it came."""


class Http(Protocol):
    """Asks somebody outside, once: no retry, no redirect, no cookie."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        connect: float = 3.0,
        total: float = 5.0,
        largest: int = 65_536,
    ) -> Awaitable[Reply]:
        """The answer, whatever its status.

        ``ConnectionRefusedError``: it certainly never got there. ``TimeoutError`` and
        ``ConnectionAbortedError``: nobody can tell whether it did.
        """


class Http2(Http, Protocol):
    """The same over connections that carry many requests at once and are kept."""

    def hang_up(self, url: str) -> None:
        """Begin nothing more on the connections to where ``url`` leads; the next call makes a new one."""


class TokenAway(Exception):
    """No token can be had now; asking again makes sense ``after`` a while."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"no token for {after}")
        self.after = after


class ProviderToken(Protocol):
    """The token a provider knows us by, one for all processes."""

    async def token(self) -> str:
        """One that lives, as far as we know; ``TokenAway`` if there is none now."""

    async def refused(self, token: str) -> None:
        """The provider does not take ``token``: forget it everywhere."""


class Crowd(Protocol):
    """The residents a campaign may be for, by their random ids."""

    async def page(self, *, after: str, before: str | None, limit: int, attributes: bool) -> Sequence[Known]:
        """Those with ids after ``after`` and before ``before``, by id; fewer than ``limit`` are the last.

        What departments said of them is looked up only if ``attributes`` are asked for.
        """

    async def size(self) -> int:
        """How many there are, about."""

    async def masked_names(self, residents: Sequence[str]) -> Sequence[str]:
        """Their names, masked; a resident with no name has none."""


class Addressees(Protocol):
    """Whom notices are for, as operators may know them."""

    async def by_number(self, id_number: str) -> str | None:
        """The resident who holds ``id_number``, if there is one."""

    async def masked_name(self, resident: str) -> str | None:
        """The name of ``resident``, masked, if it is known."""


class Accounts(Protocol):
    """Which accounts are one person's by now."""

    async def __call__(self, resident: str) -> Sequence[str]:
        """The ids of ``resident`` and of everybody merged into them."""


class Consented(Protocol):
    """Who of several residents agrees to be told of a topic."""

    async def __call__(self, residents: Sequence[str], topic: Topic) -> frozenset[str]:
        """Those of ``residents`` who do."""


class CampaignGoes(Protocol):
    """Whether a campaign still tells anybody anything."""

    async def __call__(self, campaign: str, /) -> bool | None:
        """None while it pauses, or is stopped and somebody has to look."""


class Sendings(Protocol):
    """What providers said to what a campaign sent."""

    async def __call__(self, campaign: str) -> tuple[int, int, int]:
        """How many calls there were, how many were refused, and of how many the outcome is unknown."""


class Reader(Struct, frozen=True, kw_only=True):
    """Who reads what concerns a person: an account, and the name they know the person by.

    ``topics`` is what of it they may see, and ``decides`` whether it is for them to say what is done: for
    oneself, a guardian, who acts for an enterprise.
    """

    resident: str
    name: str
    own: bool
    topics: frozenset[Topic] = frozenset(Topic)
    decides: bool = True


class People(Protocol):
    """The residents, as the reminders know them."""

    async def readers_of(self, subjects: Mapping[str, date | None]) -> Mapping[str, Sequence[Reader]]:
        """Whose accounts are addressed in what concerns each of ``subjects``, by keyed hash, born then.

        Under fourteen only the linked guardians, never the child; from fourteen on the person's own account,
        and under eighteen the guardians too. Nobody where nobody is linked.
        """

    async def wards_of(self, resident: str) -> Mapping[str, Reader]:
        """Whom ``resident`` acts for now, and they themselves, by keyed hash."""


class StillAddressed(Protocol):
    """Whether what concerns somebody is still for those it was meant for."""

    async def __call__(self, pairs: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], bool]:
        """Of each account and whom it acts for, by keyed hash, whether it still does.

        A pair nobody can tell of now, because the family register is away, is not in the answer.
        """


class Credentials(Protocol):
    """The certificates people hold, as the reminders know them."""

    async def held_by(self, subjects: Sequence[str]) -> Mapping[str, Sequence[Held]]:
        """The certificates in force that each of ``subjects`` holds and that end some day."""


class Addresses(Protocol):
    """Where residents are reached through the apps they signed in with."""

    async def of(self, residents: Sequence[str]) -> Mapping[str, Sequence[Address]]:
        """Every address of each of ``residents``, WeChat's and Alipay's and those of their devices."""

    async def bury(self, address: Address, *, dead_since: datetime | None) -> None:
        """Nobody is there any more; unless it was confirmed after ``dead_since``."""


class Templates(Protocol):
    """What is written in a notice."""

    def render(
        self,
        intent: Intent,
        values: Mapping[str, str],
        *,
        language: Language,
    ) -> Message:
        """The message of ``intent``; ``KeyError`` for a template there is not or a place left empty."""


class Credits(Protocol):
    """How many messages of a template a resident has allowed (订阅消息次数), on each ``channel``."""

    async def available(self, resident: str, template: str, key: str, *, at: datetime, channel: str) -> bool:
        """Whether ``reserve`` would find one now; nothing is set aside."""

    async def reserve(
        self, resident: str, template: str, key: str, *, at: datetime, channel: str, attempt: int = 0
    ) -> bool:
        """Set one aside for the intent ``key``; False where there is none. The same key twice is one.

        ``attempt`` is the number of the one at the provider that it is for.
        """

    async def settle(
        self,
        resident: str,
        template: str,
        key: str,
        *,
        spent: bool,
        none_left: bool,
        at: datetime,
        channel: str,
        attempt: int = 0,
        unsure: bool = False,
    ) -> None:
        """Spend what ``key`` set aside, or give it back; with ``none_left`` nothing is left at all.

        Nothing is done to what lies there for a later ``attempt``. What was spent ``unsure`` is given back
        once somebody knows better.
        """


class Receipt(Struct, frozen=True, kw_only=True):
    """What a provider said later of a message it had accepted.

    ``reference`` is its name for the message, as ``Accepted.receipt`` told it. ``code`` is its own word.
    """

    channel: str
    reference: str
    delivered: bool
    code: str
    at: datetime


class TakeReceipt(Protocol):
    """Hears what became of messages."""

    async def __call__(self, receipt: Receipt) -> None:
        """Note it at the attempt it is of, once; one that nobody knows is no error."""


class Notify(Protocol):
    """Says that somebody is to be told something."""

    async def __call__(self, intents: Sequence[Intent]) -> int:
        """Keep ``intents``, each once for ever; how many were new. Durable when it returns."""


class CarryMeter(Protocol):
    """Counts for the operators how notices are carried."""

    def backlog(self, lane: Lane, entries: int) -> None:
        """So many entries of ``lane`` nobody is done with."""

    def done(self, lane: Lane, seconds: float) -> None:
        """One is done, so long after it was allowed to go."""

    def dead(self, lane: Lane) -> None:
        """One became a dead letter."""

    def again(self, lane: Lane, why: Literal["lost", "orphaned"], count: int) -> None:
        """So many were carried again: what carried them lost them, or a worker died."""


Deliver = Callable[[Sequence[Intent]], Awaitable[Sequence["Outcome"]]]


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one intent: ``done`` by a channel or the inbox alone, or to be tried ``again``.

    ``dead`` says why an operator must look. None of the three: it lapsed.
    """

    key: str
    done: str | None = None
    again: datetime | None = None
    dead: str | None = None
