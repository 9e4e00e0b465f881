from __future__ import annotations

import pytest

from wasmkit.artifact.reference import (
    InvalidReferenceError,
    Reference,
    is_version,
    parse_reference,
)

HEX = "a" * 64
HEX512 = "b" * 128


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost/hello", Reference("localhost", "hello")),
        ("localhost:8080/team/hello:0.1.0", Reference("localhost:8080", "team/hello", "0.1.0")),
        ("hub.example.com/a/b/c:x", Reference("hub.example.com", "a/b/c", "x")),
        ("h.io/a@sha256:" + HEX, Reference("h.io", "a", "", "sha256:" + HEX)),
        ("h.io/a:t@sha512:" + HEX512, Reference("h.io", "a", "t", "sha512:" + HEX512)),
        ("[::1]:5000/a", Reference("[::1]:5000", "a")),
        ("[2001:db8::1]/a:_", Reference("[2001:db8::1]", "a", "_")),
        ("10.0.0.1/a--b/c__d/e.f", Reference("10.0.0.1", "a--b/c__d/e.f")),
        ("h.io/a:" + "t" * 128, Reference("h.io", "a", "t" * 128)),
        ("h.io/" + "a" * 250, Reference("h.io", "a" * 250)),
    ],
)
def test_references_are_read_and_written_alike(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "registry's host"),
        ("hello", "registry's host"),
        ("team/hello:1", "registry's host"),
        ("/hello", "registry's host"),
        ("http://h.io/a", "no scheme"),
        ("oci://h.io/a", "no scheme"),
        ("h.io/", "name is missing"),
        ("h.io/:1", "name is missing"),
        ("h.io/Team/Hello", "lower case"),
        ("h.io/a b", "not a repository name"),
        ("h.io/a//b", "not a repository name"),
        ("h.io/a/", "not a repository name"),
        ("h.io/-a", "not a repository name"),
        ("h.io/a___b", "not a repository name"),
        ("h.io/a..b", "not a repository name"),
        ("h.io/../etc", "not a repository name"),
        ("h.io/a\n", "not a repository name"),
        ("h.io/é", "not a repository name"),
        ("h.io/a:", "not a tag"),
        ("h.io/a:-x", "not a tag"),
        ("h.io/a:x\n", "not a tag"),
        ("h.io/a:" + "t" * 129, "not a tag"),
        ("h.io/a:1+2", "not a tag"),
        ("h.io/a@", "not a digest"),
        ("h.io/a@sha256:" + HEX[1:], "not a digest"),
        ("h.io/a@sha256:" + HEX.upper(), "not a digest"),
        ("h.io/a@md5:" + HEX, "not a digest"),
        ("user:pw@h.io/a", "holds no user"),
        ("user:pw@h.io:1/a", "not a digest"),
        ("h.io:/a", "not a port"),
        ("h.io:0/a", "not a port"),
        ("h.io:65536/a", "not a port"),
        ("h.io:x/a", "not a port"),
        ("h.io:٣/a", "not a port"),
        ("h.io:99999999999999999999/a", "not a port"),
        ("-h.io/a", "not a host name"),
        ("h..io/a", "not a host name"),
        ("h.io?x/a", "not a host name"),
        ("[::1/a", "not an IPv6 address"),
        ("[::1]5000/a", "not an IPv6 address"),
        ("[x]:1/a", "not an IPv6 address"),
        ("h.io/" + "a" * 251, "exceed 255"),
        ("h.io/" + "a" * 2000, "too long"),
    ],
)
def test_a_bad_reference_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidReferenceError, match=why):
        parse_reference(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("localhost:8080", True),
        ("hub.localhost:1", True),
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("h.io", False),
        ("[::2]", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, *, expected: bool) -> None:
    assert Reference(host, "a").is_loopback is expected


def test_a_digest_counts_more_than_a_tag_and_no_tag_is_latest() -> None:
    assert parse_reference("h.io/a").target == "latest"
    assert parse_reference("h.io/a:b").target == "b"
    assert parse_reference("h.io/a:b@sha256:" + HEX).target == "sha256:" + HEX


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("1.2.3", True),
        ("v1.2.3", True),
        ("1.2.3-rc.1", True),
        ("1.2.3_build.5", True),
        ("latest", False),
        ("1.2", False),
        ("main-1.2.3", False),
        ("1.2.3.4", False),
    ],
)
def test_versions_are_told_from_other_tags(tag: str, *, expected: bool) -> None:
    assert is_version(tag) is expected


@pytest.mark.parametrize("text", ["jo:pw@h.io/a", "https://jo:pw@h.io/a", "h.io/a:pw@x"])
def test_a_password_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidReferenceError) as caught:
        parse_reference(text)
    assert "pw" not in str(caught.value) + caught.value.hint
