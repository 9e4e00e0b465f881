"""Manifests to paste, with strangers' texts in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from wasmkit_hub.verification.tables import ImageRow
from wasmkit_hub.web.snippets import snippets


def row(**change: Any) -> ImageRow:
    values: dict[str, Any] = {
        "repository": "team/my_filter",
        "digest": "sha256:" + "0" * 64,
        "name": "my filter",
        "root_id": "no",
        "on_error": "",
        "module_sha256": "1" * 63 + "e",
    }
    return ImageRow(**{**values, **change})


TEXTS = ["no", "0x10", "1e5", '"', "'", "a: b", "- x", "#", "\u2028", "\U0001f600", "\\", "{", "~"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_snippets_keep_texts_apart(text: str) -> None:
    ways = snippets(
        row(root_id=text, name=text),
        tag="1.0",
        base="https://hub.example:8443",
        config={text: text, "n": 5, "b": True},
        has_module=True,
    )
    config = {text: text, "n": 5, "b": True}
    istio, gateway, envoy = (yaml.safe_load(way.text) for way in ways[1:])
    assert istio["spec"]["pluginName"] == text
    assert istio["spec"]["pluginConfig"] == config
    assert istio["spec"]["url"] == f"oci://hub.example:8443/team/my_filter@sha256:{'0' * 64}"
    assert istio["metadata"]["name"] == "my-filter"
    assert gateway["spec"]["wasm"][0]["config"] == config
    assert gateway["spec"]["wasm"][0]["code"]["image"]["sha256"] == "0" * 64
    plugin = envoy["typed_config"]["config"]
    assert plugin["root_id"] == text
    assert json.loads(plugin["configuration"]["value"]) == config
    remote = plugin["vm_config"]["code"]["remote"]
    assert remote["sha256"] == "1" * 63 + "e"
    assert remote["http_uri"]["uri"].startswith("https://hub.example:8443/v2/team/my_filter/blobs/")


@pytest.mark.parametrize("on_error", ["open", "close", ""])
def test_manifests_fail_as_the_author_says(on_error: str) -> None:
    ways = snippets(row(on_error=on_error), tag="1", base="http://h", config={}, has_module=True)
    istio, gateway, envoy = (yaml.safe_load(way.text) for way in ways[1:])
    opens = on_error == "open"
    # The fields of WasmPlugin, EnvoyExtensionPolicy and PluginConfig, each in its own words.
    assert istio["spec"]["failStrategy"] == ("FAIL_OPEN" if opens else "FAIL_CLOSE")
    assert gateway["spec"]["wasm"][0]["failOpen"] is opens
    policy = envoy["typed_config"]["config"]["failure_policy"]
    assert policy == ("FAIL_OPEN" if opens else "FAIL_CLOSED")


def test_no_way_for_envoy_without_the_bare_module() -> None:
    ways = snippets(row(), tag="1", base="http://h", config={}, has_module=False)
    assert [way.title for way in ways] == ["Download", "Istio", "Envoy Gateway"]
