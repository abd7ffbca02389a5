"""What is written in a notice: sentences with places, how the places are filled, what may be said where."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Final, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from push.rules.wechat_fields import FieldProblem, fitted, is_blank, problems

Language = Literal["zh", "en"]
PLACES: Final = frozenset({"name", "item", "item_en", "date", "until", "place", "clause"})
"""What a sentence may leave open."""
SAMPLE: Final[Mapping[str, str]] = {
    "name": "林小满",
    "item": "百白破疫苗第3剂",
    "item_en": "DTaP vaccine, dose 3",
    "date": "2026-03-02",
    "until": "2026-04-30",
    "place": "社区卫生服务中心",
    "clause": "国家免疫规划",
}
"""Values a template is tried with before it is kept."""
LONGEST_ALIPAY_DATA: Final = 2048

_PLACE: Final = re.compile(r"\{([a-z_]*)\}")
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_LINK: Final = "{link}"
_KEYWORD: Final = re.compile(r"keyword[1-9][0-9]?")
_VACCINE: Final = re.compile(
    "疫苗|卡介|球蛋白|[甲乙]肝|脊灰|[百白]破|麻腮风|麻疹|风疹|腮腺炎|[乙流]脑|水痘|流感|狂犬|轮状|手足口|新冠"
    "|vaccin|globulin|hepatitis|polio|diphtheria|tetanus|pertussis|measles|mumps|rubella|encephalitis|mening"
    "|varicella|chickenpox|papilloma|influenza|rabies|rotavirus|covid"
    "|(?<![a-z])(?:hep[ab]|bcg|[bst]?[io]pv|dt(?:[aw]?p)?|mmr|je|mp?c?v|mp[cs]v|mena?c?|[249]?v?hpv|varv"
    "|hib|p[cp]v|ev|[hrt]?b?ig)(?![a-z])",
    re.IGNORECASE,
)
"""What vaccines are called, in full and in short, and what they are against."""
_Line = Annotated[str, Meta(min_length=1, max_length=200)]


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One notice in one language.

    ``lock_title`` and ``lock_body`` stand on a locked screen that anybody may see: they have no places.
    ``plain`` says the same in plain words (易读), and is what is read aloud after the title.
    """

    title: _Line
    body: _Line
    lock_title: _Line
    lock_body: _Line
    plain: _Line


class Binding(Struct, frozen=True, kw_only=True):
    """A provider's own template (模板) that a notice goes out by.

    ``fields`` say how each of its fields is filled. ``standing`` is one a resident agrees to once and for
    all (长期订阅), not for each message. ``choices`` are what its enumerations allow. ``page`` is where a
    tap leads; ``{link}`` in it is the notice's own address.
    """

    template_id: str
    fields: dict[str, str]
    page: str = ""
    standing: bool = False
    choices: dict[str, tuple[str, ...]] = {}


class TemplateContent(Struct, frozen=True, kw_only=True):
    """A template whole: both languages, and how it goes out by each provider."""

    zh: Words
    en: Words
    wechat: Binding | None = None
    alipay: Binding | None = None


def places_of(text: str) -> Iterator[str]:
    """The places ``text`` leaves open."""
    return (found[1] for found in _PLACE.finditer(text))


def fill(text: str, values: Mapping[str, str], language: Language) -> str:
    """``text`` with its places filled; ``KeyError`` names one that nothing fills."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "item_en" and not values.get(name):
            name = "item"
        if not values.get(name):
            raise KeyError(found[1])
        said = values[name]
        return day_of(said, language) if name in ("date", "until") else said

    return _PLACE.sub(value, text)


@lru_cache(maxsize=4096)
def day_of(said: str, language: Language) -> str:
    """An ISO day or instant as people say it; what is neither stays as it is."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return said
    if at.tzinfo is not None:
        at = at.astimezone(_SHANGHAI)
    clock = "" if len(said) == len("2026-03-02") else f"{at:%H:%M}"
    if language == "zh":
        day = f"{at.year}年{at.month}月{at.day}日"
        return f"{day} {clock}" if clock else day
    day = f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"{day}, {clock}" if clock else day


def provider_data(binding: Binding, values: Mapping[str, str]) -> dict[str, str]:
    """The fields of ``binding``, filled; providers write to people in Chinese."""
    return {field: fitted(field, fill(text, values, "zh")) for field, text in binding.fields.items()}


def provider_page(binding: Binding, link: str) -> str:
    """Where a tap on the message leads."""
    return binding.page.replace(_LINK, quote(link, safe=""))


def wechat_problems(binding: Binding, values: Mapping[str, str]) -> list[FieldProblem]:
    """What WeChat would refuse of ``binding`` filled with ``values``, if anything."""
    return wechat_data(binding, values)[1]


def wechat_data(binding: Binding, values: Mapping[str, str]) -> tuple[dict[str, str], list[FieldProblem]]:
    """The fields of ``binding`` filled with ``values``, and what WeChat would refuse of them."""
    try:
        data = provider_data(binding, values)
    except KeyError as place:
        return {}, [FieldProblem(field=str(place.args[0]), why="nothing_fills_it")]
    return data, problems(data, binding.choices)


def alipay_problems(binding: Binding, values: Mapping[str, str]) -> list[FieldProblem]:
    """What Alipay would refuse of ``binding`` filled with ``values``, if anything."""
    try:
        data = provider_data(binding, values)
    except KeyError as place:
        return [FieldProblem(field=str(place.args[0]), why="nothing_fills_it")]
    found = [FieldProblem(field=field, why="empty") for field, value in data.items() if is_blank(value)]
    found += [
        FieldProblem(field=field, why="unknown_type") for field in data if not _KEYWORD.fullmatch(field)
    ]
    if len(alipay_data(data)) > LONGEST_ALIPAY_DATA:
        found.append(FieldProblem(field="data", why="too_long"))
    return found


def alipay_data(data: Mapping[str, str]) -> str:
    """Fields as Alipay wants them: JSON inside a string."""
    return msgspec.json.encode({field: {"value": value} for field, value in data.items()}).decode()


def content_problems(content: TemplateContent, values: Mapping[str, str] = SAMPLE) -> list[FieldProblem]:
    """Everything for which ``content`` must not be kept, judged as what is sent will be."""
    found = [*_word_problems("zh", content.zh, values), *_word_problems("en", content.en, values)]
    for channel, binding, judge in (
        ("wechat", content.wechat, wechat_problems),
        ("alipay", content.alipay, alipay_problems),
    ):
        if binding is None:
            continue
        told = [*_place_problems(binding.fields), *judge(binding, values)]
        if channel == "wechat":
            told += _cut_problems(binding.fields)
        if not binding.fields:
            told.append(FieldProblem(field="fields", why="empty"))
        if set(places_of(binding.page)) - {"link"}:
            told.append(FieldProblem(field="page", why="unknown_place"))
        found += [FieldProblem(field=f"{channel}.{each.field}", why=each.why) for each in told]
    return found


def _word_problems(language: Language, words: Words, values: Mapping[str, str]) -> Iterator[FieldProblem]:
    said: dict[str, str] = msgspec.to_builtins(words)
    for each in _place_problems(said):
        yield FieldProblem(field=f"{language}.{each.field}", why=each.why)
    for name, text in said.items():
        if any(place in PLACES and place not in values for place in places_of(text)):
            yield FieldProblem(field=f"{language}.{name}", why="nothing_fills_it")
    for name in ("lockTitle", "lockBody"):
        if any(True for _ in places_of(said[name])):
            yield FieldProblem(field=f"{language}.{name}", why="place_on_a_locked_screen")
        if _VACCINE.search(said[name]):
            yield FieldProblem(field=f"{language}.{name}", why="vaccine_on_a_locked_screen")
    for name, text in said.items():
        if is_blank(text):
            yield FieldProblem(field=f"{language}.{name}", why="empty")


def _place_problems(texts: Mapping[str, str]) -> Iterator[FieldProblem]:
    for name, text in texts.items():
        left = _PLACE.sub("", text)
        if "{" in left or "}" in left:
            yield FieldProblem(field=name, why="stray_brace")
        if set(places_of(text)) - PLACES:
            yield FieldProblem(field=name, why="unknown_place")


def _cut_problems(texts: Mapping[str, str]) -> Iterator[FieldProblem]:
    """What would be cut whoever it goes to: a name may be long, but what an operator wrote need not be."""
    for field, text in texts.items():
        own = _PLACE.sub("", text)
        if fitted(field, own) != own:
            yield FieldProblem(field=field, why="too_long")


def aloud(words: Words, values: Mapping[str, str], language: Language) -> str:
    """What a voice reads (朗读文本): the title, a pause, the plain words; nothing that is only seen."""
    stop = "。" if language == "zh" else ". "
    return f"{fill(words.title, values, language)}{stop}{fill(words.plain, values, language)}"


def joined(found: Sequence[FieldProblem]) -> str:
    """Problems in one line, fields and words only."""
    return " ".join(f"{each.field}:{each.why}" for each in found)


_MONTHS: Final = tuple(date(2000, month, 1).strftime("%B") for month in range(1, 13))
