"""What commands that work on the stores have in common: their settings, and what to say in an outage."""

import asyncio
import os
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from bff.cli_errors import Failure

if TYPE_CHECKING:
    from bff.platform.settings import Settings

T = TypeVar("T")


def settings_or_exit(environ: Mapping[str, str] | None = None) -> "Settings":
    """The settings of ``environ``, or of this process; what is wrong with them ends the command with 2."""
    from bff.platform.settings import SettingsError, load_settings

    try:
        return load_settings(os.environ if environ is None else environ)
    except SettingsError as error:
        raise Failure(
            "；".join(f"{problem.name}：{problem.zh}" for problem in error.problems),
            "; ".join(f"{problem.name}: {problem.en}" for problem in error.problems),
            text="\n".join(
                f"{problem.name}\n    {problem.zh}\n    {problem.en}" for problem in error.problems
            ),
        ) from None


def run_or_exit(work: Coroutine[Any, Any, T], *, again: str) -> T:
    """Do ``work``; keys that cannot be read or stores that are away end the command with 2."""
    from auth_bridges.bridges.wechat_secure import KeysUnusable
    from bff.platform.keys import KeyRingProblem
    from bff.platform.mongo import MONGO_OUTAGES
    from bff.platform.redis import REDIS_OUTAGES

    try:
        return asyncio.run(work)
    except (KeyRingProblem, KeysUnusable) as problem:
        raise Failure(problem.zh, problem.en) from None
    except (*MONGO_OUTAGES, *REDIS_OUTAGES) as outage:
        kind = type(outage).__name__
        zh, _, en = again.partition(" · ")
        raise Failure(
            f"数据库无法使用；{zh}",
            f"the stores do not answer ({kind}); {en}",
        ) from None
