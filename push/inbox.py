"""What residents find in the app, and how they hear of it while it is open."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from miniapp_schemas.base import Text
from miniapp_schemas.notices import Notice, NoticePage, NoticeTopic
from push.delivery_models import InboxNotice, NoticeText
from push.models import Topic
from push.ports import Accounts, Announce, Clock, PersonalData
from push.refusals import NoticeUnknown
from push.store.inbox import InboxStore

_OVERLAP: Final = timedelta(seconds=5)
"""How much later than its name says a notice may come: clocks differ, and a batch takes its time."""
_TIME_DIGITS: Final = 12

_open_text: Final = msgspec.msgpack.Decoder(NoticeText).decode
seal_text: Final = msgspec.msgpack.Encoder().encode


class Inbox:
    """Shows residents what they were told, also by accounts merged into theirs. One object a process."""

    def __init__(
        self,
        *,
        store: InboxStore,
        accounts: Accounts,
        personal: PersonalData,
        announce: Announce,
        clock: Clock,
    ) -> None:
        self._store = store
        self.accounts = accounts
        self._personal = personal
        self._announce = announce
        self._clock = clock

    async def page(self, resident: str, *, topic: Topic | None, before: str | None, limit: int) -> NoticePage:
        """``resident``'s notices, newest first, and how many of all are unread."""
        everybody = await self.accounts(resident)
        found = await self._store.page(everybody, topic=topic, before=before, limit=limit + 1)
        page = found[:limit]
        return NoticePage(
            items=[self._told(each) for each in page],
            next_cursor=page[-1].seq if len(found) > limit else None,
            unread=await self._store.unread(everybody),
        )

    async def since(self, resident: str, seq: str, *, limit: int) -> list[Notice]:
        """What came to ``resident`` after ``seq``, oldest first, and a little of what came before."""
        everybody = await self.accounts(resident)
        found = await self._store.after(everybody, _a_little_before(seq), limit=limit)
        return [self._told(each) for each in found]

    async def unread(self, resident: str) -> int:
        """How many ``resident`` has not read."""
        return await self._store.unread(await self.accounts(resident))

    async def read(self, resident: str, key: str) -> int:
        """Let one of ``resident``'s notices be read; how many are not."""
        everybody = await self.accounts(resident)
        if not await self._store.read(everybody, key, at=self._clock()):
            raise NoticeUnknown
        return await self._changed(resident, everybody)

    async def read_all(self, resident: str, *, up_to: str | None) -> int:
        """Let all of them be read, or those up to the one with the seq ``up_to``; how many are not."""
        everybody = await self.accounts(resident)
        await self._store.read_all(everybody, up_to=up_to, at=self._clock())
        return await self._changed(resident, everybody)

    async def forget(self, residents: Collection[str]) -> None:
        """Keep nothing that was told to ``residents``."""
        await self._store.forget(residents)

    async def _changed(self, resident: str, everybody: Sequence[str]) -> int:
        await self._announce(resident)
        return await self._store.unread(everybody)

    def _told(self, notice: InboxNotice) -> Notice:
        words = _open_text(self._personal.open(notice.sealed, notice_context(notice.id)))
        return Notice(
            id=notice.id,
            topic=NoticeTopic(notice.topic.value),
            title=Text(zh=words.title_zh, en=words.title_en),
            body=Text(zh=words.body_zh, en=words.body_en),
            plain=Text(zh=words.plain_zh, en=words.plain_en),
            aloud=Text(zh=words.aloud_zh, en=words.aloud_en),
            link=notice.link,
            at=notice.at,
            read_at=notice.read_at,
            cursor=notice.seq,
        )


def notice_context(key: str) -> bytes:
    """What the words of the notice ``key``, and the values of its intent, are sealed under."""
    return f"push:{key}".encode()


def _a_little_before(seq: str) -> str:
    """The least time-ordered id that is ``_OVERLAP`` older than ``seq``."""
    hexadecimal = seq.replace("-", "")
    milliseconds = int(hexadecimal[:_TIME_DIGITS], 16) - int(_OVERLAP / timedelta(milliseconds=1))
    text = f"{max(0, milliseconds):012x}"
    return f"{text[:8]}-{text[8:12]}"


def seq_of(at: datetime) -> str:
    """Below every id that is made from ``at`` on."""
    text = f"{int(at.timestamp() * 1000):012x}"
    return f"{text[:8]}-{text[8:12]}"
