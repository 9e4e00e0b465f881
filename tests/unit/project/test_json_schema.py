import pytest

from wasmkit.project.json_schema import SchemaError, did_you_mean, dotted, find_fault

RULES = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "description": "lower-case letters"},
        "mode": {"enum": ["a", "b"]},
        "rules": {"type": "array", "items": {"type": "object", "required": ["x"]}},
        "size": {"type": ["integer", "null"], "maximum": 9},
    },
    "patternProperties": {"^x-": {"const": 1}},
}


@pytest.mark.parametrize(
    ("value", "path", "message", "hint"),
    [
        ({}, "name", "is missing", "lower-case letters"),
        ({"nam": 1}, "nam", "unknown key", "did you mean 'name'?"),
        ({"q": 1}, "q", "unknown key", "known are mode, name, rules, size"),
        ({"name": "A"}, "name", '"A" has not the right form', "lower-case letters"),
        ({"name": 3}, "name", "must be a string, not 3", "lower-case letters"),
        ({"name": "a", "mode": "c"}, "mode", '"c" is none of "a", "b"', ""),
        ({"name": "a", "rules": [{"x": 1}, {}]}, "rules[1].x", "is missing", ""),
        ({"name": "a", "size": "1"}, "size", 'must be an integer or null, not "1"', ""),
        ({"name": "a", "size": 10}, "size", "10 is greater than the maximum of 9", ""),
        ({"name": "a", "x-a": 2}, "x-a", "1 was expected", ""),
        ([], "", "must be an object, not []", ""),
    ],
    ids=str,
)
def test_fault(value: object, path: str, message: str, hint: str) -> None:
    fault = find_fault(RULES, value)
    assert fault is not None
    assert (dotted(fault.path), fault.message, fault.hint) == (path, message, hint)


def test_what_fits_has_no_fault() -> None:
    assert find_fault(RULES, {"name": "a", "rules": [{"x": 1}], "size": None, "x-a": 1}) is None
    assert find_fault(True, object()) is None


def test_long_values_are_cut_in_messages() -> None:
    fault = find_fault({"type": "integer"}, "long " * 100_000)
    assert fault is not None
    assert len(fault.message) < 300


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (3, "an object or a boolean"),
        ([], "an object or a boolean"),
        ({"type": "strin"}, "type"),
        ({"properties": {"a": {"minimum": "x"}}}, "properties.a.minimum"),
        ({"$ref": "#/$defs/absent"}, "leads to nothing"),
        ({"$ref": "https://example.invalid/schema.json"}, "leads to nothing"),
        ({"$ref": "#"}, "leads back to itself"),
        ({"pattern": "("}, "is not a 'regex'"),
        ({"pattern": "a{99999999999}"}, "not a regular expression"),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "pattern": "("}, "regex"),
        ({"$ref": "http://["}, "leads to nothing"),
        ({"$schema": "http://["}, "not a URI"),
        ({"$schema": []}, "must be a string"),
    ],
    ids=str,
)
def test_useless_schema(schema: object, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        find_fault(schema, "value")


def test_did_you_mean() -> None:
    assert did_you_mean("vers", ["version", "name"]) == "did you mean 'version'?"
    assert did_you_mean("zzz", ["b", "a"]) == "known are a, b"
    assert did_you_mean("zzz", []) == ""
