"""The client against a registry that misbehaves: a real server that answers what a test says."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from answering import Answer, Registry, Seen, answering_registry
from publications import publication_of
from registries import filter_module
from wasmkit.artifact import media_types as oci
from wasmkit.artifact import transport
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.descriptor import Blob
from wasmkit.artifact.image import build_image
from wasmkit.artifact.manifest import canonical_json
from wasmkit.artifact.pull import pull_module
from wasmkit.artifact.push import push_publication
from wasmkit.artifact.reference import parse_reference
from wasmkit.errors import GuestModuleError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODULE = filter_module()
IMAGE = build_image(publication_of(MODULE, "a", "1.0.0"))
MANIFEST = IMAGE.manifest
DIGEST = IMAGE.descriptor.digest
OCI_TYPE = {"Content-Type": oci.MANIFEST}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with answering_registry() as served:
        yield served


def failure(action: Callable[[], object]) -> str:
    with pytest.raises(RegistryError) as caught:
        action()
    return str(caught.value)


def test_an_error_names_action_reference_status_and_code(registry: Registry) -> None:
    body = {"errors": [{"code": "DENIED", "message": "no\x1b[31m\nway", "detail": {}}]}
    registry.answer = lambda _: Answer(403, body=json.dumps(body).encode())
    text = failure(lambda: registry.client.manifest("1.0.0"))
    assert text == (
        f"fetching {registry.host}/team/a:1.0.0: {registry.host} answered 403 DENIED: no [31m way"
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"errors":3}', b'{"errors":[1]}', b"[" * 60_000, b"x" * 200_000],
    ids=lambda body: f"{body[:12].decode()}-{len(body)}",
)
def test_a_body_that_is_no_oci_error_does_no_harm(registry: Registry, body: bytes) -> None:
    registry.answer = lambda _: Answer(418, body=body)
    text = failure(lambda: registry.client.manifest("1.0.0"))
    assert text.endswith("answered 418 I'm a Teapot")


def test_a_safe_request_is_tried_again(registry: Registry) -> None:
    answers = iter([Answer(503, {"Retry-After": "0"}), None, Answer(200, OCI_TYPE, MANIFEST.data)])
    registry.answer = lambda _: next(answers)
    assert registry.client.manifest("1.0.0").blob.data == MANIFEST.data
    assert len(registry.seen) == 3


@pytest.mark.parametrize("answer", [Answer(503), None], ids=["503", "cut off"])
def test_a_write_is_never_repeated(registry: Registry, answer: Answer | None) -> None:
    registry.answer = lambda seen: answer if seen.method == "POST" else Answer(404)
    failure(lambda: registry.client.push_blob(IMAGE.blobs[0]))
    assert [seen.method for seen in registry.seen] == ["HEAD", "POST"]


def test_a_silent_registry_ends_in_an_error(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_SILENCE_TIMEOUT", 0.1)
    over = threading.Event()

    def wait(_: Seen) -> None:
        over.wait(5)

    registry.answer = wait
    text = failure(lambda: registry.client.push_manifest(MANIFEST, "1.0.0"))
    over.set()
    assert text.endswith("no answer in time")


def test_a_slow_sender_ends_in_an_error(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_TOTAL_TIMEOUT", 0.0)
    registry.answer = lambda _: Answer(200, OCI_TYPE, MANIFEST.data)
    assert "takes longer" in failure(lambda: registry.client.manifest("1.0.0"))


def test_nobody_listening_is_said_so() -> None:
    reference = parse_reference("127.0.0.1:1/team/a:1.0.0")
    started = time.monotonic()
    text = failure(lambda: RegistryClient(reference).manifest("1.0.0"))
    assert text.endswith("connection refused")
    assert time.monotonic() - started < 10


def test_tls_to_a_plain_registry_points_at_the_option(registry: Registry) -> None:
    client = RegistryClient(registry.reference, plain_http=False)
    with pytest.raises(RegistryError) as caught:
        client.manifest("1.0.0")
    assert "TLS failed" in str(caught.value)
    assert "--plain-http" in caught.value.hint


def test_a_changed_manifest_is_noticed(registry: Registry) -> None:
    registry.answer = lambda _: Answer(200, OCI_TYPE, MANIFEST.data + b" ")
    assert "has digest" in failure(lambda: registry.client.manifest(DIGEST))
    headers = {**OCI_TYPE, "Docker-Content-Digest": DIGEST}
    registry.answer = lambda _: Answer(200, headers, MANIFEST.data + b" ")
    assert "has digest" in failure(lambda: registry.client.manifest("1.0.0"))


@pytest.mark.parametrize("change", [lambda b: b + b"x", lambda b: b[:-1], lambda b: b"x" + b[1:]])
def test_a_changed_blob_is_noticed(registry: Registry, change: Callable[[bytes], bytes]) -> None:
    layer = IMAGE.blobs[1].data
    registry.answer = lambda seen: (
        Answer(200, OCI_TYPE, MANIFEST.data)
        if "manifests" in seen.path
        else Answer(200, body=change(layer))
    )
    text = failure(lambda: pull_module(registry.client, registry.reference))
    assert "has digest" in text or "larger than" in text


def test_a_manifest_without_end_is_cut(registry: Registry) -> None:
    registry.answer = lambda _: Answer(200, OCI_TYPE, b" " * (5 << 20))
    assert "larger than" in failure(lambda: registry.client.manifest("1.0.0"))


def test_a_compressed_answer_is_refused(registry: Registry) -> None:
    registry.answer = lambda _: Answer(200, {**OCI_TYPE, "Content-Encoding": "gzip"}, b"x")
    assert "compressed" in failure(lambda: registry.client.manifest("1.0.0"))


@pytest.mark.parametrize(
    "location", ["/again", "http://[::1", "http://127.0.0.1:x/", "", "ftp://a/"]
)
def test_a_redirect_to_nowhere_ends(registry: Registry, location: str) -> None:
    registry.answer = lambda _: Answer(307, {"Location": location})
    failure(lambda: registry.client.manifest("1.0.0"))
    assert len(registry.seen) < 20


@pytest.mark.parametrize("location", ["", "http://[::1", "::", "http://127.0.0.1:1/x"])
def test_a_bad_upload_address_ends(registry: Registry, location: str) -> None:
    registry.answer = lambda seen: (
        Answer(202, {"Location": location}) if seen.method == "POST" else Answer(404)
    )
    assert registry.host in failure(lambda: registry.client.push_blob(IMAGE.blobs[0]))
    assert [seen.method for seen in registry.seen].count("POST") == 1


def test_a_registry_that_rewrites_manifests_is_found_out(registry: Registry) -> None:
    registry.answer = lambda _: Answer(201, {"Docker-Content-Digest": "sha256:" + "0" * 64})
    assert "stored" in failure(lambda: registry.client.push_manifest(MANIFEST, "1.0.0"))


def manifest(**fields: object) -> bytes:
    return canonical_json({**json.loads(MANIFEST.data), **fields})


def layers(*kinds: str) -> list[dict[str, object]]:
    return [Blob.of(b"\0asm\r\0\1\0", kind).descriptor.as_json() for kind in kinds]


CHILD = IMAGE.descriptor.as_json()


@pytest.mark.parametrize(
    ("document", "error", "why"),
    [
        (b"{", RegistryError, r"fetching .*team/a:1\.0\.0: the manifest is not JSON"),
        (manifest(layers=[]), RegistryError, "its layers are none"),
        (manifest(layers=layers("image/png")), RegistryError, "image/png"),
        (manifest(layers=layers(oci.LAYER_SOLO_WASM)), RegistryError, "not a filter's image"),
        (manifest(layers=layers(oci.LAYER_WASM) * 2), RegistryError, "not a filter's image"),
        (manifest(layers=layers(oci.LAYER_TAR_GZIP, "x/y")), RegistryError, "not a filter's image"),
        (manifest(mediaType=oci.MANIFEST_DOCKER), RegistryError, "not a filter's image"),
        (manifest(layers=layers(oci.LAYER_WASM)), RegistryError, "its annotation says"),
        (manifest(layers=layers(oci.LAYER_WASM), annotations={}), GuestModuleError, "not a core"),
        (manifest(layers=[{**layers(oci.LAYER_WASM)[0], "size": 1 << 40}]), RegistryError, "more"),
        (
            canonical_json({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": []}),
            RegistryError,
            "linux/amd64",
        ),
        (
            canonical_json(
                {
                    "schemaVersion": 2,
                    "mediaType": oci.INDEX,
                    "manifests": [{**CHILD, "platform": {"os": "linux", "architecture": "arm64"}}],
                }
            ),
            RegistryError,
            "linux/amd64",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_filter_is_refused_by_its_reason(
    registry: Registry, document: bytes, error: type[Exception], why: str
) -> None:
    registry.answer = lambda seen: (
        Answer(200, OCI_TYPE, document)
        if "manifests" in seen.path
        else Answer(200, body=b"\0asm\r\0\1\0")
    )
    with pytest.raises(error, match=why):
        pull_module(registry.client, registry.reference)


def test_an_index_of_indexes_is_refused(registry: Registry) -> None:
    inner = Blob.of(
        canonical_json({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": []}), oci.INDEX
    )
    outer = canonical_json(
        {"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": [inner.descriptor.as_json()]}
    )
    registry.answer = lambda seen: Answer(
        200, {"Content-Type": oci.INDEX}, inner.data if "sha256:" in seen.path else outer
    )
    text = failure(lambda: pull_module(registry.client, registry.reference))
    assert "index of indexes" in text


def test_a_reserved_tag_that_is_no_index_is_reported(registry: Registry) -> None:
    registry.answer = lambda _: Answer(200, OCI_TYPE, MANIFEST.data)
    text = failure(lambda: registry.client.list_referrers(DIGEST, (IMAGE,)))
    assert "is not an index" in text


def log_in(folder: Path, host: str, password: str) -> None:
    secret = base64.b64encode(f"jo:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": secret}}}))


def with_tokens(realm: str) -> Callable[[Seen], Answer]:
    """Answer as a registry with a token service: jo may pull, and with another token push."""

    def answer(seen: Seen) -> Answer:
        parts = urlsplit(seen.path)
        if parts.path == "/token":
            expected = "Basic " + base64.b64encode(b"jo:secret-word").decode()
            if seen.headers.get("authorization") != expected:
                return Answer(401)
            (scope,) = parse_qs(parts.query)["scope"]
            token = hashlib.sha256(scope.encode()).hexdigest()
            return Answer(200, body=json.dumps({"token": token}).encode())
        scope = "team/a:" + ("pull" if seen.method in {"GET", "HEAD"} else "pull,push")
        scope = "repository:" + scope
        if (
            seen.headers.get("authorization")
            != "Bearer " + hashlib.sha256(scope.encode()).hexdigest()
        ):
            challenge = f'Bearer realm="{realm}",service="hub",scope="{scope}"'
            return Answer(401, {"WWW-Authenticate": challenge})
        if seen.method in {"GET", "HEAD"}:
            return Answer(404)
        if seen.method == "POST":
            return Answer(202, {"Location": "/upload?state="})
        return Answer(201, {"OCI-Subject": "x"})

    return answer


def test_tokens_are_fetched_for_each_scope(registry: Registry, tmp_path: Path) -> None:
    log_in(tmp_path, registry.host, "secret-word")
    registry.answer = with_tokens(f"http://{registry.host}/token")
    publication = publication_of(MODULE, "a", "1.0.0")
    pushed = push_publication(registry.client, registry.reference, publication)
    assert pushed.image_digest == DIGEST
    uploads = [seen.path for seen in registry.seen if seen.path.startswith("/upload")]
    assert all(path.startswith("/upload?state=&digest=sha256%3A") for path in uploads)


def test_a_wrong_password_is_reported_without_it(registry: Registry, tmp_path: Path) -> None:
    log_in(tmp_path, registry.host, "wrong-word")
    registry.answer = with_tokens(f"http://{registry.host}/token")
    text = failure(lambda: registry.client.manifest("1.0.0"))
    assert "401" in text
    assert "word" not in text


@pytest.mark.parametrize("realm", ["", "hub", "ftp://x/", "http://[::1", "https://127.0.0.1:1/"])
def test_a_bad_realm_ends_in_an_error(registry: Registry, tmp_path: Path, realm: str) -> None:
    log_in(tmp_path, registry.host, "secret-word")
    registry.answer = with_tokens(realm)
    assert "secret" not in failure(lambda: registry.client.manifest("1.0.0"))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"token":[]}', b"3", b"[" * 60_000, b" " * 2_000_000]
)
def test_a_bad_token_ends_in_an_error(registry: Registry, tmp_path: Path, body: bytes) -> None:
    log_in(tmp_path, registry.host, "secret-word")
    normal = with_tokens(f"http://{registry.host}/token")
    registry.answer = lambda seen: (
        Answer(200, body=body) if seen.path.startswith("/token") else normal(seen)
    )
    assert "secret-word" not in failure(lambda: registry.client.manifest("1.0.0"))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"auths":[]}', '{"auths":{"HOST":3}}'])
def test_a_broken_docker_configuration_ends_in_an_error(
    registry: Registry, tmp_path: Path, text: str
) -> None:
    (tmp_path / "config.json").write_text(text.replace("HOST", registry.host))
    registry.answer = with_tokens(f"http://{registry.host}/token")
    assert f"fetching {registry.host}" in failure(lambda: registry.client.manifest("1.0.0"))


def test_credentials_do_not_follow_a_redirect_to_another_host(
    registry: Registry, tmp_path: Path
) -> None:
    log_in(tmp_path, registry.host, "secret-word")
    elsewhere = registry.host.replace("127.0.0.1", "localhost")

    def answer(seen: Seen) -> Answer:
        if seen.headers["host"] == elsewhere:
            return Answer(200, OCI_TYPE, MANIFEST.data)
        if "authorization" not in seen.headers:
            return Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
        return Answer(307, {"Location": f"http://{elsewhere}/x"})

    registry.answer = answer
    registry.client.manifest("1.0.0")
    assert registry.seen[1].headers["authorization"].startswith("Basic ")
    assert "authorization" not in registry.seen[2].headers


def test_netrc_does_not_replace_our_own_login(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login jo password other\n")
    registry.answer = lambda _: Answer(200, OCI_TYPE, MANIFEST.data)
    registry.client.manifest("1.0.0")
    assert "authorization" not in registry.seen[0].headers
