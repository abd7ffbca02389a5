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


async def judge_what_is_due(platform: Platform) -> None:
    """Judge whose health code turns about now, and whom a dead process left behind."""
    await platform.health.recolouring.catch_up()


async def apply_health_rules(platform: Platform) -> None:
    """Judge by the rules in force whom other rules judged last."""
    await platform.health.recolouring.apply_rules()


async def purge_checkins(platform: Platform) -> None:
    """Destroy what was logged of venues for as long as their divisions order, and prove it."""
    await platform.health_checkins.purge()


async def settle_health_matters(platform: Platform) -> None:
    """Record what a dead process confirmed or upheld and left; let lapse, or escalate, what is late."""
    await platform.health.settle()


async def count_health_codes(platform: Platform) -> None:
    """Count codes, entries by hand and appeals for the public statistics."""
    await platform.health.statistics.count()


JOBS: Final = (
    Job(name="publish_status_lists", cron="* * * * *", run=publish_status_lists),
    Job(name="settle_accounts", cron="* * * * *", run=settle_accounts),
    Job(name="judge_what_is_due", cron="* * * * *", run=judge_what_is_due),
    Job(name="apply_health_rules", cron="* * * * *", run=apply_health_rules),
    Job(name="purge_checkins", cron="10 * * * *", run=purge_checkins),
    Job(name="settle_health_matters", cron="* * * * *", run=settle_health_matters),
    Job(name="count_health_codes", cron="7 * * * *", run=count_health_codes),
    Job(name="sign_audit_checkpoints", cron="*/2 * * * *", run=sign_audit_checkpoints),
)
