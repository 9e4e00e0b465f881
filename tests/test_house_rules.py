"""What holds for the whole project: who imports whom, exit codes, public names, help texts."""

from __future__ import annotations

import ast
import graphlib
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

IMPORTS: dict[str, set[str]] = {
    "abi": set(),
    "artifact": {
        *("errors", "files", "inspection", "progress", "project", "records", "toolchain"),
    },
    "engines": {
        *("abi", "envoy", "errors", "host", "http", "plugin", "profiles", "project", "sdk"),
        "traffic",
    },
    "envoy": {"abi", "errors", "http", "plugin"},
    "errors": set(),
    "files": {"errors"},
    "host": {"abi", "errors", "files", "http", "plugin", "profiles", "wasm"},
    "http": set(),
    "hub": {"artifact", "errors", "inspection", "plugin", "progress", "project", "records"},
    "inspection": {"abi", "errors", "files", "profiles", "progress", "records", "wasm"},
    "plugin": set(),
    "profiles": {"abi", "errors"},
    "progress": set(),
    "project": {"errors", "files", "inspection", "plugin", "records"},
    "records": {"errors"},
    "replay": {
        *("abi", "engines", "errors", "files", "http", "progress", "project", "toolchain"),
        "traffic",
    },
    "sdk": {"abi"},
    "serve": {
        *("abi", "envoy", "errors", "files", "http", "plugin", "progress", "project", "toolchain"),
    },
    "toolchain": {
        *("abi", "errors", "files", "host", "inspection", "progress", "project", "sdk", "wasm"),
    },
    "traffic": {"errors", "files", "http"},
    "wasm": {"errors"},
}
"""Each part with what it imports, no more and no less.

``cli`` is above them all: it may import everything, and no row names it.
"""


def part_of(name: str) -> str:
    """Return the part that a module belongs to, by its dotted name."""
    package, _, rest = name.partition(".")
    return "hub" if package == "wasmkit_hub" else rest.partition(".")[0]


def module_name(file: Path) -> str:
    place = file.relative_to(ROOT).with_suffix("").parts
    names = place[1:] if place[0] == "hub" else place
    return ".".join(names).removesuffix(".__init__")


MODULES = {module_name(file): file for file in SOURCES}
PARTS = {part_of(name) for name in MODULES} - {"", "cli"}


def imported_names(file: Path) -> Iterator[str]:
    """Yield the dotted name of each of the project's modules and names that a file imports.

    A string that is the dotted name of a module counts too: that is how late imports are written.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                names = [f"{module}.{alias.name}" for alias in node.names]
            case ast.Constant(value=str(text)) if text in MODULES:
                names = [text]
            case _:
                continue
        yield from (name for name in names if name.partition(".")[0] in ("wasmkit", "wasmkit_hub"))


def foreign_names(name: str) -> set[str]:
    """Return what a module imports of other parts."""
    own = part_of(name)
    return {
        each
        for each in imported_names(MODULES[name])
        if part_of(each) not in (own, "", "__version__")
    }


def test_every_part_has_a_row() -> None:
    assert set(IMPORTS) == PARTS


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_imports_what_its_row_says(part: str) -> None:
    used: dict[str, list[str]] = {}
    for name in MODULES:
        if part_of(name) == part:
            for each in foreign_names(name):
                used.setdefault(part_of(each), []).append(name)
    row = IMPORTS.get(part, set())
    assert {other: users for other, users in used.items() if other not in row} == {}
    assert row - set(used) == set(), "nothing uses these: take them out of the row"


def test_the_rows_have_an_order() -> None:
    graphlib.TopologicalSorter(IMPORTS).prepare()  # raises CycleError with the circle


def test_no_part_imports_what_is_private_to_another() -> None:
    found = {
        (name, each)
        for name in MODULES
        for each in foreign_names(name)
        if any(part.startswith("_") for part in each.split("."))
    }
    assert found == set()


def circles() -> list[set[str]]:
    """Return the groups of modules that import each other, by taking away what has an end."""
    graph = {
        name: {
            each if each in MODULES else each.rpartition(".")[0] for each in imported_names(file)
        }
        & MODULES.keys() - {name}
        for name, file in MODULES.items()
    }
    reach: dict[str, set[str]] = {}
    for name in graph:
        seen: set[str] = set()
        pending = [name]
        while pending:
            new = graph[pending.pop()] - seen
            seen |= new
            pending += new
        reach[name] = seen
    groups = {
        frozenset(other for other in reach[name] if name in reach[other])
        for name in graph
        if name in reach[name]
    }
    return sorted(map(set, groups), key=sorted)


def test_no_modules_import_each_other() -> None:
    assert circles() == []


def runs_code(file: Path) -> bool:
    """Return whether there is anything to test: not where names, shapes and tables are listed.

    Migrations run whenever a test opens a hub's database.
    """
    if "migrations" in file.parts:
        return False
    functions = (
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    # A protocol's methods are docstrings and dots.
    return any(not isinstance(line, ast.Expr) for each in functions for line in each.body)


def place_of_tests(name: str) -> str:
    """Return where the unit tests of a module are: folder and file under tests/unit.

    A package's own code is tested in a file named after it.
    """
    package, *folders, last = name.split(".")
    if MODULES[name].name == "__init__.py":
        folders.append(last)
    top = ["hub"] if package == "wasmkit_hub" else []
    return "/".join([*top, *folders, f"test_{last.lstrip('_')}.py"])


def test_unit_tests_mirror_the_source() -> None:
    places = {
        place_of_tests(name): runs_code(file)
        for name, file in MODULES.items()
        if GUEST not in file.parents and "." in name
    }
    unit = ROOT / "tests" / "unit"
    tests = {str(file.relative_to(unit)) for file in unit.rglob("test_*.py")}
    # The tests of one module may fill several files: test_dispatch.py, test_dispatch_failures.py.
    strays = {
        test
        for test in tests - places.keys()
        if not any(test.startswith(f"{place.removesuffix('.py')}_") for place in places)
    }
    needed = {place for place, runs in places.items() if runs} - WITH_SOCKETS.keys()
    assert needed - tests == set(), "modules without unit tests"
    assert strays == set(), "unit tests without a module of that name"


WITH_SOCKETS = {
    "engines/test_envoy.py": "functional/test_engine_envoy.py",
    "envoy/test_ends.py": "functional/test_envoy_ends.py",
}
"""What cannot be tested without a network, and where it is tested with one."""


@pytest.mark.parametrize(("place", "instead"), WITH_SOCKETS.items(), ids=list(WITH_SOCKETS))
def test_what_needs_a_network_is_tested_elsewhere(place: str, instead: str) -> None:
    assert not (ROOT / "tests" / "unit" / place).exists()
    assert (ROOT / "tests" / instead).is_file()


PYTHON = [
    *SOURCES,
    *(
        file
        for folder in ("tests", "filters")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if not any(part.startswith(".") for part in file.relative_to(ROOT).parts)
    ),
]


def test_sizes() -> None:
    long_files, long_functions = {}, {}
    for file in PYTHON:
        text = file.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > MAX_FILE:
            long_files[str(file.relative_to(ROOT))] = lines
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert node.end_lineno is not None
                if (lines := node.end_lineno - node.lineno + 1) > MAX_FUNCTION:
                    long_functions[f"{file.relative_to(ROOT)}:{node.name}"] = lines
    assert (long_files, long_functions) == ({}, {})


MAX_FILE, MAX_FUNCTION = 600, 60


def test_bytes_become_text_in_one_place_for_the_library_and_one_for_the_sdk() -> None:
    places = {
        str(file.relative_to(ROOT)): file.read_text().count("surrogateescape") for file in SOURCES
    }
    found = {place: count for place, count in places.items() if count}
    assert found == {"wasmkit/http/message.py": 2, "wasmkit/sdk/_text.py": 1}


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        (r"#\s*type: ignore(?!\[[a-z, -]+\]  # [^\s#])", PYTHON),
        (r"#\s*noqa(?!: [A-Z]+\d+(, [A-Z]+\d+)*  # [^\s#])", SOURCES),
    ],
    ids=["type-error", "lint-rule"],
)
def test_what_is_ignored_has_its_code_and_its_reason(pattern: str, files: list[Path]) -> None:
    bare = {
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    }
    assert bare == set()


HUB_IMPORTS: dict[str, set[str]] = {
    "platform": set(),
    "registry": {"platform"},
    "verification": {"platform", "registry"},
    "catalogue": {"registry", "verification", "platform"},
    "web": {"catalogue", "platform", "registry", "verification"},
    "hub": {"catalogue", "platform", "registry", "verification"},
    "worker": {"hub", "platform", "registry", "verification"},
    "app": {"hub", "platform", "registry", "web", "worker"},
    "serve": {"app", "platform"},
}
"""The hub's domains and, last, the modules that put them together: exactly what each imports."""


def test_the_hubs_domains_import_what_the_table_says() -> None:
    found: dict[str, set[str]] = {}
    for name, file in MODULES.items():
        package, *place = name.split(".")
        if package == "wasmkit_hub" and place and file.name != "__init__.py":
            used = {each.split(".")[1] for each in imported_names(file) if part_of(each) == "hub"}
            found.setdefault(place[0], set()).update(used - {place[0]})
    assert found == HUB_IMPORTS
    graphlib.TopologicalSorter(HUB_IMPORTS).prepare()  # raises CycleError with the circle


def test_each_kind_of_error_has_an_exit_code_of_its_own() -> None:
    kinds = errors.WasmkitError.__subclasses__()
    assert len(kinds) == 6
    codes = {kind.exit_code for kind in kinds}
    assert codes == {1, 2, 3, 4, 5, 6}


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
    reporting = {"new", "build", "inspect", "test", "push", "pull"}
    found = {
        verb
        for verb, command in commands()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert reporting <= found
