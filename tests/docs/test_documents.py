"""What the documents show was run, and what they list is what there is."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from tests.architecture import tree
from tests.docs import settings_table

DOCUMENTS: Final = [path for path in tree.files() if path.suffix == ".md"]
ADRS: Final = sorted((tree.ROOT / "docs" / "adr").glob("[0-9]*.md"))
HEADINGS: Final = ["Context", "Decision", "Consequences", "Alternatives considered", "References"]
BIN: Final = tree.ROOT / ".venv" / "bin"


def run(command: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` where a reader would: at the top, with the environment's programs on the path."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=tree.ROOT,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def shown(example: Example) -> str | None:
    """Run each ``$`` line of a console block; its output is what is shown, where … stands for anything."""
    for entry in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
        command, _, expected = entry.partition("\n")
        status = re.search(r"# exit (\d)$", command)
        result = run(command)
        pattern = "".join(
            ".*" if part == "…" else re.escape(part) for part in re.split("(…)", expected.strip())
        )
        if result.returncode != int(status[1] if status else 0):
            return f"{command}: exit {result.returncode}: {result.stderr}"
        if not re.fullmatch(pattern, result.stdout.strip(), re.DOTALL):
            return f"{command}: printed\n{result.stdout}"
    return None


def offered(example: Example) -> str | None:
    """Check each line of a shell block without running it: it parses, and what it calls exists."""
    if (parsed := run(f"bash -n <<'BLOCK'\n{example.parsed}\nBLOCK")).returncode:
        return parsed.stderr
    for line in example.parsed.splitlines():
        words = [word for word in line.partition(" # ")[0].split() if not re.match(r"[A-Z_]+=", word)]
        if words[:1] == ["make"]:
            result = run(f"make --dry-run --assume-old=.venv/.ready {words[1]}")
        elif words[:1] == ["suishen"]:
            named = [word for word in words[1:] if re.fullmatch(r"[a-z]+", word)]
            result = run(f"suishen {' '.join(named)} --help")
        elif words and not shutil.which(words[0]) and not (tree.ROOT / words[0]).exists():
            if words[0] == "docker":  # only cities have it
                continue
            return f"no such command: {words[0]}"
        else:
            continue
        if result.returncode:
            return f"{line}: {result.stderr}"
    return None


PARSERS: Final = Sybil(
    parsers=[PythonCodeBlockParser(), CodeBlockParser("console", shown), CodeBlockParser("sh", offered)]
)


def parse(path: Path) -> Document:
    """The examples of a document; those in one document share their names."""
    return PARSERS.parse(path)


EXAMPLES: Final = [
    pytest.param(example, id=f"{tree.name(path)}:{example.line}")
    for path in DOCUMENTS
    for example in parse(path).examples()
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_in_a_document_works(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.ROOT)

    example.evaluate()


def test_the_readme_begins_with_two_commands() -> None:
    first = re.search(r"```sh\n(.*?)```", (tree.ROOT / "README.md").read_text("utf-8"), re.DOTALL)

    assert first
    assert [line.split("#")[0].strip() for line in first[1].splitlines()] == ["make run", "make test"]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert (tree.ROOT / ".ci" / "run").read_text("utf-8").rstrip().endswith("\nmake test")


def test_make_alone_lists_every_target() -> None:
    makefile = (tree.ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    listed = re.findall(r"^  make (\w+) ", run("make").stdout, re.MULTILINE)

    assert phony
    assert listed == phony[1].split()


def test_every_command_in_the_readme_exists() -> None:
    block = re.search(
        r"## The command line\n\n```\n(.*?)```", (tree.ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    assert block
    listed = set()
    for line in block[1].splitlines():
        usage = re.split(r"\s{2,}", line)[0].removeprefix("suishen ")
        listed |= (
            {usage.split()[0]} if "|" not in usage.split()[1:2] else set(usage.replace("|", " ").split())
        )

    existing = set(
        re.findall(r"^  ([a-z-]+)  ", run("suishen --help").stdout.partition("Commands:")[2], re.MULTILINE)
    )
    assert listed == existing


@pytest.mark.parametrize("document", [settings_table.README, settings_table.COMPLETE], ids=tree.name)
def test_the_tables_of_settings_are_those_of_the_structs(document: Path) -> None:
    assert document.read_text("utf-8") == settings_table.written(document), (
        "run: python -m tests.docs.settings_table"
    )


def test_every_folder_in_the_readme_is_there_and_the_other_way_round() -> None:
    block = re.search(
        r"## How it is laid out\n\n```\n(.*?)```", (tree.ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    assert block
    named = set(re.findall(r"^([a-z_]+)/ ", block[1], re.MULTILINE))

    assert named == {
        name
        for path in tree.files()
        if not (name := tree.name(path).split("/")[0]).startswith(".") and (tree.ROOT / name).is_dir()
    }


def test_every_decision_is_in_the_list() -> None:
    listed = re.findall(
        r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (tree.ROOT / "docs/adr/README.md").read_text("utf-8")
    )

    assert listed == [path.name for path in ADRS]


@pytest.mark.parametrize("adr", ADRS, ids=lambda path: path.name[:4])
def test_a_decision_has_five_headings(adr: Path) -> None:
    text = adr.read_text("utf-8")

    assert text.startswith(f"# {adr.name[:4]}: ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
