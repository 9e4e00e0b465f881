"""A filter project as its ``wasmkit.toml`` describes it, read once and checked completely.

What passes ``load_project`` can be relied on everywhere else: the shape is that of
``project.schema.json``, every path stays inside the project's folder and leads to a file, and
the example configuration fits the filter's own schema.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wasmkit.errors import InputError
from wasmkit.plugin import FailurePolicy, PluginConfig, VmConfig
from wasmkit.project.json_schema import Fault, SchemaError, dotted, find_fault
from wasmkit.project.toml_lines import TomlLines

if TYPE_CHECKING:
    from wasmkit.project.toml_lines import KeyPath

__all__ = [
    "PROJECT_FILE",
    "SIZE_LIMIT",
    "ConfigSection",
    "Project",
    "configuration_fault",
    "load_project",
    "project_schema",
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


@dataclass(frozen=True, slots=True)
class Project:
    """A filter project. Every path is absolute; text fields are those of ``wasmkit.toml``."""

    root: Path
    name: str
    version: str
    description: str
    license: str
    authors: tuple[str, ...]
    language: str
    entry: str
    """``module:Class`` below ``source_dir``."""
    kind: str
    root_id: str
    on_error: str
    """``close``: a request in which the filter raises ends with 500; ``open``: it passes."""
    lowest_envoy: str
    config: ConfigSection

    def plugin_config(self, module: bytes, configuration: bytes) -> PluginConfig:
        """Return the filter as every host and engine is told of it.

        ``module`` is what was built of it, empty for the engine ``native``.
        """
        opens = self.on_error == "open"
        return PluginConfig(
            vm=VmConfig(code=module),
            name=self.name,
            root_id=self.root_id,
            configuration=configuration,
            failure_policy=FailurePolicy.FAIL_OPEN if opens else FailurePolicy.FAIL_CLOSED,
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


def load_project(path: Path) -> Project:
    """Read the project at ``path``, a folder or its ``wasmkit.toml``.

    Raises ``InputError`` with file, line and dotted field for anything wrong with it.
    """
    try:
        file = (path / PROJECT_FILE if path.is_dir() else path).absolute()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path) from error
    text = _read(file, hint="make a project with: wasmkit new NAME")
    source = _Source(file, _parse(text, file), TomlLines(text))
    fault = find_fault(project_schema(), source.document)
    if fault is not None:
        raise source.error(fault)
    project = source.project()
    example = project.config.example
    fault = configuration_fault(project.config, example)
    if fault is not None:
        place = ("config", "example", *fault.path)
        hint = fault.hint or f"the schema is {project.config.schema}"
        raise source.error(Fault(place, fault.message, hint))
    return project


def configuration_fault(config: ConfigSection, value: object) -> Fault | None:
    """Return what the filter's schema has against a configuration, or None.

    Without a schema everything is allowed. Raises ``InputError`` when the schema is of no use.
    """
    if config.schema is None:
        return None
    text = _read(config.schema, hint="make the file, or leave [config].schema out")
    try:
        return find_fault(_parse_json(text, config.schema), value)
    except SchemaError as error:
        raise InputError(
            f"no valid JSON Schema: {error}", file=config.schema, hint="see json-schema.org"
        ) from error


@cache
def project_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``wasmkit.toml``; the caller must not change it."""
    text = Path(__file__).with_name("project.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


def _files(folder: Path, pattern: str) -> tuple[Path, ...]:
    return tuple(sorted(file for file in folder.glob(pattern) if file.is_file()))


def _read(file: Path, *, hint: str) -> str:
    """Return a file's text, within the limit; a pipe or a device is not even opened."""
    try:
        if not file.is_file():
            raise InputError("is no file" if file.exists() else "not found", file=file, hint=hint)
        with file.open("rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read: {reason}", file=file) from error
    if len(data) > SIZE_LIMIT:
        raise InputError(f"is larger than {SIZE_LIMIT // 1024} KiB", file=file)
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
            "no valid TOML: " + _TOML_PLACE.sub("", message), file=file, line=line
        ) from error


@dataclass(frozen=True, slots=True)
class _Source:
    """A parsed ``wasmkit.toml`` and where everything in it stands."""

    file: Path
    document: dict[str, Any]
    lines: TomlLines

    def error(self, fault: Fault) -> InputError:
        return InputError(
            fault.message,
            file=self.file,
            line=self.lines.line(fault.path),
            field=dotted(fault.path),
            hint=fault.hint,
        )

    def project(self) -> Project:
        """Return the project; the document has passed the schema."""
        section = self.document["filter"]
        self._check_entry(section["entry"])
        properties = project_schema()["properties"]["filter"]["properties"]
        defaults = {key: part["default"] for key, part in properties.items() if "default" in part}
        values = {"root_id": section["name"], **defaults, **section}
        values["authors"] = tuple(values["authors"])
        return Project(root=self.file.parent, config=self._config(), **values)

    def _config(self) -> ConfigSection:
        section = self.document.get("config", {})
        schema = None
        if "schema" in section:
            schema = self._inside(section["schema"], ("config", "schema"))
        example = section.get("example", {})
        self._check_json(example, ("config", "example"))
        return ConfigSection(schema=schema, example=example)

    def _check_entry(self, entry: str) -> None:
        module = "src/" + entry.partition(":")[0].replace(".", "/")
        package = (self.file.parent / module).is_dir()
        self._inside(f"{module}/__init__.py" if package else f"{module}.py", ("filter", "entry"))

    def _inside(self, name: str, field: KeyPath) -> Path:
        """Return the file that ``name`` means, which must stand below the project's folder."""
        root = self.file.parent
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

    def _check_json(self, value: object, path: KeyPath) -> None:
        """Refuse what TOML can say and JSON cannot: dates, inf and nan."""
        if isinstance(value, dict):
            for key, item in value.items():
                self._check_json(item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._check_json(item, (*path, index))
        elif not isinstance(value, str | int) and not (
            isinstance(value, float) and math.isfinite(value)
        ):
            hint = "a filter gets its configuration as JSON: write this as a string"
            raise self.error(Fault(path, f"{value} is no JSON value", hint))


def _parse_json(text: str, file: Path) -> object:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise InputError("is nested too deeply", file=file) from error
    except json.JSONDecodeError as error:
        raise InputError(f"no valid JSON: {error.msg}", file=file, line=error.lineno) from error
    except ValueError as error:  # int()'s limit on digits
        raise InputError(f"no valid JSON: {error}", file=file) from error
