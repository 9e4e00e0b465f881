"""The parts of the documentation that follow from the source: name, and what makes the text.

Each stands in a Markdown file between ``<!-- generated: NAME -->`` and ``<!-- end of NAME -->``.
``make docs`` writes them; ``tests/docs`` fails if one is not as it should be.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from abi_tables import TABLES, table
from wasmkit.cli.main import VERBS, cli
from wasmkit.sdk import HttpFilter, RootContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["PARTS", "commands"]


def commands() -> Iterator[tuple[str, click.Command, str]]:
    """Yield each command that can be run, the words before its arguments, and what it does."""
    context = click.Context(cli, info_name="wasmkit")
    for verb, meaning in VERBS.items():
        command = cli.get_command(context, verb)
        assert command is not None
        if isinstance(command, click.Group):
            alone = len(command.commands) == 1
            for name, child in command.commands.items():
                said = meaning if alone else child.get_short_help_str(limit=200)
                yield f"{verb} {name}", child, said
        else:
            yield verb, command, meaning


def commands_table() -> str:
    """Every command with its arguments, and its options but for ``--help``."""
    rows = []
    for words, command, meaning in commands():
        context = click.Context(command, info_name=words)
        arguments = [
            parameter.make_metavar(context)
            for parameter in command.params
            if isinstance(parameter, click.Argument)
        ]
        options = [
            f"`{parameter.opts[-1]}`"
            for parameter in command.params
            if isinstance(parameter, click.Option)
        ]
        line = " ".join(["wasmkit", words, *(each.removesuffix("...") for each in arguments)])
        rows.append((f"`{line}`", meaning, " ".join(options)))
    return table(("command", "what it does", "options"), rows)


def hooks_table() -> str:
    """Every hook of a filter and of its root object, with its docstring's first line."""
    rows = []
    for owner, prefix in ((HttpFilter, ""), (RootContext, "root: ")):
        for name, hook in vars(owner).items():
            if name.startswith("on_"):
                parameters = ", ".join(list(inspect.signature(hook).parameters)[1:])
                meaning = (inspect.getdoc(hook) or "").partition("\n")[0].replace("``", "`")
                rows.append((f"{prefix}`{name}({parameters})`", meaning))
    return table(("hook", "what it is for"), rows)


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "commands": ("README.md", commands_table),
    "hooks": ("README.md", hooks_table),
} | TABLES
"""Each part's name, with the file that holds it, from the repository's top, and its maker."""
