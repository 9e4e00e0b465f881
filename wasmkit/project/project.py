"""A filter project as its ``wasmkit.toml`` describes it, read once and checked completely.

What passes ``load_project`` can be relied on everywhere else: the shape is that of
``project.schema.json``, every path stays inside the project's folder and leads to a file, and
the example configuration fits the filter's own schema. What ``entry`` means is the language's
(``wasmkit.toolchain.language``), which checks it.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wasmkit.errors import InputError
from wasmkit.files import read_bounded
from wasmkit.plugin import FailurePolicy, PluginConfig, VmConfig
from wasmkit.project.json_schema import Fault, SchemaError, dotted, find_fault
from wasmkit.project.toml_lines import TomlLines

if TYPE_CHECKING:
    from wasmkit.project.toml_lines import KeyPath

__all__ = [
    "PROJECT_FILE",
    "SIZE_LIMIT",
    "ConfigSection",
    "FilterFacts",
    "Project",
    "ProjectFile",
    "configuration_fault",
    "is_project",
    "load_project",
    "project_schema",
    "read_configuration_schema",
]

PROJECT_FILE = "wasmkit.toml"
SIZE_LIMIT = 1024 * 1024
"""Bytes; no project file and no configuration schema is nearly as large."""

_LONG_KEY = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){64}"""
)
"""``tomllib`` takes a time quadratic in the parts of a dotted key: seconds for 64 KiB of dots."""
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class ConfigSection:
    """What the filter can be told: its JSON Schema's file, and a JSON value that fits it."""

    schema: Path | None
    example: object


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterFacts:
    """What is said about a filter, in ``wasmkit.toml`` and wherever it goes; empty is unknown.

    This is the one list of it: ``project.schema.json`` says what each may be, the filter document
    holds them, and image annotations are made of them.
    """

    name: str
    version: str
    description: str = ""
    license: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    kind: str = ""
    root_id: str = ""
    on_error: str = ""
    """``close``: a request in which the filter raises ends with 500; ``open``: it passes."""
    lowest_envoy: str = ""


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A ``wasmkit.toml`` and where everything in it stands, for errors that name the line."""

    path: Path
    lines: TomlLines

    def error(self, fault: Fault) -> InputError:
        """Return the error about a value, with its line and dotted field."""
        return InputError(
            fault.message,
            file=self.path,
            line=self.lines.line(fault.path),
            field=dotted(fault.path),
            hint=fault.hint,
        )

    def inside(self, name: str, field: KeyPath) -> Path:
        """Return the file that ``name`` means, which must stand below the project's folder.

        Raises ``InputError`` about the value at ``field`` if it does not, or is not there.
        """
        root = self.path.parent
        path = root / name
        try:
            inside = (
                not _ABSOLUTE.match(name)
                and ".." not in re.split(r"[/\\]", name)
                and path.resolve().is_relative_to(root.resolve())
            )
            found = path.is_file()
        except (OSError, ValueError, RuntimeError):  # a NUL, a name too long, a loop of links
            inside = found = False
        if not inside:
            hint = "name a file below the project's folder, without '..'"
            raise self.error(Fault(field, f"{name!r} leads out of the project", hint))
        if not found:
            raise self.error(Fault(field, f"there is no file {name!r}", "make it, or correct this"))
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(FilterFacts):
    """A filter project. Every path is absolute; text fields are those of ``wasmkit.toml``."""

    entry: str
    """Where the filter begins in its source, in the language's own words."""
    config: ConfigSection
    file: ProjectFile = field(repr=False, compare=False)

    @property
    def root(self) -> Path:
        """Return the project's folder."""
        return self.file.path.parent

    @property
    def facts(self) -> FilterFacts:
        """Return what is said about the filter, without the project around it."""
        return FilterFacts(**{each.name: getattr(self, each.name) for each in fields(FilterFacts)})

    def plugin_config(self, module: bytes, configuration: bytes) -> PluginConfig:
        """Return the filter as every host and engine is told of it.

        ``module`` is what was built of it, empty for the engine ``native``.
        """
        return PluginConfig(
            vm=VmConfig(code=module),
            name=self.name,
            root_id=self.root_id,
            configuration=configuration,
            failure_policy=FailurePolicy.of(self.on_error),
        )

    @property
    def source_dir(self) -> Path:
        """Return the folder that the entry's module is imported from."""
        return self.root / "src"

    @property
    def recordings(self) -> tuple[Path, ...]:
        """Return the recordings, ``recordings/*.har``, by name."""
        return _files(self.root / "recordings", "*.har")

    @property
    def expectations(self) -> tuple[Path, ...]:
        """Return the expectation files, ``tests/*.yaml``, by name."""
        return _files(self.root / "tests", "*.yaml")

    @property
    def readme(self) -> Path | None:
        """Return the project's ``README.md``, or None if it has none."""
        file = self.root / "README.md"
        return file if file.is_file() else None


def is_project(path: Path) -> bool:
    """Say whether a path means a project, its folder or its ``wasmkit.toml``, and no module."""
    return path.is_dir() or path.suffix == ".toml"


def load_project(path: Path) -> Project:
    """Read the project at ``path``, a folder or its ``wasmkit.toml``.

    Raises ``InputError`` with file, line and dotted field for anything wrong with it.
    """
    try:
        file = (path / PROJECT_FILE if path.is_dir() else path).absolute()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path) from error
    text = _read(file, hint="make a project with: wasmkit new NAME")
    document = _parse(text, file)
    place = ProjectFile(file, TomlLines(text))
    fault = find_fault(project_schema(), document)
    if fault is not None:
        raise place.error(fault)
    project = _project(document, place)
    fault = configuration_fault(project.config, project.config.example)
    if fault is not None:
        hint = fault.hint or f"the schema is {project.config.schema}"
        raise place.error(Fault(("config", "example", *fault.path), fault.message, hint))
    return project


def configuration_fault(config: ConfigSection, value: object) -> Fault | None:
    """Return what the filter's schema has against a configuration, or None.

    Without a schema everything is allowed. Raises ``InputError`` when the schema is of no use.
    """
    if config.schema is None:
        return None
    try:
        return find_fault(read_configuration_schema(config.schema), value)
    except SchemaError as error:
        raise InputError(
            f"not a valid JSON Schema: {error}", file=config.schema, hint="see json-schema.org"
        ) from error


def read_configuration_schema(file: Path) -> object:
    """Return the JSON value that a configuration schema's file holds, or raise ``InputError``."""
    return _parse_json(_read(file, hint="make the file, or leave [config].schema out"), file)


@cache
def project_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``wasmkit.toml``; the caller must not change it."""
    text = Path(__file__).with_name("project.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


def _files(folder: Path, pattern: str) -> tuple[Path, ...]:
    return tuple(sorted(file for file in folder.glob(pattern) if file.is_file()))


def _read(file: Path, *, hint: str) -> str:
    """Return a file's text, within the limit."""
    data = read_bounded(file, SIZE_LIMIT, hint=hint)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8", file=file, line=line, hint="save it as UTF-8") from error


def _parse(text: str, file: Path) -> dict[str, Any]:
    if match := _LONG_KEY.search(text):
        before = text.count("\n", 0, match.start())
        raise InputError("a key has too many parts", file=file, line=before + 1)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise InputError("is nested too deeply", file=file) from error
    except ValueError as error:  # TOMLDecodeError, and int()'s limit on digits
        message = str(error)
        place = _TOML_PLACE.search(message)
        line = None if place is None else int(place[1] or text.count("\n") + 1)
        raise InputError(
            "not valid TOML: " + _TOML_PLACE.sub("", message), file=file, line=line
        ) from error


def _project(document: dict[str, Any], file: ProjectFile) -> Project:
    """Return the project of a document that has passed the schema."""
    section = document["filter"]
    properties = project_schema()["properties"]["filter"]["properties"]
    defaults = {key: part["default"] for key, part in properties.items() if "default" in part}
    values = {"root_id": section["name"], **defaults, **section}
    values["authors"] = tuple(values["authors"])
    return Project(file=file, config=_config(document.get("config", {}), file), **values)


def _config(section: dict[str, Any], file: ProjectFile) -> ConfigSection:
    schema = None
    if "schema" in section:
        schema = file.inside(section["schema"], ("config", "schema"))
    example = section.get("example", {})
    _check_json(example, ("config", "example"), file)
    return ConfigSection(schema=schema, example=example)


def _check_json(value: object, path: KeyPath, file: ProjectFile) -> None:
    """Refuse what TOML can say and JSON cannot: dates, inf and nan."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check_json(item, (*path, key), file)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_json(item, (*path, index), file)
    elif not isinstance(value, str | int) and not (
        isinstance(value, float) and math.isfinite(value)
    ):
        hint = "a filter gets its configuration as JSON: write this as a string"
        raise file.error(Fault(path, f"{value} is not a JSON value", hint))


def _parse_json(text: str, file: Path) -> object:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise InputError("is nested too deeply", file=file) from error
    except json.JSONDecodeError as error:
        raise InputError(f"not valid JSON: {error.msg}", file=file, line=error.lineno) from error
    except ValueError as error:  # int()'s limit on digits
        raise InputError(f"not valid JSON: {error}", file=file) from error
