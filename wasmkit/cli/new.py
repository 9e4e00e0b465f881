"""``wasmkit new``: a project from a template."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmkit.errors import InputError

if TYPE_CHECKING:
    from wasmkit.project.templates import Parameter, Template

__all__ = ["command"]

_NEXT = (
    ("wasmkit test", "plays recordings/ through the filter"),
    ("wasmkit run", "runs it in Envoy, in front of an upstream"),
    ("wasmkit build", "makes the module to publish"),
)


@click.command(
    "new",
    epilog="Example: wasmkit new my-filter --set author='Jo <jo@example.com>' --no-input",
)
@click.argument("name", required=False, type=click.Path(path_type=Path))
@click.option("--template", default="python-http", show_default=True, help="What to start from.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Answer a question.")
@click.option("--no-input", is_flag=True, help="Ask nothing: take the defaults.")
@click.option("--list", "list_only", is_flag=True, help="List the templates and their questions.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    *,
    name: Path | None,
    template: str,
    settings: tuple[str, ...],
    no_input: bool,
    list_only: bool,
    as_json: bool,
) -> None:
    """Make a filter project from a template.

    NAME is the folder to make; its last part becomes the filter's name.
    """
    from wasmkit.project import NewRequest, new_project  # noqa: PLC0415  # keeps --help fast
    from wasmkit.project.templates import list_templates  # noqa: PLC0415  # as above

    if list_only:
        for each in list_templates():
            _show(each)
        return
    if name is None:
        raise click.UsageError("give the new project a NAME, such as my-filter")
    values = dict(_split(setting) for setting in settings)
    asks = not (no_input or as_json) and sys.stdin.isatty() and sys.stdout.isatty()
    made = new_project(NewRequest(name, template, values), ask=_ask if asks else None)
    if as_json:
        result = {"folder": str(made.target), "template": made.template, "files": made.files}
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(f"made {click.style(str(name), bold=True)} from {made.template}:")
    for file in made.files:
        click.echo(f"  {file}")
    click.echo("\nnext:")
    click.echo(f"  cd {shlex.quote(str(name))}")
    for line, meaning in _NEXT:
        click.echo(f"  {line:<15}{click.style(meaning, dim=True)}")


def _show(template: Template) -> None:
    click.echo(f"{click.style(template.name, bold=True)}  {template.description}")
    for parameter in template.parameters:
        click.echo(f"  --set {parameter.name}=…  {parameter.prompt} [{parameter.default}]")


def _split(setting: str) -> tuple[str, str]:
    key, equals, value = setting.partition("=")
    if not equals:
        raise click.UsageError(f"--set {setting}: write it as KEY=VALUE")
    return key, value


def _ask(parameter: Parameter) -> str:
    def check(value: str) -> str:
        try:
            parameter.check(value)
        except InputError as error:
            raise click.UsageError(f"{error}: {error.hint}") from error
        return value

    answer: str = click.prompt(parameter.prompt, default=parameter.default, value_proc=check)
    return answer
