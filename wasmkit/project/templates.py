"""Makes a new project from a template.

A template is a folder: ``template.toml`` (what it is, what it asks) and ``content/``, copied with
``@@parameter@@`` replaced in file names and texts. That syntax means nothing in Python, TOML,
JSON, YAML and Markdown. Each template has two parameters more, ``name`` and ``class_name``.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wasmkit.errors import InputError
from wasmkit.project.json_schema import did_you_mean, dotted, find_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "NewRequest",
    "NewResult",
    "Parameter",
    "Template",
    "check_target",
    "class_name",
    "find_template",
    "list_templates",
    "make_project",
    "new_project",
]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NAME_LIMIT = 63
_NAME_MEANING = "lower-case words of letters and digits joined by hyphens, such as my-filter"
_PLACEHOLDER = re.compile(r"@@([a-z][a-z0-9_]*)@@")
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What Python makes of argument bytes that are not UTF-8; such a value cannot be written."""
_TAKEN = frozenset({"Config", "False", "Headers", "HttpFilter", "None", "True"})
"""Class names that mean something else in a filter's source."""

_TEMPLATE_SCHEMA = {
    "type": "object",
    "required": ["description"],
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string"},
        "parameters": {
            "type": "object",
            "propertyNames": {"pattern": r"^(?!name$|class_name$)[a-z][a-z0-9_]*$"},
            "additionalProperties": {
                "type": "object",
                "required": ["prompt", "default", "pattern", "meaning"],
                "additionalProperties": False,
                "properties": {
                    "prompt": {"type": "string"},
                    "default": {"type": "string"},
                    "pattern": {"type": "string"},
                    "meaning": {"type": "string"},
                },
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something a template asks for. The whole value must match ``pattern``."""

    name: str
    prompt: str
    default: str
    pattern: str
    meaning: str
    """What the pattern asks for, in words."""

    def check(self, value: str) -> None:
        """Raise ``InputError`` unless the value will do."""
        if not re.fullmatch(self.pattern, value) or _SURROGATE.search(value):
            raise InputError(f"{self.name}: {value!r} will not do", hint=f"give {self.meaning}")


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of project that ``make_project`` can make; ``content`` is a folder."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    content: Path


@dataclass(frozen=True, slots=True)
class NewRequest:
    """The folder to make, what from, and the answers to the template's questions."""

    target: Path
    template: str = "python-http"
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewResult:
    """The folder that was made, and its files' paths, relative and sorted."""

    target: Path
    template: str
    files: tuple[str, ...]


def new_project(request: NewRequest, ask: Callable[[Parameter], str] | None = None) -> NewResult:
    """Make a project from a template.

    ``ask`` is called for each question that the request does not answer, once it is clear that
    the project can be made; without it the template's own answer is taken. Raises as
    ``make_project`` does, and for a template that is not there.
    """
    template = find_template(request.template)
    values = dict(request.values)
    check_target(request.target)
    if ask is not None:
        for parameter in template.parameters:
            if parameter.name not in values:
                values[parameter.name] = ask(parameter)
    return NewResult(request.target, template.name, make_project(template, request.target, values))


def list_templates(folder: Path | None = None) -> tuple[Template, ...]:
    """Return the templates of a folder by name; by default those that come with wasmkit."""
    where = _shipped() if folder is None else folder
    return tuple(_read_template(file.parent) for file in sorted(where.glob("*/template.toml")))


def find_template(name: str, folder: Path | None = None) -> Template:
    """Return one template; raises ``InputError`` if there is none of that name."""
    templates = {template.name: template for template in list_templates(folder)}
    if name not in templates:
        raise InputError(f"there is no template {name!r}", hint=did_you_mean(name, templates))
    return templates[name]


def class_name(name: str) -> str:
    """Return a project name as a class name: ``my-filter`` is ``MyFilter``."""
    words = "".join(word.capitalize() for word in name.split("-"))
    return f"{words}Filter" if words in _TAKEN else words


def check_target(target: Path) -> None:
    """Raise ``InputError`` unless a project can be made at ``target``.

    Its last part must be a filter's name, the folder above it must exist, and it must not exist
    itself unless as an empty folder.
    """
    if not _NAME.fullmatch(target.name) or len(target.name) > _NAME_LIMIT:
        raise InputError(
            f"{target.name!r} is not a name for a filter",
            hint=f"give {_NAME_MEANING}, at most {_NAME_LIMIT} characters",
        )
    try:
        if not target.parent.is_dir():
            raise InputError(
                f"the folder {target.parent} is not there", hint=f"mkdir -p {target.parent}"
            )
        if target.is_symlink() or (target.exists() and not target.is_dir()):
            raise InputError(f"{target} exists and is not a folder", hint="give another name")
        if target.is_dir() and any(target.iterdir()):
            raise InputError(f"the folder {target} is not empty", hint="give another name")
    except OSError as error:
        raise InputError(f"cannot look at {target}: {error.strerror}") from error


def make_project(template: Template, target: Path, values: Mapping[str, str]) -> tuple[str, ...]:
    """Make the project and return its files' paths, relative and sorted.

    ``values`` are the parameters' values; what is left out gets its default. The folder appears
    complete or not at all. Raises ``InputError`` for a target (see ``check_target``) or a value
    that will not do, and when the folder cannot be written.
    """
    check_target(target)
    filled = _values(template, target.name, values)
    files = _render(template.content, filled)
    try:
        _write(files, target)
    except OSError as error:
        raise InputError(
            f"cannot make {target}: {error.strerror}", hint="choose a folder you may write to"
        ) from error
    return tuple(sorted(files))


def _shipped() -> Path:
    """Return the templates' folder: in the installed package, or in the source tree beside it."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


def _read_template(folder: Path) -> Template:
    file = folder / "template.toml"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=file) from error
    fault = find_fault(_TEMPLATE_SCHEMA, document)
    if fault is not None:
        raise InputError(fault.message, file=file, field=dotted(fault.path), hint=fault.hint)
    parameters = cast("dict[str, dict[str, Any]]", document.get("parameters", {}))
    return Template(
        name=folder.name,
        description=document["description"],
        parameters=tuple(Parameter(name=name, **part) for name, part in parameters.items()),
        content=folder / "content",
    )


def _values(template: Template, name: str, given: Mapping[str, str]) -> dict[str, str]:
    known = {parameter.name: parameter for parameter in template.parameters}
    for key in given:
        if key not in known:
            raise InputError(
                f"the template {template.name} has no parameter {key!r}",
                hint=did_you_mean(key, known),
            )
    values = {"name": name, "class_name": class_name(name)}
    for key, parameter in known.items():
        values[key] = given.get(key, parameter.default)
        parameter.check(values[key])
    return values


def _render(content: Path, values: Mapping[str, str]) -> dict[str, bytes]:
    """Return each file's path and bytes; nothing is written yet."""
    files = {}
    for file in sorted(path for path in content.rglob("*") if path.is_file()):
        relative = file.relative_to(content).as_posix()
        if file.parent.name == "__pycache__":  # installers compile whatever looks like Python
            continue
        data = file.read_bytes()
        try:
            text = None if b"\0" in data else data.decode()
        except UnicodeDecodeError:
            text = None  # an image, say: copied as it is
        if text is not None:
            data = _fill(text, values, file).encode()
        files[_fill(relative, values, file)] = data
    return files


def _fill(text: str, values: Mapping[str, str], file: Path) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            line = text.count("\n", 0, match.start()) + 1
            hint = did_you_mean(match[1], values)
            raise InputError(f"{match[0]} is not a parameter", file=file, line=line, hint=hint)
        return values[match[1]]

    return _PLACEHOLDER.sub(value, text)


def _write(files: Mapping[str, bytes], target: Path) -> None:
    """Write into a folder beside the target, then give it the target's name in one step."""
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, data in files.items():
            file = temporary / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        umask = os.umask(0o077)  # there is no way to read it without setting it
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)  # mkdtemp makes folders that only the user can enter
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
