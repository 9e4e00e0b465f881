from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolneeds import need_module
from wasmkit.envoy.binary import find_envoy
from wasmkit.envoy.bootstrap import Bootstrap, bootstrap_json, extension_json
from wasmkit.plugin import FailurePolicy, PluginConfig, VmConfig
from wat_guest import guest

PLUGIN = PluginConfig(name="hello", root_id="root", configuration=b'{"no": "yes"}')
MODULE = Path("/m.wasm")
PLAIN = Bootstrap(PLUGIN, MODULE, ("127.0.0.1", 0), ("127.0.0.1", 8000), Path("/run/admin.sock"))


def wasm_config(bootstrap: Bootstrap) -> Any:
    listener = json.loads(bootstrap_json(bootstrap))["static_resources"]["listeners"][0]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return manager["http_filters"][0]["typed_config"]["config"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": 1}', {"value": '{"a": 1}'}),
        (b"", {"value": ""}),
        (b"\xff\x00", {"value": "/wA="}),
    ],
    ids=["text", "empty", "bytes"],
)
def test_the_configuration_is_no_struct(data: bytes, expected: dict[str, str]) -> None:
    config = wasm_config(replace(PLAIN, plugin=replace(PLUGIN, configuration=data)))
    kind = "BytesValue" if data == b"\xff\x00" else "StringValue"
    expected["@type"] = f"type.googleapis.com/google.protobuf.{kind}"
    assert config["configuration"] == expected


@pytest.mark.parametrize("policy", FailurePolicy)
def test_failure_policy(policy: FailurePolicy) -> None:
    config = wasm_config(replace(PLAIN, plugin=replace(PLUGIN, failure_policy=policy)))
    assert config["failure_policy"] == policy.name


def test_what_a_vm_is_told() -> None:
    assert "environment_variables" not in wasm_config(PLAIN)["vm_config"]
    vm = VmConfig(vm_id="shared", configuration=b"VM", environment={"A": "1"})
    config = wasm_config(replace(PLAIN, plugin=replace(PLUGIN, vm=vm)))["vm_config"]
    assert config["vm_id"] == "shared"
    assert config["configuration"]["value"] == "VM"
    assert config["environment_variables"] == {"key_values": {"A": "1"}}
    assert config["code"] == {"local": {"filename": "/m.wasm"}}


@pytest.mark.parametrize(
    ("host", "kind"), [("127.0.0.1", "STATIC"), ("::1", "STATIC"), ("localhost", "STRICT_DNS")]
)
def test_an_upstream_is_an_address_or_a_name(host: str, kind: str) -> None:
    text = bootstrap_json(replace(PLAIN, upstream=(host, 80)))
    assert json.loads(text)["static_resources"]["clusters"][0]["type"] == kind


@pytest.mark.envoy
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("discovered", [False, True])
def test_envoy_accepts_it(tmp_path: Path, host: str, *, discovered: bool) -> None:
    need_module("envoy")
    module = tmp_path / "m.wasm"
    module.write_bytes(guest())
    plugin = replace(PLUGIN, vm=VmConfig(vm_id="shared", environment={"A": "1"}))
    extension = tmp_path / "filter.json" if discovered else None
    if extension:
        extension.write_text(extension_json(plugin, module, "1"))
    config = tmp_path / "bootstrap.json"
    bootstrap = Bootstrap(
        plugin, module, ("127.0.0.1", 0), (host, 1), tmp_path / "a.sock", extension
    )
    config.write_text(bootstrap_json(bootstrap))
    check = subprocess.run(
        [find_envoy().path, "--mode", "validate", "--config-path", config, "--disable-hot-restart"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert check.returncode == 0, check.stderr.decode()
    assert b"deprecated" not in check.stderr.lower()
