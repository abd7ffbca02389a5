"""``--data DIR``: which city an operator's command speaks of."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import click

from bff.cli_errors import Failure

data_option: Final[Callable[[click.decorators.FC], click.decorators.FC]] = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of a running `suishen up`, such as .suishen, instead of SUISHEN_* variables.",
)


def environ_of(data: Path | None) -> Mapping[str, str]:
    """The variables of the city that runs in ``data``, or this process's own; exit 2 if none runs there."""
    if data is None:
        return os.environ
    from bff.platform.variables import kept_variables

    kept = kept_variables(data)
    if kept is None:
        raise Failure(
            f"{data} 中没有正在运行的城市；请先运行 suishen up --data {data}",
            f"no city is running in {data}: start it with suishen up --data {data}",
        )
    return kept
