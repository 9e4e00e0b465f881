"""Reading a configuration: never another error than its own, and always as its schema says."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from wasmkit.sdk import ConfigurationError
from wasmkit.sdk._configuration import make_reader, read
from wasmkit.sdk.schema import configuration_schema


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


@dataclass
class Rule:
    name: str
    weight: float = 1.0
    then: list[Rule] = field(default_factory=list)


@dataclass
class Config:
    rules: list[Rule] = field(default_factory=list)
    one: Rule | None = None
    level: Level = Level.LOW
    mode: Literal["on", 1] | None = "on"
    limit: int | str | list[str] = 0
    labels: dict[str, bool] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


READER = make_reader(Config)
SCHEMA = Draft202012Validator(configuration_schema(Config))

NAMES = st.sampled_from(
    ["rules", "one", "level", "mode", "limit", "labels", "tags", "name", "weight", "then", "x"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["low", "high", "on", "", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
RULES = st.recursive(
    st.fixed_dictionaries({"name": st.just("a")}, optional={"weight": VALUES}),
    lambda inner: st.fixed_dictionaries({"name": st.just("a"), "then": st.lists(inner)}),
    max_leaves=4,
)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "rules": st.lists(RULES, max_size=3) | VALUES,
        "one": RULES | VALUES,
        "level": st.sampled_from(["low", "high", "mid"]),
        "mode": VALUES,
        "limit": st.lists(st.just("a")) | VALUES,
        "labels": st.dictionaries(st.text(), st.booleans() | st.none()),
        "tags": st.lists(st.text()),
    },
)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes(data: bytes) -> None:
    try:
        assert isinstance(read(READER, data), Config)
    except ConfigurationError as error:
        assert "\n" not in str(error).partition("not JSON")[0]  # noqa: PT017  # both ends are fine


@given(LIKELY | VALUES)
def test_a_configuration_is_accepted_if_its_schema_accepts_it(value: Any) -> None:
    try:
        read(READER, json.dumps(value).encode())
        accepted = True
    except ConfigurationError:
        accepted = False
    assert accepted == SCHEMA.is_valid(value)
