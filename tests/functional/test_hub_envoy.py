"""Stock Envoy fetches a module from the hub by the snippet that the filter's page shows."""

from __future__ import annotations

import html
import re
import subprocess
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import wasmtime
import yaml

from publications import publication_of
from registries import registry, settle
from toolneeds import need_program
from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.push import push_publication
from wasmkit.artifact.reference import Reference

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS_418 = """(module
  (import "env" "proxy_send_local_response"
    (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $answer (i32.const 418) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const -1)))
    i32.const 1))"""

BOOTSTRAP = """
admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}}}
static_resources:
  listeners:
    - name: http
      address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}
      filter_chains:
        - filters:
            - name: http
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network\
.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: http
                route_config:
                  virtual_hosts:
                    - {{name: all, domains: ["*"], routes: [
                        {{match: {{prefix: /}}, direct_response: {{status: 200}}}}]}}
                http_filters: []
  clusters:
    - name: wasmkit_hub
      connect_timeout: 5s
      load_assignment:
        cluster_name: wasmkit_hub
        endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{
          socket_address: {{address: 127.0.0.1, port_value: {port}}}}}}}}}]}}]
"""
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


def shown_snippet(host: str) -> Any:
    """Return what the filter's page shows under the heading "Envoy"."""
    page = httpx.get(f"http://{host}/filters/team/teapot").text
    found = re.search(r"<summary>Envoy</summary>.*?<code>(.*?)</code>", page, re.DOTALL)
    assert found
    return yaml.safe_load(html.unescape(found[1]))


def wait_for(file: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 30
    while not (file.exists() and file.read_text()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return file.read_text()


@pytest.mark.envoy
def test_envoy_runs_what_the_page_says(tmp_path: Path) -> None:
    envoy = need_program("envoy")
    module = bytes(wasmtime.wat2wasm(ANSWERS_418))
    with registry("hub", tmp_path) as host:
        reference = Reference(host, "team/teapot", "1.0.0")
        published = publication_of(module, "teapot", "1.0.0", root_id="no")
        push_publication(RegistryClient(reference), reference, published)
        settle(host)
        config = yaml.safe_load(BOOTSTRAP.format(port=host.partition(":")[2]))
        chain = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
        router = {"name": "router", "typed_config": {"@type": ROUTER}}
        chain["typed_config"]["http_filters"] = [shown_snippet(host), router]
        (tmp_path / "envoy.yaml").write_text(yaml.safe_dump(config))
        admin = tmp_path / "admin"
        command: list[str | Path] = [
            *(envoy, "-c", tmp_path / "envoy.yaml", "--use-dynamic-base-id", "-l", "off"),
            *("--concurrency", "1", "--admin-address-path", admin),
        ]
        with subprocess.Popen(command) as process:
            try:
                listeners = f"http://{wait_for(admin, process)}/listeners?format=json"
                statuses: list[dict[str, Any]] = []
                while not statuses:
                    statuses = httpx.get(listeners).json().get("listener_statuses", [])
                port = statuses[0]["local_address"]["socket_address"]["port_value"]
                deadline = time.monotonic() + 20
                while (status := httpx.get(f"http://127.0.0.1:{port}/").status_code) == 503:
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            finally:
                process.terminate()
    assert status == 418
