"""A town that a campaign can be sent to, and two operators who may."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bff.platform.services import Platform
from miniapp_schemas.push_console import AudienceQuery, CampaignInfo, DraftCampaign
from push.campaign_models import Operator

ONE: Final = Operator(id="one", organisation="city", organisation_name="城市运行中心")
OTHER: Final = Operator(id="other", organisation="press", organisation_name="新闻办公室")


async def settle_residents(platform: Platform, count: int) -> list[str]:
    """So many residents, in the shape that signing in gives them; their ids, sorted."""
    ids = sorted(secrets.token_hex(16) for _ in range(count))
    now = datetime.now(UTC)
    for first in range(0, count, 10_000):
        documents: list[dict[str, Any]] = [
            {"_id": each, "created_at": now, "standing": "active"} for each in ids[first : first + 10_000]
        ]
        await platform._mongo["residents"].insert_many(documents, ordered=False)
    return ids


def said(**more: Any) -> DraftCampaign:  # noqa: ANN401  whatever the test is about
    """A campaign to everybody."""
    words: dict[str, Any] = {
        "title": "台风停课",
        "topic": "policy",
        "audience": AudienceQuery(),
        "text": "受台风影响，中小学今日停课",
        "text_en": "Schools are closed today because of the typhoon",
        "useful_until": datetime.now(UTC) + timedelta(days=1),
        "per_minute": 6_000_000,
    }
    return DraftCampaign(**{**words, **more})


async def begun(platform: Platform, **more: Any) -> CampaignInfo:  # noqa: ANN401  as `said`
    """A campaign, drafted by one and approved by the other."""
    drafted = await platform.push_campaigns.draft(ONE, said(**more))
    return await platform.push_campaigns.approve(OTHER, drafted.id)


async def told(platform: Platform, campaign: str) -> Sequence[str]:
    """Everybody who has an intent of ``campaign``, sorted, as often as they have one."""
    found = platform._mongo["push_outbox"].find({"campaign": campaign}, {"addressee": 1})
    return sorted([each["addressee"] async for each in found])


async def see_to(platform: Platform, campaign: str, state: str = "done") -> int:
    """Let what waits come to an end; how many there were."""
    waits = {"campaign": campaign, "state": {"$in": ["created", "relayed"]}}
    ended = {"$set": {"state": state, "finished_at": datetime.now(UTC)}}
    result = await platform._mongo["push_outbox"].update_many(waits, ended)
    return result.modified_count
