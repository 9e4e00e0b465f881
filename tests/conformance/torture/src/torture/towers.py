"""Objects that pass on what they are asked, a hundred thousand deep, and use of a full stack."""

from __future__ import annotations

import functools
import itertools
import marshal
import sqlite3
import traceback
import types
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any, TypeVar
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEEP = 100_000


def tower(layer: Callable[[Any], Any], bottom: Any, levels: int = DEEP) -> Any:
    value = bottom
    for _ in range(levels):
        value = layer(value)
    return value


def proxies() -> Any:
    return tower(types.MappingProxyType, {1: 2})


def methods(levels: int = DEEP) -> Any:
    return tower(lambda inner: types.MethodType(inner, 1), lambda *many: len(many), levels)


def aliases() -> Any:
    return tower(lambda inner: types.GenericAlias(inner, int), list)


def _listed(inner: Any) -> Any:
    return types.GenericAlias(list, inner)


def partials() -> Any:
    def layer(inner: Callable[..., Any]) -> Callable[..., Any]:
        made = functools.partial(inner)
        made.note = 1  # type: ignore[attr-defined]  # one with attributes is not flattened
        return made

    return tower(layer, len)


def generators() -> Any:
    def layer(inner: Iterator[int]) -> Iterator[int]:
        yield from inner

    outermost = tower(layer, iter([1, 2]), 20_000)
    next(outermost)
    return outermost


def elements() -> ET.Element:
    root = element = ET.Element("a")
    for _ in range(DEEP):
        element = ET.SubElement(element, "a")
    return root


def declaration() -> None:
    parser = expat.ParserCreate()
    parser.ElementDeclHandler = lambda *_: None
    nested = "(" * 20_000 + "b" + ")" * 20_000
    parser.Parse(f"<!DOCTYPE a [<!ELEMENT a {nested}>]><a/>", True)


def nested(levels: int) -> list[Any]:
    return tower(lambda inner: [inner], [], levels)  # type: ignore[no-any-return]  # it is one


def query() -> Any:
    text = "select " + "abs(" * 900 + "1" + ")" * 900
    return sqlite3.connect(":memory:").execute(text).fetchone()[0]


def with_full_stack(action: Callable[[], object]) -> str:
    """Call at every depth up to the limit, through C code that takes much stack."""

    def at(level: int) -> object:
        step = functools.partial(at, level - 1)
        return next(itertools.starmap(step, [()])) if level else action()

    reached = 0
    for level in range(0, 400, 3):
        try:
            at(level)
        except RecursionError:
            break
        reached = level
    return f"{reached > 50}"


TOWERS: dict[str, Callable[[], object]] = {
    "proxy-length": lambda: len(proxies()),
    "proxy-item": lambda: proxies()[1],
    "proxy-contains": lambda: 1 in proxies(),
    "proxy-iterate": lambda: list(proxies()),
    "proxy-or": lambda: proxies() | {},
    "proxy-keys": lambda: proxies().keys(),
    "proxy-repr": lambda: repr(proxies()),
    "proxy-compare": lambda: proxies() == proxies(),
    "method-call": lambda: next(map(methods(20_000), [1])),
    "method-attribute": lambda: methods().attribute,
    "method-hash": lambda: hash(methods()),
    "method-repr": lambda: repr(methods()),
    "alias-call": lambda: next(map(aliases(), [()])),
    "alias-attribute": lambda: aliases().attribute,
    "alias-hash": lambda: hash(aliases()),
    "alias-parameters": lambda: tower(_listed, TypeVar("T")).__parameters__,
    "partial-call": lambda: partials()([]),
    "partial-repr": lambda: repr(partials()),
    "wrapper-call": lambda: tower(lambda inner: inner.__call__, len)([]),
    "static-abstract": lambda: tower(staticmethod, len).__isabstractmethod__,
    "property-abstract": lambda: tower(property, len).__isabstractmethod__,
    "generators-close": lambda: generators().close(),
    "generators-throw": lambda: generators().throw(KeyError("thrown")),
    "elements-copy": lambda: elements().__deepcopy__({}),
    "elements-write": lambda: ET.tostring(elements()),
    "element-declaration": declaration,
    "slice-hash": lambda: hash(tower(slice, 1)),
    "marshal": lambda: len(marshal.dumps(nested(1400))),
    "marshal-too-deep": lambda: marshal.dumps(nested(DEEP)),
    "full-stack-marshal": lambda: with_full_stack(lambda: marshal.dumps(nested(1490))),
    "full-stack-unmarshal": lambda: with_full_stack(
        lambda: marshal.loads(b"[\x01\0\0\0" * 1490 + b"N")
    ),
    "full-stack-sqlite": lambda: with_full_stack(query),
    "full-stack-parser": lambda: with_full_stack(lambda: compile("-" * 150 + "1", "", "eval")),
    "full-stack-traceback": lambda: with_full_stack(traceback.format_stack),
}
