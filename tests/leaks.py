"""What no log line may hold, and where it is looked for.

Two nets. Names, phones, ID numbers, openids of the synthetic city are searched for as they are; tokens
and codes by their form. And what redaction had to strike is a leak too: somebody tried.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

_FORMS: Final = {
    "a JWT": re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"),
    "a shown code": re.compile(r"LZ1:[0-9A-Z $%*+\-./:]{40,}|\bLZ[A-Z2-7]{26}\b"),
    "an opaque token": re.compile(r"(?<![\w-])(?![0-9a-f]+(?![\w-]))[\w-]{43}(?![\w-])"),
    "an ID number": re.compile(r"(?<!\w)[1-9]\d{5}(?:19|20)\d{9}[0-9X](?!\w)"),
    "a phone number": re.compile(r"(?<!\w)1[3-9]\d{9}(?!\w)"),
}
_STRUCK: Final = re.compile(r"\[(?:bearer|code|email|id_number|openid|phone|token)\]")


def leaks(log: str, identifiers: Collection[str]) -> Iterator[str]:
    """What is wrong in ``log``, each with its line; the finding itself does not repeat it."""
    for number, line in enumerate(log.splitlines(), 1):
        for what, form in _FORMS.items():
            if form.search(line):
                yield f"line {number}: {what}"
        if any(identifier in line for identifier in identifiers):
            yield f"line {number}: somebody of the city"
        if _STRUCK.search(_without_message(line)):
            yield f"line {number}: something that had to be struck"


def leaks_below(folder: Path, identifiers: Collection[str]) -> list[str]:
    """The same for every log file under ``folder``."""
    return [
        f"{file}: {leak}"
        for file in sorted(folder.rglob("*.log"))
        for leak in leaks(file.read_text("utf-8", errors="replace"), identifiers)
    ]


def _without_message(line: str) -> str:
    """``line`` without the message of an exception: it is somebody else's text, there at `debug` only."""
    try:
        event = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        return line
    event.pop("message", None)
    return str(event)
