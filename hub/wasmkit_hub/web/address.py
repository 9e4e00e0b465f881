"""The hub's own address, as a reader reached it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["base_of", "page_of"]

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)


def base_of(request: Request) -> str:
    """Return the hub's URL as this reader reached it; goes into what is copied and pasted."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise HTTPException(404)
    return f"{request.url.scheme}://{host}"


def page_of(repository: str, version: str = "") -> str:
    """Return the path of a filter's page, of one version if it is named by tag or digest."""
    return f"/filters/{repository}" + (f"?version={quote(version, safe='')}" if version else "")
