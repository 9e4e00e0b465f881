"""The pages: the list of filters, and one filter with all that is known of it."""

import hashlib
import re
import time
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException

from wasmkit_hub.catalogue.search import PAGE_SIZE, Order, Version, find, papers_of, versions_of
from wasmkit_hub.registry.access import Hub
from wasmkit_hub.web.capabilities import abilities_of
from wasmkit_hub.web.readme import render_readme
from wasmkit_hub.web.schema_rows import defaults_of, schema_table
from wasmkit_hub.web.snippets import snippets
from wasmkit_hub.web.words import ago, bytes_in_words, utc

__all__ = ["STATIC", "error_page", "router"]

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_LONGEST_SEARCH = 200
_ORDERS = {order.value: order for order in Order}
_MOST_PAGES = 10_000
_WRONG = {
    404: ("Nothing here", "This address leads nowhere. It may have been mistyped or deleted."),
    405: ("Not that way", "This page can be read, and nothing else."),
    500: ("Something broke", "The hub failed at this. Its log says more."),
}

router = APIRouter()


@lru_cache(maxsize=16)
def _static(name: str) -> str:
    """Return a file's address, which changes with its content: browsers may keep what they have."""
    mark = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{mark}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"ago": ago, "size": bytes_in_words, "utc": utc}
    environment.globals |= {"static": _static, "quote": quote}
    return environment


_ENVIRONMENT = _environment()


def _page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    html = _ENVIRONMENT.get_template(template).render(**values, now=time.time())
    return HTMLResponse(html, status, headers={"Cache-Control": "no-cache"})


def _base(request: Request) -> str:
    """Return the hub's URL as this reader reached it; goes into what is copied and pasted."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise HTTPException(404)
    return f"{request.url.scheme}://{host}"


def error_page(status: int) -> HTMLResponse:
    """Say what went wrong, in the look of the other pages."""
    title, text = _WRONG.get(status, ("That did not work", f"The hub answers {status}."))
    return _page("error.html", status=status, title=title, text=text, words="")


@router.api_route("/", methods=["GET", "HEAD"])
def list_filters(
    request: Request,
    hub: Hub,
    q: str = "",
    sort: str = Order.UPDATED.value,
    page: str = "1",
) -> Response:
    """Show the filters, searched and sorted as the URL says; nonsense in it is put right."""
    words = q.strip()[:_LONGEST_SEARCH]
    order = _ORDERS.get(sort, Order.UPDATED)
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    number = min(max(number, 1), _MOST_PAGES)
    with hub.store.database.read() as session:
        found = find(session, words, order, number)
    asked = {"q": words} if words else {}
    return _page(
        "list.html",
        images=found.images,
        total=found.total,
        words=words,
        order=order.value,
        page=number,
        pages=max(-(-found.total // PAGE_SIZE), 1),
        host=_base(request).partition("://")[2],
        link=lambda **change: "/?" + urlencode({**asked, "sort": order.value, **change}),
    )


def _chosen(versions: tuple[Version, ...], wanted: str | None) -> Version:
    """Return the version that a URL asks for: by tag, then by number or digest."""
    if wanted is None and versions:
        return versions[0]
    for version in versions:
        if wanted in version.tags:
            return version
    for version in versions:
        if wanted in (version.image.version, version.image.digest):
            return version
    raise HTTPException(404)


@router.api_route("/filters/{repository:path}", methods=["GET", "HEAD"])
def show_filter(
    request: Request, repository: str, hub: Hub, version: Annotated[str | None, Query()] = None
) -> Response:
    """Show one version of a filter, the newest if the URL names none."""
    with hub.store.database.read() as session:
        versions = versions_of(session, repository)
        chosen = _chosen(versions, version)
        papers = papers_of(session, hub.store.blobs, chosen.image)
    image = chosen.image
    tag = image.version if image.version in chosen.tags else chosen.tags[0]
    config = defaults_of(papers.schema) if papers.schema else {}
    return _page(
        "filter.html",
        image=image,
        chosen=chosen,
        tag=tag,
        versions=versions,
        readme=Markup(render_readme(papers.readme, image.name)) if papers.readme else None,  # noqa: S704  sanitised
        table=schema_table(papers.schema) if papers.schema else None,
        schema=papers.schema_digest,
        abilities=abilities_of(image.capabilities),
        snippets=snippets(
            image,
            tag=tag,
            base=_base(request),
            config=config,
            has_module=papers.module is not None,
        ),
        module=papers.module,
        words="",
    )
