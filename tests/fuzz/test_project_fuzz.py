import json
import tempfile
import tomllib
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from wasmkit.errors import InputError
from wasmkit.project import load_project
from wasmkit.project.toml_lines import TomlLines
from wasmkit.toolchain import language_of

SEED = """\
[filter]
name = "hello"
version = "0.1.0"
entry = "filter:Hello"
authors = ["a", 'b']
[config]
schema = "config.schema.json"
example = { header = "x", rules = [{ a = 1.5 }] }
[[more.rows]]
text = \"""long\"""
"""
PIECES = ["[", "]", "[[", "]]", "{", "}", ".", "=", ",", "#", "\n", "\r\n", '"', "'", '"""', "'''"]
PIECES += ["\\", " ", "\t", "nan", "1979-05-27 07:32:00", "0x1F", "\0", "\ufeff", "é", "true"]


def load(toml: bytes, schema: bytes = b"{}") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "src").mkdir()
        (root / "src/filter.py").touch()
        (root / "config.schema.json").write_bytes(schema)
        (root / "wasmkit.toml").write_bytes(toml)
        error = None
        try:
            project = load_project(root)
            language_of(project).check(project)
        except InputError as caught:
            error = caught
        if error is not None:
            assert error.file is not None
            assert "\n" not in str(error)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = SEED
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + draw(st.sampled_from(PIECES) | st.text(max_size=6)) + text[end:]
    return text


@given(st.binary(max_size=200))
@example(b"a = " + b"{a=[" * 2000)
@example(b"[" * 100_000)
def test_bytes_end_in_an_input_error(data: bytes) -> None:
    load(data)


@settings(max_examples=300)
@given(damaged())
def test_damaged_files_end_in_an_input_error(text: str) -> None:
    load(text.encode("utf-8", "surrogatepass"))


KEYWORDS = ["type", "$ref", "$id", "$schema", "$defs", "$anchor", "$dynamicRef", "pattern", "items"]
KEYWORDS += ["properties", "allOf", "required", "additionalProperties", "enum", "patternProperties"]
VALUES = [
    "#",
    "#/$defs/a",
    "(",
    "http://[",
    "object",
    "header",
    "%",
    "http://json-schema.org/schema",
]


def schemas() -> st.SearchStrategy[bytes]:
    leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    nested = st.recursive(
        leaves | st.sampled_from(VALUES),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*KEYWORDS, "header"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
    return nested.map(lambda value: json.dumps(value).encode())


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60) | schemas())
def test_any_configuration_schema(schema: bytes) -> None:
    load(SEED.partition("[[")[0].encode(), schema)


@settings(max_examples=300)
@given(damaged())
def test_what_tomllib_reads_has_lines(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    lines = TomlLines(text)
    for key in document:
        assert (key,) in lines._lines
        assert 1 <= lines.line((key,)) <= text.count("\n") + 1
