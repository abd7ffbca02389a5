"""What notices say: the shipped texts, those operators wrote, and by which provider's template they go.

Versions are few: one in force, the one before to go back to, one that waits. Every process holds those in
force and looks for newer ones each second.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from push.channels.base import Language, Message
from push.models import Intent
from push.ports import Audit, Clock, Deliver, Outcome
from push.refusals import TemplateChanged, TemplateInvalid, TemplateUnknown, TemplateVersionUnknown
from push.rules.templates import (
    SAMPLE,
    Binding,
    TemplateContent,
    aloud,
    content_problems,
    fill,
    joined,
    provider_data,
)
from push.rules.wechat_fields import FieldProblem
from push.rules.wording import sample_of
from push.store.templates import KeptTemplate, TemplateStore, Version

_EVERY_SECONDS: Final = 1.0
_log: Final = logging.getLogger(__name__)


class TemplateBook:
    """The templates in force, in memory: rendering asks nobody."""

    def __init__(self, shipped: Mapping[str, TemplateContent], store: TemplateStore) -> None:
        self._shipped = shipped
        self._store = store
        self._revisions: Mapping[str, int] = {}
        self._current: dict[str, TemplateContent] = dict(shipped)
        self.read = asyncio.Event()
        """Set once what operators wrote was read."""

    @property
    def names(self) -> Sequence[str]:
        """Every template there is."""
        return list(self._shipped)

    def shipped(self, name: str) -> TemplateContent:
        """What ``name`` says where nobody wrote anything; ``KeyError`` for a template there is not."""
        return self._shipped[name]

    def binding(self, channel: str, name: str) -> Binding | None:
        """By which template of the provider behind ``channel`` the notice ``name`` goes out, if by any."""
        content = self._current.get(name)
        if content is None:
            return None
        return {"wechat": content.wechat, "alipay": content.alipay}.get(channel)

    def bindings(self, channel: str) -> Mapping[str, Binding]:
        """Every notice that goes out by the provider behind ``channel``, and its template there."""
        found = ((name, self.binding(channel, name)) for name in self._shipped)
        return {name: binding for name, binding in found if binding is not None}

    def render(self, intent: Intent, values: Mapping[str, str], *, language: Language) -> Message:
        """The message of ``intent``; ``KeyError`` for a template there is not or a place left empty."""
        content = self._current[intent.template]
        words = content.zh if language == "zh" else content.en
        return Message(
            key=intent.id,
            resident=intent.addressee,
            topic=intent.topic,
            message_class=intent.message_class,
            language=language,
            template=intent.template,
            values=dict(values),
            title=fill(words.title, values, language),
            body=fill(words.body, values, language),
            lock_title=words.lock_title,
            lock_body=words.lock_body,
            plain=fill(words.plain, values, language),
            aloud=aloud(words, values, language),
            link=intent.link,
            useful_until=intent.useful_until,
        )

    def once_read(self, deliver: Deliver) -> Deliver:
        """``deliver``, from when what operators wrote was read: before, no provider has a template."""

        async def wait_and_deliver(intents: Sequence[Intent]) -> Sequence[Outcome]:
            await self.read.wait()
            return await deliver(intents)

        return wait_and_deliver

    async def refresh(self) -> None:
        """Read what was activated since."""
        revisions = await self._store.revisions()
        changed = [name for name, rev in revisions.items() if self._revisions.get(name) != rev]
        for kept in await self._store.several(changed) if changed else ():
            if kept.id in self._shipped:
                self._current[kept.id] = (
                    self._shipped[kept.id] if kept.current is None else kept.current.content
                )
        self._revisions = revisions
        self.read.set()

    async def follow(self) -> None:
        """Refresh for ever; cancel to stop."""
        while True:
            try:
                await self.refresh()
            except Exception as failure:  # noqa: BLE001  any store may fail in any way; what is in force stays
                _log.warning("templates not read: %s", type(failure).__name__)
            await asyncio.sleep(_EVERY_SECONDS)


class Preview(Struct, frozen=True, kw_only=True):
    """How a template looks when it is filled, and what is wrong with it."""

    messages: Mapping[str, Mapping[str, str]]
    data: Mapping[str, Mapping[str, str]]
    problems: Sequence[FieldProblem]


class TemplateDesk:
    """Where operators write templates."""

    def __init__(self, book: TemplateBook, store: TemplateStore, *, audit: Audit, clock: Clock) -> None:
        self._book = book
        self._store = store
        self._audit = audit
        self._clock = clock

    async def listed(self) -> Sequence[tuple[KeptTemplate, TemplateContent]]:
        """What is kept of every template there is, and the shipped text behind it, by name."""
        written = {kept.id: kept for kept in await self._store.several(self._book.names)}
        return [
            (written.get(name, KeptTemplate(id=name)), self._book.shipped(name))
            for name in sorted(self._book.names)
        ]

    async def read(self, name: str) -> tuple[KeptTemplate, TemplateContent]:
        """What is kept of ``name``, and the shipped text behind it."""
        shipped = self._shipped(name)
        return await self._store.get(name) or KeptTemplate(id=name), shipped

    def preview(self, name: str, content: TemplateContent, values: Mapping[str, str]) -> Preview:
        """How ``content`` looks with ``values``, or with sample ones where they are not given."""
        self._shipped(name)
        return preview(content, sample_of(name, {**SAMPLE, **values}))

    async def save(self, name: str, content: TemplateContent, *, by: str) -> KeptTemplate:
        """Keep ``content`` as what waits to be in force; ``TemplateInvalid`` if it would be refused."""
        self._shipped(name)
        if found := content_problems(content, sample_of(name)):
            raise TemplateInvalid(why=joined(found[:5]), more=max(0, len(found) - 5))
        old = await self._store.get(name)
        kept = old or KeptTemplate(id=name)
        version = Version(number=kept.last + 1, content=content, by=by, at=self._clock())
        new = msgspec.structs.replace(kept, rev=kept.rev + 1, last=version.number, saved=version)
        await self._put(old, new)
        await self._tell("push.template.saved", name, version.number, by)
        return new

    async def activate(self, name: str, number: int, *, by: str) -> KeptTemplate:
        """Put version ``number`` in force: what waits, or what was before; 0 is the shipped text."""
        self._shipped(name)
        old = await self._store.get(name)
        kept = old or KeptTemplate(id=name)
        if number == (0 if kept.current is None else kept.current.number):
            return kept
        change: dict[str, Version | None]
        if kept.saved is not None and number == kept.saved.number:
            change = {"current": kept.saved, "saved": None}
        elif kept.previous is not None and number == kept.previous.number:
            change = {"current": kept.previous}
        elif number == 0:
            change = {"current": None}
        else:
            raise TemplateVersionUnknown
        # Judged again: what is taken may have changed since it was saved.
        version = change["current"]
        if version is not None and (found := content_problems(version.content, sample_of(name))):
            raise TemplateInvalid(why=joined(found[:5]), more=max(0, len(found) - 5))
        previous = kept.current if kept.current is not None else kept.previous
        new = msgspec.structs.replace(kept, rev=kept.rev + 1, previous=previous, **change)
        await self._put(old, new)
        await self._tell("push.template.activated", name, number, by)
        return new

    def _shipped(self, name: str) -> TemplateContent:
        try:
            return self._book.shipped(name)
        except KeyError:
            raise TemplateUnknown from None

    async def _put(self, old: KeptTemplate | None, new: KeptTemplate) -> None:
        if not await self._store.replace(old, new):
            raise TemplateChanged
        await self._book.refresh()

    async def _tell(self, kind: str, name: str, number: int, by: str) -> None:
        await self._audit(
            kind,
            at=self._clock(),
            actor=by,
            outcome="ok",
            facts={"template": name, "version": str(number)},
        )


def preview(content: TemplateContent, values: Mapping[str, str]) -> Preview:
    """How ``content`` looks with ``values``; what cannot be filled stays as it is written."""
    found = content_problems(content, values)
    messages: dict[str, dict[str, str]] = {}
    for language, words in (("zh", content.zh), ("en", content.en)):
        written: dict[str, str] = msgspec.to_builtins(words)
        messages[language] = {
            name: _filled(text, values, "zh" if language == "zh" else "en") for name, text in written.items()
        }
    data = {}
    for provider, binding in (("wechat", content.wechat), ("alipay", content.alipay)):
        if binding is None:
            continue
        try:
            data[provider] = provider_data(binding, values)
        except KeyError:
            data[provider] = dict(binding.fields)
    return Preview(messages=messages, data=data, problems=found)


def _filled(text: str, values: Mapping[str, str], language: Language) -> str:
    try:
        return fill(text, values, language)
    except KeyError:
        return text
