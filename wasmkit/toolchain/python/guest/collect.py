# ruff: noqa: INP001, PTH112, PTH123, PTH208  # a module by itself; pathlib would stay in every image
"""The app that componentize-py pre-initialises: it copies the standard library out.

componentize-py mounts the sources of its Python only while it pre-initialises an app. This app
writes them to a file in its own folder, which is mounted as ``/0``: for each file its path, its
size and its bytes. Nothing of it is used afterwards.
"""

import os

__all__ = ["WitWorld"]


class WitWorld:
    """What componentize-py asks of every app."""


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


def _names(folder: str, prefix: str) -> list[str]:
    """Return the names of the sources in a folder and below, relative to the first."""
    names = []
    for name in sorted(os.listdir(folder)):
        path = f"{folder}/{name}"
        if os.path.isdir(path):
            if name not in _LEFT_OUT:
                names += _names(path, f"{prefix}{name}/")
        elif name.endswith(".py"):
            names.append(prefix + name)
    return names


with open("/0/standard-library", "wb") as _out:
    for _name in _names("/python", ""):
        with open(f"/python/{_name}", "rb") as _file:
            _data = _file.read()
        _out.write(f"{_name}\n{len(_data)}\n".encode())
        _out.write(_data)
