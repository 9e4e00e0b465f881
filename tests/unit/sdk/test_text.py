from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wasmkit.sdk._text import as_data, as_text


@given(st.binary())
def test_any_bytes_come_out_again_as_they_were(data: bytes) -> None:
    assert as_data(as_text(data)) == data


def test_text_is_utf_8() -> None:
    assert as_text("é".encode()) == "é"
    assert as_text(b"\xff") == "\udcff"
