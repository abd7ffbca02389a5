"""``suishen schemas``: the contract in the forms others build on."""

from pathlib import Path

import click


@click.group()
def schemas() -> None:
    """The contract, for those who build on it (接口契约)."""


@schemas.command()
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into."
)
def export(out: Path) -> None:
    """Write OpenAPI 3.1, JSON Schema and TypeScript, made anew from the routes (导出契约)."""
    from bff.platform.contract import contract_of
    from bff.processes.web import contract_app

    contract = contract_of(contract_app())
    contract.write(out)
    for name in contract.files:
        click.echo(out / name)
