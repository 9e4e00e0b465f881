"""Any bytes: a HAR is read or refused by ``InputError``; what is read can be sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wasmkit.engines.wire import as_sent
from wasmkit.errors import InputError
from wasmkit.traffic.har import parse_har

if TYPE_CHECKING:
    from wasmkit.traffic.model import Recording

FILE = Path("x.har")
RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
REAL = (RECORDINGS / "shop.har").read_bytes()

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["gzip", "deflate, br", "text/html; charset=latin1", "multipart/form-data; boundary=b", "", "7"]
) | st.text(max_size=20)
NAMES = st.sampled_from(
    ["host", ":authority", "Content-Encoding", "content-type", "content-length", "x"]
) | st.text(max_size=5)


def shape(**fields: Any) -> st.SearchStrategy[Any]:
    """An object with these fields, some left out, some of any other kind."""
    optional = {key: value | ANYTHING for key, value in fields.items()}
    whole = st.fixed_dictionaries(fields)
    return st.integers(0, 9).flatmap(
        lambda dice: whole if dice else st.fixed_dictionaries({}, optional=optional)
    )


HEADERS = st.lists(shape(name=NAMES, value=WORDS), max_size=4)
BODY = shape(
    text=st.sampled_from(["", "dGVh", "\ufffd", "Gr\xfcn", "\udcff"]) | st.text(),
    encoding=st.sampled_from(["", "", "base64"]),
    mimeType=WORDS,
    size=st.integers(-1, 9),
    params=st.lists(shape(name=WORDS, value=WORDS, fileName=WORDS), max_size=2),
)
ENTRY = shape(
    startedDateTime=st.datetimes().map(lambda moment: moment.isoformat()) | st.text(max_size=9),
    time=st.floats(allow_nan=False, allow_infinity=False),
    request=shape(
        method=st.sampled_from(["GET", "POST", "HEAD", "CONNECT", "OPTIONS"]),
        url=st.sampled_from(["http://a/", "https://[::1]/?", "http://a", "data:,x", "http:x"])
        | st.text(max_size=20).map(lambda text: f"http://a/{text}"),
        headers=HEADERS,
        postData=BODY,
        bodySize=st.integers(-1, 9),
    ),
    response=shape(
        status=st.sampled_from([0, -1, 101, 200, 204, 304, 404, 599]),
        headers=HEADERS,
        content=BODY,
        bodySize=st.integers(-1, 9),
    ),
)


def parse(data: bytes) -> Recording | None:
    try:
        return parse_har(data, FILE)
    except InputError:
        return None


def check(data: bytes) -> None:
    recording = parse(data)
    if recording is None:
        return
    for exchange in recording.exchanges:
        as_sent(exchange)  # raises UnplayableError for what no engine could send
        assert exchange.duration >= 0


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf{}")
@example(b"\0{\0}")
@example(b'{"log":{"entries":[' + b"[" * 990)
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(ANYTHING)
def test_any_json(value: object) -> None:
    check(json.dumps({"log": {"entries": [value]}}).encode())


@settings(max_examples=400)
@given(st.lists(ENTRY, max_size=3))
def test_almost_a_har(entries: list[object]) -> None:
    check(json.dumps({"log": {"entries": entries}}).encode())


@given(st.integers(0, len(REAL) - 1), st.binary(min_size=1, max_size=4))
def test_a_real_one_with_a_few_bytes_changed(at: int, data: bytes) -> None:
    check(REAL[:at] + data + REAL[at + len(data) :])


@given(st.integers(0, len(REAL) - 1))
def test_a_real_one_cut_short(length: int) -> None:
    with pytest.raises(InputError):
        parse_har(REAL[:length].rstrip(b"}\n "), FILE)
