"""The pages: the list of filters, and one filter with all that is known of it."""

import hashlib
import json
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException

from wasmkit_hub.catalogue.index import Version, newest_of, versions_of
from wasmkit_hub.catalogue.search import PAGE_SIZE, Order, find
from wasmkit_hub.registry.access import Hub, HubState
from wasmkit_hub.verification.papers import Paper, Papers, papers_of
from wasmkit_hub.verification.tables import ImageRow, State
from wasmkit_hub.web.address import base_of, page_of
from wasmkit_hub.web.snippets import snippets
from wasmkit_hub.web.words import ago, bytes_in_words, utc

__all__ = ["PAGES_AT_ONCE", "STATIC", "error_page", "router"]

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST_SEARCH = 200
_ORDERS = {order.value: order for order in Order}
_ON_ERROR = {"open": "requests pass by it", "close": "requests end with an error"}
PAGES_AT_ONCE = 2
"""Pages that are made at one time: with more threads on one interpreter, none would be sooner and
whoever pulls would wait for all of them."""
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
    environment.globals |= {"static": _static, "page_of": page_of}
    return environment


_ENVIRONMENT = _environment()


def _page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    html = _ENVIRONMENT.get_template(template).render(**values, now=time.time())
    return HTMLResponse(html, status, headers={"Cache-Control": "no-cache"})


def error_page(status: int) -> HTMLResponse:
    """Say what went wrong, in the look of the other pages."""
    title, text = _WRONG.get(status, ("That did not work", f"The hub answers {status}."))
    return _page("error.html", status=status, title=title, text=text, words="")


async def _in_turn(request: Request, make: Callable[[], Response]) -> Response:
    limiter: CapacityLimiter = request.app.state.pages
    return await to_thread.run_sync(make, limiter=limiter)


@router.api_route("/", methods=["GET", "HEAD"])
async def list_filters(
    request: Request,
    hub: Hub,
    q: str = "",
    sort: str = Order.UPDATED.value,
    page: str = "1",
) -> Response:
    """Show the filters, searched and sorted as the URL says; nonsense in it is put right."""
    return await _in_turn(request, partial(_list, request, hub, q, sort, page))


def _list(request: Request, hub: HubState, q: str, sort: str, page: str) -> Response:
    words = q.strip()[:_LONGEST_SEARCH]
    order = _ORDERS.get(sort, Order.UPDATED)
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    number = min(max(number, 1), _MOST_PAGES)
    with hub.database.read() as session:
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
        host=base_of(request).partition("://")[2],
        link=lambda **change: "/?" + urlencode({**asked, "sort": order.value, **change}),
    )


def _chosen(versions: tuple[Version, ...], wanted: str | None) -> Version:
    """Return the version that a URL asks for: by tag, then by number or digest."""
    if wanted is None and versions:
        return newest_of(versions)
    for version in versions:
        if wanted in version.tags:
            return version
    for version in versions:
        if wanted in (version.image.version, version.image.digest):
            return version
    raise HTTPException(404)


def _readme(paper: Paper | None, name: str) -> Markup | None:
    """Return a README's HTML, without its first heading if the page's says the same."""
    if paper is None or not paper.is_ready:
        return None
    content = paper.content
    again = str(content["heading"]).casefold() == name.casefold()
    html = ("" if again else str(content["heading_html"])) + str(content["html"])
    return Markup(html)  # noqa: S704  # sanitised when it was made


def _config(image: ImageRow, papers: Papers) -> dict[str, Any]:
    """Return a configuration to begin with: the author's example, else the schema's defaults."""
    example = json.loads(image.example) if image.example else None
    if isinstance(example, dict):
        return example
    defaults = papers.schema.content.get("defaults") if papers.schema else None
    return defaults if isinstance(defaults, dict) else {}


def _loads_in(module: dict[str, Any]) -> str:
    verdicts = module.get("verdicts", ())
    releases = [each["envoy"] for each in verdicts if each["outcome"] == "loads"]
    if len(releases) > 1 and len(releases) == len(verdicts):
        return f"{releases[0]} to {releases[-1]}"
    return ", ".join(releases)


def _said(image: ImageRow) -> list[tuple[str, str]]:
    words = (
        ("Lowest Envoy", image.lowest_envoy),
        ("Root id", image.root_id),
        ("If it fails", _ON_ERROR.get(image.on_error, "")),
        ("Kind", image.kind),
        ("Language", image.language),
        ("License", image.licenses),
        ("Authors", image.authors),
    )
    return [(label, text) for label, text in words if text]


@router.api_route("/filters/{repository:path}", methods=["GET", "HEAD"])
async def show_filter(
    request: Request, repository: str, hub: Hub, version: Annotated[str | None, Query()] = None
) -> Response:
    """Show one version of a filter, the newest that is served if the URL names none."""
    return await _in_turn(request, partial(_filter, request, hub, repository, version))


def _filter(request: Request, hub: HubState, repository: str, version: str | None) -> Response:
    with hub.database.read() as session:
        versions = versions_of(session, repository)
        chosen = _chosen(versions, version)
        image = chosen.image
        papers = papers_of(session, image)
        module = image.module
    tag = image.version if image.version in chosen.tags else chosen.tags[0]
    ways = snippets(
        image,
        tag=tag,
        base=base_of(request),
        config=_config(image, papers),
        has_module=papers.module,
    )
    return _page(
        "filter.html",
        image=image,
        state=image.state,
        chosen=chosen,
        newest=newest_of(versions),
        versions=versions,
        module=module,
        loads_in=_loads_in(module),
        said=_said(image),
        serves_blocked=hub.settings.serve_blocked,
        papers=papers,
        readme=_readme(papers.readme, image.name),
        # What is blocked is not offered, and what nobody has looked at yet is not recommended.
        snippets=ways if image.state == State.SERVED else (),
        words="",
    )
