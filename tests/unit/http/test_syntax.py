from __future__ import annotations

import pytest

from wasmkit.http.syntax import encode_target, is_authority, is_token, is_value


@pytest.mark.parametrize(
    ("data", "token", "value", "authority"),
    [
        (b"", False, True, False),
        (b"GET", True, True, True),
        (b"x-a_b!", True, True, True),
        (b"a b", False, True, False),
        (b"a:80", False, True, True),
        (b"[::1]:80", False, True, True),
        (b"a/b", False, True, False),
        (b"a\tb\xff", False, True, False),
        (b"\xc3\xa9", False, True, True),
        (b"a\0", False, False, False),
        (b"a\r", False, False, False),
        (b"a\nb", False, False, False),
        (b"a\x7f", False, False, False),
    ],
)
def test_what_may_stand_where(data: bytes, *, token: bool, value: bool, authority: bool) -> None:
    assert (is_token(data), is_value(data), is_authority(data)) == (token, value, authority)


@pytest.mark.parametrize(
    ("path", "encoded"),
    [
        (b"", b""),
        (b"/a?b=%20&c#d", b"/a?b=%20&c#d"),
        (b"/a b", b"/a%20b"),
        (b"/\xff\r\n\0", b"/%FF%0D%0A%00"),
    ],
)
def test_a_target_is_percent_encoded_where_it_must_be(path: bytes, encoded: bytes) -> None:
    assert encode_target(path) == encoded
