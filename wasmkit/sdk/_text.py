"""Text and bytes of headers, logs and attributes: UTF-8, other bytes as lone surrogates."""

from __future__ import annotations

__all__ = ["ERRORS", "as_data", "as_text"]

ERRORS = "surrogateescape"
"""What becomes of bytes that are not UTF-8 (PEP 383): they come out again as they were."""


def as_text(data: bytes) -> str:
    """Return bytes as text."""
    return data.decode("utf-8", ERRORS)


def as_data(text: str) -> bytes:
    """Return the bytes that a text stands for."""
    return text.encode("utf-8", ERRORS)
