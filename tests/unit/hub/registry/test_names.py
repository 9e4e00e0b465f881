"""The grammar of the distribution specification 1.1, "Pulling manifests"."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmkit.artifact.error_codes import ErrorCode
from wasmkit_hub.platform.digest import Digest
from wasmkit_hub.registry.errors import ApiError
from wasmkit_hub.registry.names import digest_of, is_tag, repository_of

# Copied from the specification's text.
NAME = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
REFERENCE = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


@pytest.mark.parametrize(
    "name", ["a", "team/hello", "a.b/c_d/e__f", "a---b", "0", "a/b/c/d", "x" * 255]
)
def test_names(name: str) -> None:
    assert repository_of(name) == name
    assert NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "a/",
        "/a",
        "a//b",
        "a___b",
        "a..b",
        "a._b",
        "-a",
        "a-",
        "ä",
        "a\n",
        "a b",
        "x" * 256,
    ],
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ApiError) as caught:
        repository_of(name)
    assert (caught.value.code, caught.value.status) == (ErrorCode.NAME_INVALID, 400)


@given(st.text("ab0._-/A", max_size=12))
def test_names_are_those_of_the_specification(name: str) -> None:
    try:
        repository_of(name)
    except ApiError:
        assert not NAME.fullmatch(name)
    else:
        assert NAME.fullmatch(name)


@given(st.text("aZ0._-/ ", max_size=6) | st.integers(120, 135).map("a".__mul__))
def test_tags_are_those_of_the_specification(tag: str) -> None:
    assert is_tag(tag) == (REFERENCE.fullmatch(tag) is not None)


def test_a_tag_ends_where_it_ends() -> None:
    assert not is_tag("a\n")
    assert not is_tag("é")


def test_digests() -> None:
    text = f"sha256:{'0f' * 32}"
    assert digest_of(text) == Digest.parse(text)
    for bad in ("sha256:0f", text.upper(), "md5:" + "0" * 32, text + "\n"):
        with pytest.raises(ApiError) as caught:
            digest_of(bad)
        assert (caught.value.code, caught.value.status) == (ErrorCode.DIGEST_INVALID, 400)
