"""A command that cannot begin says why: to a person in two languages, to a program in JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bff.cli import main
from bff.cli_errors import ExplainedGroup

NO_SETTINGS = {"SUISHEN_MONGO_URL": None}


def commands(group: click.Group, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command there is, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield (*above, name), command


SPEAKING_JSON = [
    words
    for words, command in commands(main)
    if any("--json" in parameter.opts for parameter in command.params)
]


def run(*words: str | Path, given: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=NO_SETTINGS, input=given)


def error_of(result: Result, exit_code: int = 2) -> Any:  # noqa: ANN401 - JSON
    """The one object a program is told, which says the exit status as well."""
    assert result.exit_code == exit_code, result.output
    assert result.stderr == ""
    told = json.loads(result.stdout)
    assert (set(told), set(told["error"]), told["exitCode"]) == (
        {"error", "exitCode"},
        {"zh", "en"},
        exit_code,
    )
    assert not told["error"]["zh"].isascii()
    return told["error"]


def test_these_commands_speak_json() -> None:
    assert {("audit", "verify"), ("wallet", "verify"), ("demo",), ("doctor",)} < set(SPEAKING_JSON)
    assert len(SPEAKING_JSON) >= 9


@pytest.mark.parametrize("words", SPEAKING_JSON, ids=" ".join)
def test_every_command_that_speaks_json_refuses_in_json(words: tuple[str, ...]) -> None:
    for given in ((*words, "--json", "--no-such"), (*words, "--no-such", "--json")):
        assert "--no-such" in error_of(run(*given))["en"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("wallet", "verify", "x", "--trust", "{strange}"), "--trust"),
        (("wallet", "verify", "x", "--trust", "{nowhere}"), "--trust"),
        (("wallet", "verify", "x", "--trust", "{folder}"), "--trust"),
        (("wallet", "verify", "x"), "--trust"),
        (("wallet", "verify", "x", "--trust", "{strange}", "--at", "noon"), "noon"),
        (("audit", "verify", "{nowhere}"), "No such file"),
        (("audit", "verify", "{folder}"), "{folder}"),
        (("audit", "verify", "{strange}"), "line 1 cannot be read"),
        (("audit", "verify", "{strange}", "--trust", "{strange}"), "--trust"),
        (("audit", "verify", "--since", "{nowhere}"), "--since"),
        (("audit", "verify", "{strange}", "--data", "{folder}"), "not both"),
        (("audit", "verify", "--data", "{folder}"), "no city is running"),
        (("audit", "verify"), "SUISHEN_MONGO_URL"),
        (("account", "merges"), "SUISHEN_MONGO_URL"),
        (("directory", "import", "{nowhere}"), "does not exist"),
        (("doctor", "--data", "{folder}"), "no city is running"),
        (("sessions", "end", "resident"), "--subject"),
        (("sessions", "end", "king", "--all"), "king"),
        (("bench", "no-such"), "no-such"),
        (("no-such",), "no-such"),
    ],
    ids=" ".join,
)
def test_a_bad_argument_is_told_in_json_and_in_words(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    places = {
        "strange": tmp_path / "strange.md",
        "nowhere": tmp_path / "nowhere",
        "folder": tmp_path,
    }
    places["strange"].write_text("# neither keys nor records\n", "utf-8")
    placed = [word.format_map(places) for word in words]
    assert says.format_map(places) in error_of(run(*placed, "--json"))["en"]

    in_words = run(*placed)
    assert (in_words.exit_code, in_words.stdout) == (2, "")
    assert says.format_map(places) in in_words.stderr
    assert not in_words.stderr.isascii()
    assert "Traceback" not in in_words.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("wallet", "draw", "abc", "{nowhere}/code.svg"),
        ("keys", "new", "{file}/keys"),
        ("schemas", "export", "--out", "{file}/out"),
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_written_is_named(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    placed = [word.format(nowhere=tmp_path / "nowhere", file=tmp_path / "file") for word in words]

    done = run(*placed)

    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{placed[-1]} 无法使用" in done.stderr
    assert f"{placed[-1]} cannot be used: No" in done.stderr


def test_a_file_that_cannot_be_used_is_told_in_json() -> None:
    @click.group(cls=ExplainedGroup)
    def group() -> None: ...

    @group.command()
    @click.option("--json", is_flag=True, expose_value=False)
    def read() -> None:
        Path("/nowhere").read_bytes()

    told = error_of(CliRunner().invoke(group, ["read", "--json"]))
    assert told["en"] == "/nowhere cannot be used: No such file or directory"


def test_an_error_of_no_file_keeps_its_traceback() -> None:
    @click.group(cls=ExplainedGroup)
    def group() -> None: ...

    @group.command()
    def call() -> None:
        raise ConnectionResetError

    assert isinstance(CliRunner().invoke(group, ["call"]).exception, ConnectionResetError)


def test_a_folder_without_keys_is_told_in_json(tmp_path: Path) -> None:
    assert "key directory" in error_of(run("keys", "list", tmp_path / "nowhere", "--json"), 1)["en"]


def test_help_and_version_are_no_errors() -> None:
    assert run("audit", "verify", "--json", "--help").exit_code == 0
    assert run("--version").exit_code == 0
    bare = run()
    assert (bare.exit_code, "错误" in bare.output) == (2, False)


def test_who_calls_it_as_a_function_gets_the_exception() -> None:
    with pytest.raises(click.UsageError):
        main(["audit", "verify", "--no-such", "--json"], standalone_mode=False)
