"""Becomes Envoy, after having asked the kernel that it dies with its parent.

Run as a program of its own, ``python -I -S _launch.py PARENT ENVOY ARGUMENT…``: what has to
happen between fork and exec cannot be done safely from Python in a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

__all__: list[str] = []

_PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)  # the parent died before the kernel was asked
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  # no shell is the point
