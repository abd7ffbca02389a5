"""Templates of notices, as operators write them, on the wire."""

from typing import Annotated

from msgspec import Meta

from miniapp_schemas.base import Instant, Request, Response

TemplateName = Annotated[str, Meta(description="A notice's name.", pattern=r"^[a-z][a-z_-]{1,40}\Z")]
_Line = Annotated[str, Meta(min_length=1, max_length=200)]
_Field = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{1,40}\Z")]
_Choices = Annotated[list[Annotated[str, Meta(min_length=1, max_length=20)]], Meta(max_length=50)]


class TemplateWords(Request, frozen=True, kw_only=True):
    """One notice in one language.

    Places are `{name}`, `{item}`, `{item_en}`, `{date}`, `{until}`, `{place}` and `{clause}`.
    """

    title: Annotated[_Line, Meta(description="What it is about.")]
    body: Annotated[_Line, Meta(description="What there is to do.")]
    lock_title: Annotated[_Line, Meta(description="On a locked screen; no places, and no vaccine.")]
    lock_body: Annotated[_Line, Meta(description="On a locked screen; no places, and no vaccine.")]
    plain: Annotated[_Line, Meta(description="The same in plain words (易读), read aloud after the title.")]


class TemplateBinding(Request, frozen=True, kw_only=True):
    """A provider's own template that the notice goes out by."""

    template_id: Annotated[
        str, Meta(description="As the provider calls it.", pattern=r"^[A-Za-z0-9_=+/-]{1,128}\Z")
    ]
    fields: Annotated[
        dict[_Field, _Line],
        Meta(description="How each of its fields is filled.", min_length=1, max_length=20),
    ]
    page: Annotated[
        str,
        Meta(description="Where a tap leads; `{link}` is the notice's own address.", max_length=128),
    ] = ""
    standing: Annotated[bool, Meta(description="Whether one yes is for all times (长期订阅).")] = False
    choices: Annotated[
        dict[_Field, _Choices],
        Meta(description="What its enumerations allow.", max_length=20),
    ] = {}


class TemplateDraft(Request, frozen=True, kw_only=True):
    """A template whole, as it would be kept."""

    zh: Annotated[TemplateWords, Meta(description="In Chinese.")]
    en: Annotated[TemplateWords, Meta(description="In English.")]
    wechat: Annotated[TemplateBinding | None, Meta(description="By WeChat.")] = None
    alipay: Annotated[TemplateBinding | None, Meta(description="By Alipay.")] = None


class PreviewTemplate(Request, frozen=True, kw_only=True):
    """Look at a template before it is kept."""

    draft: Annotated[TemplateDraft, Meta(description="What it would say.")]
    values: Annotated[
        dict[_Field, Annotated[str, Meta(max_length=200)]],
        Meta(description="What fills its places; made-up values where not given.", max_length=20),
    ] = {}


class ActivateTemplate(Request, frozen=True, kw_only=True):
    """Put a version in force."""

    version: Annotated[int, Meta(description="A version's number; 0 is the text that is shipped.", ge=0)]


class TemplateVersion(Response, frozen=True, kw_only=True):
    """A version as it was saved."""

    number: Annotated[int, Meta(description="Its number.")]
    saved_at: Annotated[Instant, Meta(description="When.")]
    draft: Annotated[TemplateDraft, Meta(description="What it says.")]


class TemplateInfo(Response, frozen=True, kw_only=True):
    """What is kept of a template: two versions to change between, and one that waits."""

    name: TemplateName
    shipped: Annotated[TemplateDraft, Meta(description="What it says if nobody writes anything.")]
    current: Annotated[
        TemplateVersion | None, Meta(description="What is in force; absent: the shipped text.")
    ] = None
    previous: Annotated[TemplateVersion | None, Meta(description="What was before.")] = None
    saved: Annotated[TemplateVersion | None, Meta(description="What waits to be in force.")] = None


class TemplateProblem(Response, frozen=True, kw_only=True):
    """Something a provider would refuse, or that must not be said where it stands."""

    field: Annotated[str, Meta(description="Where.")]
    why: Annotated[str, Meta(description="Why, in one word.")]


class TemplatePreview(Response, frozen=True, kw_only=True):
    """How a template looks, filled."""

    zh: Annotated[TemplateWords, Meta(description="In Chinese.")]
    en: Annotated[TemplateWords, Meta(description="In English.")]
    wechat: Annotated[dict[str, str], Meta(description="WeChat's fields.")]
    alipay: Annotated[dict[str, str], Meta(description="Alipay's fields.")]
    problems: Annotated[list[TemplateProblem], Meta(description="For what it would not be kept.")]
