"""The pages of a real hub with real filters in it, read as a browser would."""

from __future__ import annotations

import gzip
import json
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

import httpx
import pytest

from publications import publication_of
from registries import filter_module, registry, settle
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.descriptor import digest_of
from wasmkit.artifact.image import Publication, build_image, build_referrers
from wasmkit.artifact.push import push_publication
from wasmkit.artifact.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.artifact.image import Artifact

EVIL = '"><script>alert(1)</script>\u202e'
SCHEMA = {"properties": {"a": {"properties": {"b": {"type": "string", "default": EVIL}}}}}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        registry("hub", tmp_path_factory.mktemp("hub")) as host,
        httpx.Client(base_url=f"http://{host}", timeout=30) as client,
    ):
        yield client


def publication(version: str, name: str = "hello", **facts: str) -> Publication:
    return publication_of(
        filter_module(version),
        name,
        version,
        readme=b"# hello\n\nReads *well*.",
        schema=json.dumps(SCHEMA).encode(),
        imports=("env.proxy_log",),
        **facts,
    )


def push(http: httpx.Client, repository: str, published: Publication, *, wait: bool = True) -> str:
    version = published.document.filter.version
    reference = Reference(http.base_url.netloc.decode(), repository, version)
    digest = push_publication(RegistryClient(reference), reference, published).image_digest
    if wait:
        settle(reference.host)
    return digest


class _Outline(HTMLParser):
    """Tags that were opened, headings, and whether all that opens also closes."""

    VOID = ("meta", "link", "input", "img", "br", "hr", "wbr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def outline(answer: httpx.Response) -> _Outline:
    """Check what every page must have, and return its tags."""
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = _Outline(answer.text)
    for tag in ("main", "header", "footer", "h1", "title"):
        assert len(page.named(tag)) == 1, tag
    assert page.named("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.tags if tag in {f"h{n}" for n in range(1, 7)}]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for script in page.named("script"):
        assert (script.get("src") or "").startswith("/static/")
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        if tag == "a" and (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids
    return page


def test_empty_hub_says_how_to_push(http: httpx.Client) -> None:
    answer = http.get("/")
    outline(answer)
    assert f"wasmkit push . {http.base_url.netloc.decode()}/demo/hello" in answer.text


def test_filter(http: httpx.Client) -> None:
    published = publication("1.0.0", description="Sets a header.", root_id="hello")
    digest = push(http, "team/hello", published)
    answer = http.get("/filters/team/hello")
    page = outline(answer)
    sha256 = published.document.module.sha256
    for text in (
        digest,
        sha256,
        "Sets a header.",
        "<em>well</em>",
        "a.<wbr>b",
    ):
        assert text in answer.text
    (module,) = [a["href"] for a in page.named("a") if "download" in a and "wasm" in a["download"]]  # type: ignore[operator]  # it has a value
    assert http.get(str(module)).content == published.module
    assert "Writes to Envoy&#39;s log" in answer.text
    for link in (a["href"] or "" for a in page.named("a")):
        if link.startswith("/"):
            assert http.head(link).status_code == 200, link
    for asset in (*page.named("link"), *page.named("script"), *page.named("img")):
        assert http.get(str(asset.get("href") or asset.get("src"))).status_code == 200


def test_versions(http: httpx.Client) -> None:
    digests = {
        v: push(http, "v", publication(v)) for v in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1")
    }
    newest = http.get("/filters/v")
    assert digests["2.0.0-rc.1"] in newest.text
    order = [newest.text.index(f">{v}</a>") for v in ("2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0")]
    assert order == sorted(order)
    for wanted in ("1.9.0", digests["1.9.0"]):
        answer = http.get("/filters/v", params={"version": wanted})
        outline(answer)
        assert f"@{digests['1.9.0']}" in answer.text
        assert "not the newest" in answer.text
    assert http.get("/filters/v", params={"version": "3"}).status_code == 404
    assert http.delete(f"/v2/v/manifests/{digests['2.0.0-rc.1']}").status_code == 202
    assert digests["1.10.0"] in http.get("/filters/v").text
    for version in ("1.0.0", "1.9.0", "1.10.0"):
        http.delete(f"/v2/v/manifests/{version}")
    assert http.get("/filters/v").status_code == 404
    assert "/filters/v" not in http.get("/").text


def test_strangers_words_stay_words(http: httpx.Client) -> None:
    evil = publication(
        "0.0.1",
        EVIL,
        description=EVIL + "x" * 5000,
        license=EVIL,
        root_id=EVIL,
        lowest_envoy=EVIL,
        language=EVIL,
        kind=EVIL,
    )
    push(http, "evil", evil)
    for path in ("/filters/evil", "/", "/?q=" + EVIL, "/filters/" + EVIL, "/?sort=" + EVIL):
        answer = http.get(path)
        outline(answer)
        assert "<script>alert" not in answer.text
        assert "\u202e" not in answer.text or "q=" in path


def test_search_and_sort(http: httpx.Client) -> None:
    for name, description in (
        ("alpha-find", "a 100% thing"),
        ("beta-find", "Ünder_score"),
        ("gamma-find", "mentions ALPHA-find here"),
    ):
        push(http, f"s/{name}", publication("1.0.0", name, description=description))

    def found(**query: str) -> list[str]:
        page = outline(http.get("/", params=query))
        links = [a["href"] or "" for a in page.named("a")]
        return [x.removeprefix("/filters/s/") for x in links if x.startswith("/filters/s/")]

    names = ["alpha-find", "beta-find", "gamma-find"]
    assert found(q="find", sort="name") == names
    assert found(q="find", sort="updated") == names[::-1]
    assert found(q="alpha-find") == ["alpha-find", "gamma-find"]  # the name counts more
    assert found(q="100%") == ["alpha-find"]
    assert found(q="%") == ["alpha-find"]
    assert found(q="ünder_") == ["beta-find"]
    assert found(q="find beta") == ["beta-find"]
    assert found(q="nowhere") == []
    assert found(page="999", q="find") == []
    assert found(page="٣", q="find", sort="odd") == names[::-1]
    assert found(page="99999999999", q="find") == names[::-1]


def test_pages_of_a_long_list(http: httpx.Client) -> None:
    for number in range(26):
        push(http, f"many/f{number:02}", publication("1.0.0", f"many{number:02}"), wait=False)
    first = http.get("/", params={"q": "many", "sort": "name"})
    page = outline(first)
    (link,) = [a["href"] for a in page.named("a") if a.get("rel") == "next"]
    second = http.get(str(link))
    assert "many25" not in first.text
    assert "many25" in second.text


def _put(http: httpx.Client, repository: str, artifact: Artifact, reference: str) -> httpx.Response:
    for blob in artifact.blobs:
        url = f"/v2/{repository}/blobs/uploads/?digest={blob.descriptor.digest}"
        assert http.post(url, content=blob.data).status_code == 201
    return http.put(
        f"/v2/{repository}/manifests/{reference}",
        content=artifact.manifest.data,
        headers={"Content-Type": artifact.descriptor.media_type},
    )


@pytest.mark.parametrize("referrers_first", [True, False])
def test_order_of_arrival_does_not_matter(http: httpx.Client, *, referrers_first: bool) -> None:
    repository = f"order/{referrers_first}".lower()
    published = publication("1.0.0")
    image = build_image(published)
    parts = [
        (part, part.descriptor.digest) for part in build_referrers(published, image.descriptor)
    ]
    everything = [*parts, (image, "1.0.0")] if referrers_first else [(image, "1.0.0"), *parts]
    for part, reference in everything:
        assert _put(http, repository, part, reference).status_code == 201
    settle(http.base_url.netloc.decode())
    text = http.get(f"/filters/{repository}").text
    assert "<em>well</em>" in text
    assert "a.<wbr>b" in text


def _push_with(http: httpx.Client, repository: str, **change: object) -> httpx.Response:
    """Push an image whose manifest is changed, under the tag "x", and wait for the verdict."""
    image = build_image(publication("1.0.0"))
    manifest = json.loads(image.manifest.data) | change
    _put(http, repository, image, image.descriptor.digest)
    kind = {"Content-Type": image.descriptor.media_type}
    answer = http.put(f"/v2/{repository}/manifests/x", json=manifest, headers=kind)
    settle(http.base_url.netloc.decode())
    return answer


LAYER = json.loads(build_image(publication("1.0.0")).manifest.data)["layers"][0]


@pytest.mark.parametrize(
    "layers",
    [[], [{"mediaType": "application/x"}], [{"urls": ["https://example.com/"]}]],
    ids=["none", "other type", "elsewhere"],
)
def test_what_no_fetcher_takes_is_stored_and_not_listed(
    http: httpx.Client, layers: list[dict[str, object]]
) -> None:
    repository = f"shape/{len(layers)}{len(layers and layers[0])}"
    answer = _push_with(http, repository, layers=[LAYER | change for change in layers])
    assert answer.status_code == 201
    assert http.get(f"/v2/{repository}/manifests/x").status_code == 200
    assert http.get(f"/filters/{repository}").status_code == 404
    assert repository not in http.get("/").text


def test_an_image_without_annotations_is_listed(http: httpx.Client) -> None:
    assert _push_with(http, "team/plain", annotations={}).status_code == 201
    answer = http.get("/filters/team/plain")
    outline(answer)
    assert "<h1>plain" in answer.text
    assert publication("1.0.0").document.module.sha256 in answer.text
    assert "/filters/team/plain" in http.get("/").text


def test_an_image_without_a_module_is_not_listed(http: httpx.Client) -> None:
    packed = gzip.compress(b"a file of containers" * 100)
    digest = digest_of(packed)
    http.post(f"/v2/team/containers/blobs/uploads/?digest={digest}", content=packed)
    layer = LAYER | {"digest": digest, "size": len(packed)}
    answer = _push_with(http, "team/containers", annotations={}, layers=[layer])
    assert answer.status_code == 201
    assert http.get("/v2/team/containers/manifests/x").status_code == 200
    assert http.get("/filters/team/containers").status_code == 404
    assert http.get("/api/v1/filters/team/containers/versions/x").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/filters/none", 404),
        ("GET", "/filters/", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/none", 404),
        ("POST", "/", 405),
    ],
)
def test_wrong_turn(http: httpx.Client, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)
    outline(answer)
    assert answer.status_code == status


def test_host_header_does_not_get_into_snippets(http: httpx.Client) -> None:
    answer = http.get("/", headers={"Host": 'x"; rm -rf ~'})
    assert answer.status_code in {400, 404}
    assert "rm -rf" not in answer.text
