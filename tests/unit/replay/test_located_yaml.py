from __future__ import annotations

import time

import pytest

from wasmkit.errors import InputError
from wasmkit.replay.located_yaml import MAX_DEPTH, parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing", None),
        ("a: yes", {"a": "yes"}),
        ("a: [on, off, No, y]", {"a": ["on", "off", "No", "y"]}),
        ("a: 2026-11-03", {"a": "2026-11-03"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: 0o17", {"a": "0o17"}),
        ("a: 010", {"a": 10}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: [1, -2, 1.5, 1e3, .5]", {"a": [1, -2, 1.5, 1000.0, 0.5]}),
        ("a: [.inf, .nan]", {"a": [".inf", ".nan"]}),
        ("a: [true, False, TRUE]", {"a": [True, False, True]}),
        ("a: [null, ~, '', 'null']", {"a": [None, None, "", "null"]}),
        ("{no: 1, 42: 2, null: 3}", {"no": 1, "42": 2, "null": 3}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: '1'\nb: \"true\"", {"a": "1", "b": "true"}),
        ("---\na: 1\n...\n", {"a": 1}),
    ],
)
def test_values(text: str, value: object) -> None:
    assert parse_yaml(text, "x").value == value


def test_lines() -> None:
    read = parse_yaml("# c\na:\n  - b: 1\n    c: [x,\n      y]\n", "x")
    assert read.line(("a",)) == 2
    assert read.line(("a", 0)) == 3
    assert read.line(("a", 0, "b")) == 3
    assert read.line(("a", 0, "c")) == 4
    assert read.line(("a", 0, "c", 1)) == 5
    assert read.line(("a", 0, "missing")) == 3
    assert read.line(("z",)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x", "x:1: anchors and aliases are not read"),
        ("a: 1\nb: *x", "x:2: anchors and aliases are not read"),
        ("a: !!python/object:os.system x", "x:1: tags are not read"),
        ("a: !!str 1", "x:1: tags are not read"),
        ("a: 1\na: 2", "x:2: the key 'a' is there twice"),
        ("? [a]\n: 1", "x:1: a key must be a word"),
        ("a: 1\n---\nb: 2", "x:2: holds more than one document"),
        ("a:\n  - b\n c", "x:3: not valid YAML: "),
        ("a: [", "x:1: not valid YAML: "),
        ("a: 'x", "x:1: not valid YAML: "),
        ("a: \x01", "x:1: not valid YAML: special characters are not allowed"),
        ("\n\ta: 1", "x:2: not valid YAML: "),
        ("a: 1e999", "x:1: the number is too large"),
        ("a: " + "9" * 5000, "x:1: the number is too large"),
        ('a: "\\ud800"', "x:1: holds half a surrogate pair"),
        ('"\\ud800": 1', "x:1: holds half a surrogate pair"),
        ("%YAML 9.9\n---\na", "x:1: not valid YAML: "),
        ("- " * (MAX_DEPTH + 1) + "a", f"x:1: is nested deeper than {MAX_DEPTH} levels"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "x")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_deep_nesting_ends_soon(text: str) -> None:
    started = time.monotonic()
    with pytest.raises(InputError):
        parse_yaml(text, "x")
    assert time.monotonic() - started < 5
