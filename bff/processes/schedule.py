"""What runs when, as data."""

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from bff.platform.services import Platform


class Job(Struct, frozen=True, kw_only=True):
    """Something done over and over; cron fields in Asia/Shanghai.

    Every ticker of a city runs every job, so a job must do no harm when two do it at once.
    """

    name: str
    cron: str
    run: Callable[[Platform], Awaitable[None]]


async def publish_status_lists(platform: Platform) -> None:
    """Sign the status lists anew, for those who verify without a network."""
    await platform.issuing.publish_status_lists()


async def settle_accounts(platform: Platform) -> None:
    """Finish merges and unlinkings somebody began, and delete accounts whose seven days are over."""
    await platform.accounts.settle()


async def sign_audit_checkpoints(platform: Platform) -> None:
    """Sign how far the audit trail has come, so that it cannot be cut short or made anew."""
    await platform.checkpoints.sign()


async def settle_health_matters(platform: Platform) -> None:
    """Record what a dead process confirmed or upheld and left; let lapse, or escalate, what is late."""
    await platform.health.settle()


async def count_health_codes(platform: Platform) -> None:
    """Count codes, entries by hand and appeals for the public statistics."""
    await platform.health.statistics.count()


async def purge_checkins(platform: Platform) -> None:
    """Destroy what was logged of venues for as long as their divisions order, and prove it."""
    await platform.health_checkins.purge()


async def replan_everybody(platform: Platform) -> None:
    """Plan everybody anew whom other editions of the programmes planned last, for most of a minute."""
    await platform.push.timeline.replan()


JOBS: Final = (
    Job(name="publish_status_lists", cron="* * * * *", run=publish_status_lists),
    Job(name="settle_accounts", cron="* * * * *", run=settle_accounts),
    Job(name="settle_health_matters", cron="* * * * *", run=settle_health_matters),
    Job(name="count_health_codes", cron="7 * * * *", run=count_health_codes),
    Job(name="purge_checkins", cron="10 * * * *", run=purge_checkins),
    Job(name="replan_everybody", cron="* * * * *", run=replan_everybody),
    Job(name="sign_audit_checkpoints", cron="*/2 * * * *", run=sign_audit_checkpoints),
)
