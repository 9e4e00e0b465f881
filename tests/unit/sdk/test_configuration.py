from __future__ import annotations

import enum
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional

import pytest

from wasmkit.sdk import ConfigurationError
from wasmkit.sdk._configuration import make_reader, read


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


@dataclass
class Rule:
    name: str
    path: str = "/"
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    rules: list[Rule] = field(default_factory=list)
    first: Rule | None = None
    labels: dict[str, int] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    level: Level = Level.LOW
    mode: Literal["on", "off", 1] = "on"
    limit: int | str = 0
    ratio: Annotated[float, "documented"] = 0.5
    strict: bool = False
    old: Optional[str] = None  # noqa: UP045  # the older way of writing it
    anything: Any = None
    computed: str = field(default="x", init=False)


@dataclass
class Tree:
    value: int
    children: list[Tree] = field(default_factory=list)


def load(kind: Any, text: str | bytes) -> Any:
    return read(make_reader(kind), text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize("text", ["", "  \n", "{}"])
def test_nothing_is_all_defaults(text: str) -> None:
    assert load(Config, text) == Config()


def test_every_type_is_read() -> None:
    text = json.dumps(
        {
            "rules": [{"name": "a"}, {"name": "b", "path": "/b", "weight": 2}],
            "first": {"name": "c"},
            "labels": {"x": 1},
            "tags": ["t"],
            "level": "high",
            "mode": 1,
            "limit": "many",
            "ratio": 3,
            "strict": True,
            "old": "o",
            "anything": [None, {"a": 1}],
        }
    )
    config = load(Config, text)
    assert config == Config(
        rules=[Rule("a"), Rule("b", "/b", 2.0)],
        first=Rule("c"),
        labels={"x": 1},
        tags=("t",),
        level=Level.HIGH,
        mode=1,
        limit="many",
        ratio=3.0,
        strict=True,
        old="o",
        anything=[None, {"a": 1}],
    )
    assert type(config.ratio) is float
    assert load(Config, '{"limit": 2.0}').limit == 2
    assert load(Config, '{"mode": 1.0}').mode == 1
    assert load(Config, '{"first": null}').first is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"rules": [{"name": "a"}, {"name": 3}]}', "rules[1].name: expected a string, got 3"),
        ('{"rules": [{}]}', "rules[0].name: missing"),
        ('{"rules": {}}', "rules: expected an array, got an object"),
        ('{"first": {"nam": "a"}}', "first.nam: unknown; known here: name, path, weight"),
        ('{"first": 1}', "first: expected an object, got 1"),
        ('{"labels": {"x": true}}', "labels.x: expected an integer, got true"),
        ('{"labels": []}', "labels: expected an object, got an array"),
        ('{"tags": [null]}', "tags[0]: expected a string, got null"),
        ('{"level": "mid"}', 'level: expected "low" or "high", got "mid"'),
        ('{"level": ["low"]}', 'level: expected "low" or "high", got an array'),
        ('{"mode": 1.5}', 'mode: expected "on" or "off" or 1, got 1.5'),
        ('{"mode": true}', 'mode: expected "on" or "off" or 1, got true'),
        (
            '{"limit": null}',
            "limit: expected an integer, got null; or limit: expected a string, got null",
        ),
        ('{"ratio": "1"}', 'ratio: expected a number, got "1"'),
        ('{"ratio": 1' + "0" * 400 + "}", "ratio: expected a number below 1e309, got 1000"),
        ('{"strict": 1}', "strict: expected true or false, got 1"),
        ('{"strict": "' + "x" * 99 + '"}', f'strict: expected true or false, got "{"x" * 60}…"'),
        ('{"computed": "y"}', "computed: unknown"),
        ("[]", "expected an object, got an array"),
        ("3", "expected an object, got 3"),
        ("{", "not JSON: "),
        ('{"strict": NaN}', "not JSON: NaN is not a JSON number"),
        ('{"strict": true, "strict": false}', 'not JSON: "strict" occurs twice in one object'),
        (b"\xff", "not JSON: "),
        ("1" * 5000, "not JSON: "),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(Config, text)
    assert str(caught.value).startswith(message)


def test_a_class_can_hold_itself() -> None:
    tree = load(Tree, '{"value": 1, "children": [{"value": 2, "children": [{"value": 3}]}]}')
    assert tree == Tree(1, [Tree(2, [Tree(3)])])
    with pytest.raises(ConfigurationError, match=re.escape("children[0].children[0].value")):
        load(Tree, '{"value": 1, "children": [{"value": 2, "children": [{"value": null}]}]}')


def test_what_only_a_tree_makes_too_deep() -> None:
    text = '{"value":1,"children":[' * 600 + '{"value":1}' + "]}" * 600
    with pytest.raises(ConfigurationError, match="nested too deep"):
        load(Tree, text)


def test_the_classes_own_check() -> None:
    @dataclass
    class Range:
        low: int
        high: int

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low is above high")
            if self.low < 0:
                raise ConfigurationError("low: below zero")

    reader = make_reader(dict[str, Range])
    with pytest.raises(ConfigurationError, match=r"^a: low is above high$"):
        read(reader, b'{"a": {"low": 2, "high": 1}}')
    with pytest.raises(ConfigurationError, match=r"^low: below zero$"):
        read(reader, b'{"a": {"low": -2, "high": 1}}')
    with pytest.raises(ConfigurationError, match=r"^low is above high$"):
        load(Range, '{"low": 2, "high": 1}')


def test_configurations_that_are_no_class() -> None:
    assert load(None, "") is None
    assert load(None, "{}") is None
    with pytest.raises(ConfigurationError, match="takes no configuration, got an object"):
        load(None, '{"a": 1}')
    assert load(dict[str, str], "") == {}
    assert load(list[int], "[1]") == [1]
    assert load(Any, "[1]") == [1]


@pytest.mark.parametrize(
    "kind",
    [Decimal, bytes, set[str], dict[int, str], tuple[int, str], list, "Rule"],
    ids=str,
)
def test_a_type_that_json_cannot_fill_is_refused_when_built(kind: Any) -> None:
    with pytest.raises(TypeError, match="configuration: a configuration cannot hold"):
        make_reader(kind)


def test_the_field_of_such_a_type_is_named() -> None:
    @dataclass
    class Inner:
        raw: bytes

    with pytest.raises(TypeError, match=r"Inner\.raw: a configuration cannot hold bytes"):
        make_reader(list[Inner])
