"""How a command says that it could not begin: to a person in two languages, to a program in JSON."""

import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

USAGE: Final = 2


class Failure(click.ClickException):
    """A command cannot do its work; said in both languages, and it ends with 2."""

    exit_code = USAGE

    def __init__(self, zh: str, en: str, *, text: str | None = None) -> None:
        super().__init__(en)
        self.zh = zh
        self._text = text or f"{zh}\n{en}"

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's signature
        """Print both languages, on standard error unless ``file`` is given."""
        click.echo(self._text, file=file, err=file is None)


class Refused(Failure):
    """The same, of what was asked in order and is not to be had; it ends with 1."""

    exit_code = 1


class Unusable(click.BadParameter):
    """What was given for an option or argument cannot be used; said in both languages."""

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        param_hint: str | None = None,
        param: click.Parameter | None = None,
        ctx: click.Context | None = None,
    ) -> None:
        super().__init__(en, ctx=ctx, param=param, param_hint=param_hint)
        self.zh = zh


class ExplainedGroup(click.Group):
    """The outermost group: whatever refuses a command below it is told here.

    With ``--json`` that is one object on standard output, ``{"error": {"zh", "en"}, "exitCode"}``.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - click's signature
        **extra: Any,  # noqa: ANN401 - click's signature
    ) -> Any:  # noqa: ANN401 - click's signature
        """Run the command; exits, unless the caller wants to handle what happens himself."""
        words = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in words
        try:
            done = super().main(
                words,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except click.Abort:
            if not standalone_mode:
                raise
            done = _tell(Refused("已中止", "Aborted"), as_json=as_json)
        except click.ClickException as failure:
            if not standalone_mode:
                raise
            done = _tell(failure, as_json=as_json)
        except OSError as error:
            # One without a file's name is nothing the caller could mend: its traceback is wanted.
            if not standalone_mode or not isinstance(error.filename, str | bytes | os.PathLike):
                raise
            name = os.fsdecode(error.filename)
            unusable = Failure(f"文件或目录 {name} 无法使用", f"{name} cannot be used: {error.strerror}")
            done = _tell(unusable, as_json=as_json)
        if standalone_mode:
            # --help and --version come back as a status, a command as nothing.
            sys.exit(done if isinstance(done, int) else 0)
        return done


def _tell(failure: click.ClickException, *, as_json: bool) -> int:
    import msgspec

    zh = _in_chinese(failure)
    if as_json:
        error = {"zh": zh, "en": failure.format_message()}
        click.echo(msgspec.json.encode({"error": error, "exitCode": failure.exit_code}))
    else:
        failure.show()
        if isinstance(failure, click.UsageError) and not isinstance(
            failure, click.exceptions.NoArgsIsHelpError
        ):
            click.echo(f"错误：{zh}", err=True)
    return failure.exit_code


def _in_chinese(failure: click.ClickException) -> str:
    """What is wrong, where click says it in English only."""
    match failure:
        case Failure():
            return failure.zh
        case click.MissingParameter():
            return f"缺少 {_parameter(failure)}"
        case Unusable():
            return f"{_parameter(failure)} 的值不可用：{failure.zh}"
        case click.BadParameter():
            return f"{_parameter(failure)} 的值不可用（{failure.message}）"
        case click.NoSuchOption() | click.BadOptionUsage():
            return f"选项 {failure.option_name} 不存在或用法不对"
        case click.UsageError():
            return "命令的用法不对，请看 --help"
        case click.FileError():
            return f"文件 {failure.ui_filename} 无法使用"
        case _:
            return "命令未能完成"


def _parameter(failure: click.BadParameter) -> str:
    if failure.param_hint is not None:
        hint = failure.param_hint
        return hint if isinstance(hint, str) else " / ".join(hint)
    return "参数" if failure.param is None else failure.param.get_error_hint(failure.ctx)
