from __future__ import annotations

import pytest

from wasmkit.errors import InputError
from wasmkit_hub.platform.digest import Digest

ABC = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""Of the bytes "abc": FIPS 180-2, appendix B.1."""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        "sha256:baddigeststring",
        ABC.upper(),
        ABC + "0",
        "sha256:" + "٣" * 64,  # digits, but not ASCII
        ABC.replace("sha256", "sha512"),
        ABC.replace("sha256", "md5"),
        ABC + "\n",
        "sha256:../../../../etc/passwd",
    ],
)
def test_not_a_digest(text: str) -> None:
    with pytest.raises(InputError):
        Digest.parse(text)


def test_digest() -> None:
    assert str(Digest.parse(ABC)) == ABC
    assert Digest.of(b"abc") == Digest.parse(ABC)
    assert len(Digest.of(b"abc", "sha512").hex) == 128
