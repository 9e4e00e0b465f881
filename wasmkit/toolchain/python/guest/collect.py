"""The app that componentize-py pre-initialises: it copies the standard library out.

componentize-py mounts the sources of its Python only while it pre-initialises an app. This app
writes them to a file in its own folder, which is mounted as ``/0``: for each file its path, its
size and its bytes. Nothing of it is used afterwards.
"""

import os


class WitWorld:
    """What componentize-py asks of every app."""


def _copy(folder: str, prefix: str, out: object) -> None:
    for name in sorted(os.listdir(folder)):
        path = f"{folder}/{name}"
        if os.path.isdir(path):
            if name not in _LEFT_OUT:
                _copy(path, f"{prefix}{name}/", out)
        elif name.endswith(".py"):
            with open(path, "rb") as file:
                data = file.read()
            out.write(f"{prefix}{name}\n{len(data)}\n".encode())
            out.write(data)


_LEFT_OUT = {
    "__pycache__",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "test",
    "tkinter",
    "turtledemo",
    "venv",
}

with open("/0/standard-library", "wb") as _out:
    _copy("/python", "", _out)
