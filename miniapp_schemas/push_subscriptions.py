"""What a resident allows of providers' message templates, on the wire."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from miniapp_schemas.base import Request, Response

ProviderTemplateId = Annotated[
    str,
    Meta(description="A template as its provider calls it.", pattern=r"^[A-Za-z0-9_=+/-]{1,128}\Z"),
]


class SubscriptionProvider(StrEnum):
    """Whose templates need a resident's yes."""

    WECHAT = "wechat"
    ALIPAY = "alipay"


class SubscriptionAnswer(StrEnum):
    """What `wx.requestSubscribeMessage` says of one template."""

    ACCEPT = "accept"
    ACCEPT_WITH_AUDIO = "acceptWithAudio"
    ACCEPT_WITH_FORCE_PUSH = "acceptWithForcePush"
    REJECT = "reject"
    BAN = "ban"
    """The provider has taken the template away: nobody was asked."""
    FILTER = "filter"
    """Left out because of another of the same title: nobody was asked."""


class SubscriptionResult(Request, frozen=True, kw_only=True):
    """One line of a pop-up's result."""

    template_id: ProviderTemplateId
    answer: Annotated[SubscriptionAnswer, Meta(description="As the provider's page API said it.")]


class ReportSubscriptions(Request, frozen=True, kw_only=True):
    """What a resident answered in one pop-up."""

    provider: Annotated[SubscriptionProvider, Meta(description="In whose app they were asked.")]
    results: Annotated[
        list[SubscriptionResult],
        Meta(description="One for each template they were asked for.", min_length=1, max_length=10),
    ]


class SubscriptionInfo(Response, frozen=True, kw_only=True):
    """How often a resident may still be written to by one provider's template (订阅次数)."""

    provider: Annotated[SubscriptionProvider, Meta(description="Whose template it is.")]
    template_id: ProviderTemplateId
    templates: Annotated[list[str], Meta(description="The notices that go out by it.")]
    standing: Annotated[
        bool, Meta(description="Whether one yes is for all times (长期订阅), not for one message each.")
    ]
    left: Annotated[int, Meta(description="Messages allowed and not sent yet; 0 of a standing one.", ge=0)]
    agreed: Annotated[bool, Meta(description="Whether a message could go out now.")]
    refused: Annotated[bool, Meta(description="Whether the last word was no.")]
