"""What holds for the whole project: who imports whom, exit codes, public names, help texts."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from wasmkit import errors
from wasmkit.cli.main import VERBS, cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "wasmkit").rglob("*.py")) + sorted((ROOT / "hub").rglob("*.py"))
GUEST = ROOT / "wasmkit" / "toolchain" / "python" / "guest"

MAY_IMPORT = {
    "errors": set(),
    "abi": set(),
    "sdk": {"abi"},
    "files": {"errors"},
    "http": set(),
    "plugin": set(),
    "wasm": {"errors"},
    "project": {"errors", "plugin"},
    "traffic": {"errors"},
    "envoy": {"abi", "errors", "http", "plugin"},
    "host": {"abi", "errors", "files", "http", "plugin", "wasm"},
    "inspection": {"abi", "errors", "host", "wasm"},
    "engines": {"abi", "envoy", "errors", "host", "http", "plugin", "project", "sdk", "traffic"},
    "toolchain": {"abi", "errors", "files", "host", "project", "sdk", "wasm"},
    "replay": {"abi", "engines", "errors", "project", "traffic"},
    "artifact": {"errors", "files", "inspection", "project"},
    "serve": {"abi", "envoy", "errors", "http", "plugin", "project", "toolchain"},
    "hub": {"abi", "artifact", "errors", "inspection"},
}
"""Each part with what it may import; ``cli`` may import everything, and nothing imports ``cli``."""


def part_of(file: Path) -> str:
    place = file.relative_to(ROOT).with_suffix("").parts
    return "hub" if place[0] == "hub" else place[1]


def imported_names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "wasmkit":
            yield from (f"wasmkit.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def imported_parts(file: Path) -> set[str]:
    parts = set()
    for name in imported_names(file):
        package, _, rest = name.partition(".")
        if package == "wasmkit_hub":
            parts.add("hub")
        elif package == "wasmkit" and rest and rest != "__version__":
            parts.add(rest.partition(".")[0])
    return parts - {part_of(file)}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_down(file: Path) -> None:
    part = part_of(file)
    if part == "cli":
        return
    assert imported_parts(file) <= MAY_IMPORT.get(part, set())


def test_each_kind_of_error_has_an_exit_code_of_its_own() -> None:
    kinds = errors.WasmkitError.__subclasses__()
    assert len(kinds) == 6
    codes = {kind.exit_code for kind in kinds}
    assert codes == {1, 2, 3, 4, 5, 6}


def module_name(file: Path) -> str:
    place = file.relative_to(ROOT).with_suffix("").parts
    names = place[1:] if place[0] == "hub" else place
    return ".".join(names).removesuffix(".__init__")


def _constants_then_classes(name: str) -> tuple[bool, bool, str]:
    """Order names as ruff's RUF022 does: CONSTANTS, Classes, functions."""
    return (not name.isupper(), not name[:1].isupper(), name)


@pytest.mark.parametrize(
    "file", [file for file in SOURCES if GUEST not in file.parents], ids=module_name
)
def test_public_names_exist_and_are_sorted(file: Path) -> None:
    module = importlib.import_module(module_name(file))
    names = getattr(module, "__all__", None)
    if names is None:
        # Only a package's face that has nothing to offer may leave the list out.
        assert file.name == "__init__.py"
        return
    assert list(names) == sorted(names, key=_constants_then_classes)
    declared = getattr(module, "__annotations__", {})
    assert [name for name in names if not hasattr(module, name) and name not in declared] == []
    assert module.__doc__


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli, info_name="wasmkit")
    for verb in VERBS:
        command = cli.get_command(context, verb)
        assert command is not None
        yield verb, command
        if isinstance(command, click.Group):
            for name, child in command.commands.items():
                yield f"{verb} {name}", child


@pytest.mark.parametrize(("verb", "command"), list(commands()), ids=str)
def test_every_command_has_help_with_an_example(
    verb: str, command: click.Command, golden: Callable[[str, str], None]
) -> None:
    top = click.Context(cli, info_name="wasmkit", **cli.context_settings)
    context = click.Context(command, info_name=verb, parent=top, terminal_width=100)
    text = command.get_help(context)
    assert re.search(rf"Examples?:\s+wasmkit {verb.partition(' ')[0]}\b", text)
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, parameter.name
    golden(f"help/{verb.replace(' ', '-')}.txt", text + "\n")


def test_the_top_level_help_names_every_verb() -> None:
    text = cli.get_help(click.Context(cli, info_name="wasmkit"))
    assert [verb for verb in VERBS if f"  {verb} " not in text] == []


def test_reports_are_available_as_json() -> None:
    reporting = {"inspect", "test", "push", "pull"}
    found = {
        verb
        for verb, command in commands()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert reporting <= found
