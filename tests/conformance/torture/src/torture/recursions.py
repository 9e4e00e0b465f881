"""Ways to go too deep: in Python, in C, over data, when data is freed, through iterators."""

from __future__ import annotations

import ast
import copy
import functools
import itertools
import json
import pickle
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEEP = 100_000


def deep(level: int = 0) -> int:
    return deep(level + 1)


def nested_list(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def nested_tuple(levels: int) -> tuple[Any, ...]:
    value: tuple[Any, ...] = ()
    for _ in range(levels):
        value = (value,)
    return value


def nested_dict(levels: int) -> dict[int, Any]:
    value: dict[int, Any] = {}
    for _ in range(levels):
        value = {1: value}
    return value


class Node:
    inner: object = None

    def __repr__(self) -> str:
        return f"<{self.inner!r}>"


def nested_node(levels: int) -> Node:
    value = Node()
    for _ in range(levels):
        outer = Node()
        outer.inner = value
        value = outer
    return value


class Own:
    """Each of its operations calls itself."""

    def __getattr__(self, name: str) -> object:
        return getattr(self, f"{name[:20]}x")

    def __lt__(self, other: object) -> bool:
        return sorted([Own(), Own()]) == []

    def __eq__(self, other: object) -> bool:
        return [Own()] == [Own()]

    def __hash__(self) -> int:
        return hash((self,))

    def __str__(self) -> str:
        return f"{self}"

    def __call__(self) -> object:
        return functools.partial(self)()

    def __iter__(self) -> Iterator[object]:
        return iter(list(self))

    def __contains__(self, item: object) -> bool:
        return item in self

    def __add__(self, other: object) -> object:
        return sum([self], start=self)

    def __index__(self) -> int:
        return [1][self]

    def __bool__(self) -> bool:
        return not self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Own, (Own(),))


def by_map() -> list[Any]:
    def again(_item: int) -> list[Any]:
        return list(map(again, [1]))

    return again(1)


def by_regular_expression() -> str:
    def again(_match: object) -> str:
        return re.sub("a", again, "a")

    return again(None)


def by_generators() -> list[Any]:
    def again() -> Iterator[Any]:
        yield from again()

    return list(again())


def tower(layer: Callable[[Any], Any], bottom: Any, levels: int = DEEP) -> Any:
    value = bottom
    for _ in range(levels):
        value = layer(value)
    return value


class Wrapped:
    def __init__(self, inner: Callable[..., Any]) -> None:
        self.inner = inner

    def __call__(self, *arguments: Any) -> Any:
        return self.inner(*arguments)


class DeepError(Exception):
    pass


def chain_of_causes() -> None:
    error: BaseException | None = None
    for number in range(20_000):
        new = DeepError(str(number))
        new.__cause__ = error
        error = new
    raise error or ValueError


def with_hook(levels: int) -> None:
    """Free objects whose finalisers free objects."""

    class Freed:
        def __init__(self, inner: object) -> None:
            self.inner = inner

        def __del__(self) -> None:
            self.inner = None

    tower(Freed, None, levels)


RECURSIONS: dict[str, Callable[[], object]] = {
    "deep": deep,
    "deep-json": lambda: json.loads("[" * DEEP),
    "deep-json-objects": lambda: json.loads('{"a":' * DEEP),
    "deep-json-whole": lambda: json.loads("[" * DEEP + "]" * DEEP),
    "deep-dumps": lambda: json.dumps(nested_list(DEEP)),
    "deep-repr": lambda: repr(nested_list(DEEP)),
    "deep-repr-tuple": lambda: repr(nested_tuple(DEEP)),
    "deep-repr-dict": lambda: repr(nested_dict(DEEP)),
    "deep-repr-own": lambda: repr(nested_node(DEEP)),
    "deep-hash": lambda: hash(nested_tuple(DEEP)),
    "deep-compare": lambda: nested_list(DEEP) == nested_list(DEEP),
    "deep-order": lambda: nested_tuple(DEEP) < nested_tuple(DEEP),
    "deep-copy": lambda: copy.deepcopy(nested_list(DEEP)),
    "deep-pickle": lambda: pickle.dumps(nested_list(DEEP)),
    "deep-pickle-own": lambda: pickle.dumps(Own()),
    "deep-isinstance": lambda: isinstance("x", nested_tuple(DEEP)),
    "deep-issubclass": lambda: issubclass(str, nested_tuple(DEEP)),
    "deep-getattr": lambda: Own().x,
    "deep-sorted": lambda: sorted([Own(), Own()]),
    "deep-eq": lambda: Own() == 1,
    "deep-own-hash": lambda: hash(Own()),
    "deep-str": lambda: str(Own()),
    "deep-call": lambda: Own().__call__(),
    "deep-iter": lambda: list(Own()),
    "deep-contains": lambda: 1 in Own(),
    "deep-add": lambda: Own() + 1,
    "deep-index": lambda: [1][Own()],
    "deep-bool": lambda: bool(Own()),
    "deep-map": by_map,
    "deep-re": by_regular_expression,
    "deep-generators": by_generators,
    "deep-re-compile": lambda: re.compile("(" * 5000 + ")" * 5000),
    "deep-literal": lambda: ast.literal_eval("-" * DEEP + "1"),
    "deep-eval": lambda: eval("1+" * DEEP + "1"),  # the point
    "tower-filter": lambda: list(tower(lambda inner: filter(None, inner), [1])),
    "tower-map": lambda: list(tower(lambda inner: map(abs, inner), [1])),
    "tower-zip": lambda: list(tower(zip, [1])),
    "tower-enumerate": lambda: list(tower(enumerate, [1])),
    "tower-reversed": lambda: list(tower(lambda inner: itertools.islice(inner, 9), [1])),
    "tower-chain": lambda: list(tower(itertools.chain, [1])),
    "tower-accumulate": lambda: list(tower(itertools.accumulate, [1])),
    "tower-cycle": lambda: next(tower(itertools.cycle, [1])),
    "tower-dropwhile": lambda: list(tower(lambda inner: itertools.dropwhile(bool, inner), [1])),
    "tower-takewhile": lambda: list(tower(lambda inner: itertools.takewhile(bool, inner), [1])),
    "tower-starmap": lambda: list(
        tower(lambda inner: itertools.starmap(lambda *_: (1,), inner), [(1,)])
    ),
    "tower-groupby": lambda: next(tower(itertools.groupby, [1])),
    "tower-pairwise": lambda: list(tower(itertools.pairwise, [1, 2])),
    "tower-zip-longest": lambda: list(tower(itertools.zip_longest, [1])),
    "tower-compress": lambda: list(
        tower(lambda inner: itertools.compress(inner, itertools.repeat(1)), [1])
    ),
    "tower-tee": lambda: list(tower(lambda inner: itertools.tee(inner, 1)[0], [1])),
    "tower-calls": lambda: tower(Wrapped, len)([]),
    "tower-partial": lambda: tower(lambda inner: functools.partial(Wrapped(inner)), len)([]),
    "tower-iter": lambda: next(tower(lambda inner: iter(inner.__next__, None), iter([1]))),
    "tower-exception-groups": lambda: repr(
        tower(lambda inner: ExceptionGroup("g", [inner]), ValueError())  # 3.11
    ),
    "tower-causes": chain_of_causes,
    "free-lists": lambda: nested_list(1_000_000) and None,
    "free-tuples": lambda: nested_tuple(1_000_000) and None,
    "free-dicts": lambda: nested_dict(300_000) and None,
    "free-objects": lambda: str(type(nested_node(300_000)).__name__),
    "free-finalisers": lambda: with_hook(50_000),
    "free-iterators": lambda: type(tower(itertools.chain, [1], 300_000)).__name__,
    "free-partials": lambda: type(tower(functools.partial, len, 100_000)).__name__,
}
