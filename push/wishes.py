"""What residents want to be told, how and when, and what they agreed to."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from push.channels.base import Language
from push.delivery_models import ConsentDecision, Preferences
from push.models import Intent, Topic
from push.ports import Clock, TimedId
from push.refusals import ChannelNotOffered, ConsentTextOutdated, TopicRestsOnLaw
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
    consents: Mapping[Topic, ConsentDecision]

    def refused(self, intent: Intent) -> str:
        """Why ``intent`` stays in the inbox whatever happens; empty where it need not."""
        return self.refuses(intent.topic)

    def refuses(self, topic: Topic) -> str:
        """Why nothing of ``topic`` leaves the inbox; empty where it may."""
        if not needs_consent(topic):
            return ""
        consent = self.consents.get(topic)
        if consent is None or not consent.given:
            return "no_consent"
        return "topic_off" if topic in self.off else ""


class Agreement(Struct, frozen=True, kw_only=True):
    """Where a resident stands with a topic: on what it rests, what the words are, what was decided when."""

    topic: Topic
    basis: Basis
    text: ConsentText | None
    standing: ConsentDecision | None
    record: Sequence[ConsentDecision]


class Wishes:
    """Keeps what residents want. One object a process."""

    def __init__(
        self,
        *,
        preferences: PreferenceStore,
        consents: ConsentStore,
        channels: Sequence[str],
        quiet: QuietHours,
        clock: Clock,
        timed_id: TimedId,
    ) -> None:
        self.channels = tuple(channels)
        self.quiet = quiet
        self._preferences = preferences
        self._consents = consents
        self._clock = clock
        self._timed_id = timed_id

    async def of(self, residents: Sequence[str]) -> dict[str, Wish]:
        """What each of ``residents`` wants."""
        preferences = await self._preferences.of(residents)
        consents: dict[str, dict[Topic, ConsentDecision]] = {resident: {} for resident in residents}
        for (resident, topic), decision in (await self._consents.standing(residents)).items():
            consents[resident][topic] = decision
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
        return [
            Agreement(
                topic=topic,
                basis=basis,
                text=TEXTS.get(topic),
                standing=next((each for each in record if each.topic is topic and each.standing), None),
                record=[each for each in record if each.topic is topic],
            )
            for topic, basis in BASES.items()
        ]

    async def consent(self, resident: str, topic: Topic, *, text: str) -> None:
        """Let ``resident`` agree to ``topic`` in the words of the version ``text``."""
        await self._decide(resident, topic, given=True, text=text)

    async def refuse(self, resident: str, topic: Topic) -> None:
        """Let ``resident`` refuse ``topic``, or withdraw what they agreed to."""
        await self._decide(resident, topic, given=False, text=None)

    async def forget(self, residents: Collection[str]) -> None:
        """Keep nothing of what ``residents`` wanted."""
        await self._preferences.forget(residents)
        await self._consents.forget(residents)

    async def _decide(self, resident: str, topic: Topic, *, given: bool, text: str | None) -> None:
        words = TEXTS.get(topic)
        if words is None:
            raise TopicRestsOnLaw
        if text is not None and text != words.version:
            raise ConsentTextOutdated(version=words.version)
        standing = (await self._consents.standing([resident])).get((resident, topic))
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
            )
        )

    def _wish(self, preferences: Preferences | None, consents: Mapping[Topic, ConsentDecision]) -> Wish:
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
