"""What residents want to be told, how and when, and what they agreed to."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from push.channels.base import Language
from push.delivery_models import ConsentDecision, Preferences
from push.models import Intent, Topic
from push.ports import Clock, PersonalData, Reader, TimedId
from push.refusals import ChannelNotOffered, ConsentTextOutdated, NotYoursToDecide, TopicRestsOnLaw
from push.rules.consents import BASES, TEXTS, Basis, ConsentText, needs_consent
from push.rules.quiet import QuietHours
from push.store.wishes import ConsentStore, PreferenceStore

_RECORD: Final = 1000


class Wish(Struct, frozen=True, kw_only=True):
    """What one resident wants, with what the city does where they said nothing."""

    order: Sequence[str]
    quiet: QuietHours
    off: frozenset[Topic]
    language: Language
    consents: Mapping[tuple[Topic, str | None], ConsentDecision]

    def refused(self, intent: Intent) -> str:
        """Why ``intent`` stays in the inbox whatever happens; empty where it need not."""
        return self.refuses(intent.topic, intent.about)

    def consent(self, topic: Topic, about: str | None = None) -> ConsentDecision | None:
        """What was said of ``topic``: of the one it is about, or else of all."""
        of_one, of_all = self.consents.get((topic, about)), self.consents.get((topic, None))
        if of_one is None or of_all is None:
            return of_one or of_all
        # A release that knows no children takes back for all and leaves what was agreed to for one.
        taken_back = of_one.given and not of_all.given and of_all.at >= of_one.at
        return of_all if taken_back else of_one

    def refuses(self, topic: Topic, about: str | None = None) -> str:
        """Why nothing of ``topic`` leaves the inbox; empty where it may."""
        if not needs_consent(topic):
            return ""
        consent = self.consent(topic, about)
        if consent is None or not consent.given:
            return "no_consent"
        return "topic_off" if topic in self.off else ""


class ChildAgreement(Struct, frozen=True, kw_only=True):
    """What a guardian said of a topic for one child alone; None for nothing: what holds for all does.

    ``child`` is our name for the child to this guardian, ``name`` the masked one they know it by.
    """

    child: str
    name: str
    given: bool | None


class Agreement(Struct, frozen=True, kw_only=True):
    """Where a resident stands with a topic: on what it rests, what the words are, what was decided when."""

    topic: Topic
    basis: Basis
    text: ConsentText | None
    standing: ConsentDecision | None
    record: Sequence[ConsentDecision]
    children: Sequence[ChildAgreement] = ()
    child_of: Mapping[str, str] = {}
    """Our names for the children that were decided about, by keyed hash: also of those who grew up since."""


WardsOf = Callable[[str], Awaitable[Mapping[str, Reader]]]
"""Whom a resident acts for now, by keyed hash."""


class Wishes:
    """Keeps what residents want. One object a process."""

    def __init__(
        self,
        *,
        preferences: PreferenceStore,
        consents: ConsentStore,
        wards_of: WardsOf,
        personal: PersonalData,
        channels: Sequence[str],
        quiet: QuietHours,
        clock: Clock,
        timed_id: TimedId,
    ) -> None:
        self.channels = tuple(channels)
        self.quiet = quiet
        self._preferences = preferences
        self._consents = consents
        self._wards_of = wards_of
        self._personal = personal
        self._clock = clock
        self._timed_id = timed_id

    async def of(self, residents: Sequence[str]) -> dict[str, Wish]:
        """What each of ``residents`` wants."""
        preferences = await self._preferences.of(residents)
        consents: dict[str, dict[tuple[Topic, str | None], ConsentDecision]] = {
            resident: {} for resident in residents
        }
        for (resident, topic, about), decision in (await self._consents.standing(residents)).items():
            consents[resident][topic, about] = decision
        return {resident: self._wish(preferences.get(resident), consents[resident]) for resident in consents}

    async def willing(self, residents: Sequence[str], topic: Topic) -> frozenset[str]:
        """Those of ``residents`` who are told of ``topic`` by more than the inbox."""
        wishes = await self.of(residents)
        return frozenset(resident for resident, wish in wishes.items() if not wish.refuses(topic))

    async def preferences(self, resident: str) -> Preferences:
        """How ``resident`` wants to be told."""
        return (await self._preferences.of([resident])).get(resident) or Preferences(resident=resident)

    async def prefer(self, preferences: Preferences) -> None:
        """Keep ``preferences``."""
        if unknown := set(preferences.channels or ()) - set(self.channels):
            raise ChannelNotOffered(channel=min(unknown))
        if any(not needs_consent(topic) for topic in preferences.off):
            raise TopicRestsOnLaw
        await self._preferences.keep(preferences)

    async def agreements(self, resident: str) -> list[Agreement]:
        """Where ``resident`` stands with every topic."""
        record = await self._consents.history(resident, limit=_RECORD)
        children = await self._children(resident)
        child_of = {
            each.about: self._child(resident, each.about) for each in record if each.about is not None
        }
        return [
            Agreement(
                topic=topic,
                basis=basis,
                text=TEXTS.get(topic),
                standing=next(
                    (each for each in record if each.topic is topic and each.standing and not each.about),
                    None,
                ),
                record=[each for each in record if each.topic is topic],
                child_of=child_of,
                children=[
                    ChildAgreement(
                        child=child,
                        name=reader.name,
                        given=next(
                            (
                                each.given
                                for each in record
                                if each.topic is topic and each.standing and each.about == whom
                            ),
                            None,
                        ),
                    )
                    for child, (whom, reader) in children.items()
                    if basis is Basis.GUARDIAN
                ],
            )
            for topic, basis in BASES.items()
        ]

    async def consent(self, resident: str, topic: Topic, *, text: str, child: str | None = None) -> None:
        """Let ``resident`` agree to ``topic``, for one child or all, in the words of the version ``text``."""
        about = await self._whom(resident, topic, child)
        await self._decide(resident, topic, given=True, text=text, about=about)

    async def refuse(self, resident: str, topic: Topic, *, child: str | None = None) -> None:
        """Let ``resident`` refuse ``topic``, or withdraw what they agreed to; for all, for each child too."""
        about = await self._whom(resident, topic, child)
        if about is None:
            # First: who dies in between has told nobody more than before.
            await self._consents.lapse_children(resident, topic, at=self._clock())
        await self._decide(resident, topic, given=False, text=None, about=about)

    async def forget(self, residents: Collection[str]) -> None:
        """Keep nothing of what ``residents`` wanted."""
        await self._preferences.forget(residents)
        await self._consents.forget(residents)

    async def _children(self, resident: str) -> dict[str, tuple[str, Reader]]:
        """The children for whom ``resident`` decides, by our name for each to them."""
        return {
            self._child(resident, whom): (whom, reader)
            for whom, reader in (await self._wards_of(resident)).items()
            if not reader.own and reader.decides and Topic.VACCINATION in reader.topics
        }

    def _child(self, resident: str, whom: str) -> str:
        return self._personal.pseudonym("push-child", f"{resident}:{whom}")

    async def _whom(self, resident: str, topic: Topic, child: str | None) -> str | None:
        if child is None:
            return None
        known = (await self._children(resident)).get(child)
        if known is None or BASES[topic] is not Basis.GUARDIAN:
            raise NotYoursToDecide
        return known[0]

    async def _decide(
        self, resident: str, topic: Topic, *, given: bool, text: str | None, about: str | None = None
    ) -> None:
        words = TEXTS.get(topic)
        if words is None:
            raise TopicRestsOnLaw
        if text is not None and text != words.version:
            raise ConsentTextOutdated(version=words.version)
        standing = (await self._consents.standing([resident])).get((resident, topic, about))
        if standing is not None and standing.given == given and (not given or standing.text == text):
            return
        now = self._clock()
        await self._consents.decide(
            ConsentDecision(
                id=self._timed_id(now),
                resident=resident,
                topic=topic,
                given=given,
                text=words.version,
                at=now,
                standing=True,
                about=about,
            )
        )

    def _wish(
        self,
        preferences: Preferences | None,
        consents: Mapping[tuple[Topic, str | None], ConsentDecision],
    ) -> Wish:
        if preferences is None:
            return Wish(
                order=self.channels, quiet=self.quiet, off=frozenset(), language="zh", consents=consents
            )
        return Wish(
            order=self.channels if preferences.channels is None else preferences.channels,
            quiet=preferences.quiet or self.quiet,
            off=frozenset(preferences.off),
            language=preferences.language,
            consents=consents,
        )
