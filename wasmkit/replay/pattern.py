"""Regular expressions of expectations: RE2's, the syntax of Envoy's own matchers.

Python's ``re`` can take forever on a pattern such as ``(a+)+$``. RE2 is linear in the text, and
bounded in memory, whatever the pattern is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import re2  # type: ignore[import-untyped]  # google-re2 has no stubs

__all__ = ["MAX_PATTERN", "Pattern", "PatternError", "compile_pattern"]

MAX_PATTERN = 4096
_MEMORY = 8 * 1024 * 1024


class PatternError(ValueError):
    """The text is not a regular expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression; equal if written the same."""

    text: str
    _compiled: Any = field(compare=False, repr=False)

    def found_in(self, data: bytes) -> bool:
        """Return whether it matches anywhere in the data (UTF-8)."""
        return self._compiled.search(data) is not None


def compile_pattern(text: str) -> Pattern:
    """Return the pattern; raises ``PatternError``. At most ``MAX_PATTERN`` characters."""
    if len(text) > MAX_PATTERN:
        raise PatternError(f"is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return Pattern(text, re2.compile(text, options))
    except UnicodeEncodeError as error:
        raise PatternError("is not text") from error
    except re2.error as error:
        reason = error.args[0] if error.args else "unknown"
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(f"is not a regular expression: {words[:200]}") from error
