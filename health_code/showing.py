"""What is shown of a colour that was judged: itself, or grey where it cannot be known now.

One for all who ask (the page, a guard, a venue's door, an appeal), so that none of them says green where
another says grey.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from health_code.models import BROKEN, RETIRED, UNREADABLE, Snapshot, State
from health_code.rules.documents import Colour
from health_code.rules.freshness import Limits, shown_colour
from miniapp_schemas.base import Text

_TOO_OLD: Final = Text(
    zh="数据未能及时更新，暂不显示颜色；恢复后自动显示，您无需操作。",
    en="The data is too old for a colour to be shown. It comes back by itself; there is nothing you need to "
    "do.",
)


_BROKEN: Final = Text(
    zh="系统判定出错；恢复后自动重新判定，您无需操作。",
    en="The colour could not be judged anew, by a fault of ours. It will be, by itself; there is nothing you "
    "need to do.",
)


_RETIRED: Final = Text(
    zh="健康码服务已终止，所依据的数据已销毁；不再显示颜色，您无需操作。",
    en="Health codes have ended, and the data they rested on is destroyed. No colour is shown any more; "
    "there is nothing you need to do.",
)


class Showing:
    """Says what is shown now; ``silent`` are the sources not heard of, ``name`` is what one is called."""

    def __init__(
        self, *, silent: Callable[[], Sequence[str]], name: Callable[[str], str], limits: Limits
    ) -> None:
        self._silent = silent
        self._name = name
        self._limits = limits

    def colour(self, judged: Snapshot | State, now: datetime) -> Colour:
        """The colour shown of ``judged``."""
        return shown_colour(
            judged.colour,
            age=now - judged.judged_at,
            turned=judged.next_change_at is not None and now >= judged.next_change_at,
            silent=judged.colour is Colour.GREEN and bool(self._silent()),
            limits=self._limits,
        )

    def unknown(self, judged: Snapshot | State, now: datetime) -> list[Text]:
        """In words, what cannot be known of ``judged``, and how it comes to be known again."""
        silent = judged.silent
        if judged.colour is Colour.GREEN:
            silent = tuple(dict.fromkeys([*silent, *self._silent()]))
        told = [_failure(each, self._name) for each in judged.failures]
        told += [_silence(self._name(source)) for source in silent]
        if not silent and self.colour(judged, now) is not judged.colour:
            told.append(_TOO_OLD)
        return told


def _silence(source: str) -> Text:
    return Text(
        zh=f"数据来源“{source}”长时间未更新；恢复报送后自动转码，您无需操作，申诉不能代替。",
        en=f"Nothing was heard of {source} for too long. The colour comes back by itself once it reports; "
        "there is nothing you need to do, and an appeal cannot stand in for it.",
    )


def _failure(name: str, called: Callable[[str], str]) -> Text:
    if name == BROKEN:
        return _BROKEN
    if name == RETIRED:
        return _RETIRED
    if name.startswith(UNREADABLE):
        source = called(name.removeprefix(UNREADABLE))
        return Text(
            zh=f"来源“{source}”的部分证据无法读取；您可以申诉，更正后自动转码。",
            en=f"Some evidence of {source} cannot be read. You can appeal; once it is corrected the colour "
            "comes back.",
        )
    return Text(
        zh=f"规则 {name} 无法判定；规则改正后自动转码，您也可以申诉。",
        en=f"Rule {name} has no answer. The colour comes back once the rule is mended; you can appeal as "
        "well.",
    )
