"""Tracebacks as an author wants them: without the SDK's frames, and never endless.

A recursion error has a thousand frames, and what leads to it is often in a client's hand, so
both ends are shown and the middle is left out. ``StackSummary`` is used without columns: their
markers cost more than the rest, and an import at run time.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["format_error"]

_MAX_FRAMES = 30
_MAX_CHAIN = 5
_MAX_TEXT = 4000
_SDK = __name__.rpartition(".")[0]

_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


def format_error(error: BaseException) -> str:
    """Return what Python prints for an uncaught error, cut as said above, without a last newline.

    Itself never fails on what an author's exception does when it is shown.
    """
    parts = [_one(error)]
    seen = {id(error)}
    while len(seen) < _MAX_CHAIN:
        earlier, connection = error.__cause__, _CAUSE
        if earlier is None and not error.__suppress_context__:
            earlier, connection = error.__context__, _CONTEXT
        if earlier is None or id(earlier) in seen:
            break
        seen.add(id(earlier))
        parts += [connection, _one(earlier)]
        error = earlier
    return "\n\n".join(reversed(parts))


def _one(error: BaseException) -> str:
    everything = list(traceback.walk_tb(error.__traceback__))
    frames = [each for each in everything if not _is_sdk(each[0])] or everything
    text = "".join(traceback.format_exception_only(type(error), error)).rstrip()
    if len(text) > _MAX_TEXT:
        text = f"{text[:_MAX_TEXT]}… ({len(text) - _MAX_TEXT} characters left out)"
    if not frames:
        return text
    return "Traceback (most recent call last):\n" + _stack(frames) + text


def _stack(frames: list[tuple[FrameType, int]]) -> str:
    left_out = len(frames) - _MAX_FRAMES
    if left_out <= 0:
        return _lines(frames)
    half = _MAX_FRAMES // 2
    return f"{_lines(frames[:half])}  … {left_out} frames left out …\n{_lines(frames[-half:])}"


def _lines(frames: list[tuple[FrameType, int]]) -> str:
    return "".join(traceback.StackSummary.extract(iter(frames)).format())


def _is_sdk(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and (name == _SDK or name.startswith(_SDK + "."))
