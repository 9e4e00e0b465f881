"""Envoy's configuration: one listener, one Wasm filter, one upstream.

Written as JSON: Envoy reads YAML 1.1, in which an unquoted ``no`` is a boolean. Whatever in
Envoy would change messages beside the filter is off here (``server`` and ``x-envoy-*`` headers,
retries, path rewriting, size limits far above its defaults), so that what client and upstream
see is what the filter made of it.
"""

from __future__ import annotations

import base64
import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.plugin import PluginConfig, VmConfig

__all__ = [
    "CONNECTION_STATS",
    "EXTENSION_NAME",
    "Bootstrap",
    "bootstrap_json",
    "extension_json",
]

EXTENSION_NAME = "wasmkit"
"""The filter's name in Envoy's filter chain, and that of its extension resource."""
CONNECTION_STATS = "http.ingress"
"""The prefix of the listener's HTTP statistics."""

_TYPE = "type.googleapis.com/"
_WASM = f"{_TYPE}envoy.extensions.filters.http.wasm.v3.Wasm"
_MAX_HEADERS_KIB = 8192  # the most that Envoy's validation lets through
_MAX_HEADERS = 10_000

_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Everything that one Envoy is started with; addresses are (host, port), port 0 is any free.

    ``module`` is the file that holds the plugin's code, which Envoy reads itself.
    ``extension``: a file that holds ``extension_json``, read again by Envoy whenever another file
    is moved onto it; with None the filter is part of the configuration, and one that does not
    load ends Envoy.
    """

    plugin: PluginConfig
    module: Path
    listen: tuple[str, int]
    upstream: tuple[str, int]
    admin_socket: Path
    extension: Path | None = None


def bootstrap_json(bootstrap: Bootstrap) -> str:
    """Return the bootstrap configuration (envoy.config.bootstrap.v3.Bootstrap)."""
    return json.dumps(
        {
            "node": {"id": "wasmkit", "cluster": "wasmkit"},
            "admin": {"address": {"pipe": {"path": str(bootstrap.admin_socket), "mode": 0o600}}},
            "static_resources": {
                "listeners": [
                    {
                        "name": "ingress",
                        "address": _address(bootstrap.listen),
                        # Otherwise two Envoys on one port would share it without a word.
                        "enable_reuse_port": False,
                        "per_connection_buffer_limit_bytes": 1024 * 1024,
                        "filter_chains": [{"filters": [_connection_manager(bootstrap)]}],
                    }
                ],
                "clusters": [_cluster(bootstrap.upstream)],
            },
        },
        indent=2,
    )


def extension_json(plugin: PluginConfig, module: Path, version: str) -> str:
    """Return the file of a filter that is loaded while Envoy runs (a DiscoveryResponse).

    ``module`` is the file that holds the plugin's code.
    """
    resource = {
        "@type": f"{_TYPE}envoy.config.core.v3.TypedExtensionConfig",
        "name": EXTENSION_NAME,
        "typed_config": _wasm(plugin, module),
    }
    return json.dumps({"version_info": version, "resources": [resource]}, indent=2)


def _connection_manager(bootstrap: Bootstrap) -> _Json:
    route = {
        "match": {"prefix": ""},
        "route": {"cluster": "upstream", "timeout": "0s"},
    }
    # An asterisk (OPTIONS *) begins with no slash, so the prefix above is empty on purpose.
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{_TYPE}envoy.extensions.filters.network.http_connection_manager.v3"
            ".HttpConnectionManager",
            "stat_prefix": "ingress",
            "codec_type": "AUTO",
            "server_header_transformation": "PASS_THROUGH",
            "preserve_external_request_id": True,
            "http_protocol_options": {"enable_trailers": True},
            "max_request_headers_kb": _MAX_HEADERS_KIB,
            "common_http_protocol_options": {
                "max_headers_count": _MAX_HEADERS,
                "idle_timeout": "3600s",
            },
            "normalize_path": False,
            "merge_slashes": False,
            "stream_idle_timeout": "0s",
            "route_config": {
                "name": "ingress",
                "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}],
            },
            "http_filters": [
                _discovered(bootstrap.extension)
                if bootstrap.extension is not None
                else {
                    "name": EXTENSION_NAME,
                    "typed_config": _wasm(bootstrap.plugin, bootstrap.module),
                },
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {
                        "@type": f"{_TYPE}envoy.extensions.filters.http.router.v3.Router",
                        "suppress_envoy_headers": True,
                    },
                },
            ],
        },
    }


def _wasm(plugin: PluginConfig, module: Path) -> _Json:
    config: _Json = {
        "name": plugin.name,
        "root_id": plugin.root_id,
        "failure_policy": plugin.failure_policy.value,
        "configuration": _any(plugin.configuration),
        "vm_config": _vm(plugin.vm, module),
    }
    return {"@type": _WASM, "config": config}


def _vm(vm: VmConfig, module: Path) -> _Json:
    config: _Json = {
        "vm_id": vm.vm_id,
        "runtime": "envoy.wasm.runtime.v8",
        "code": {"local": {"filename": str(module)}},
        "configuration": _any(vm.configuration),
    }
    if vm.environment:
        config["environment_variables"] = {"key_values": dict(vm.environment)}
    return config


def _any(data: bytes) -> _Json:
    """Return the bytes so that the filter gets them as they are; a Struct would arrive encoded."""
    try:
        return {"@type": f"{_TYPE}google.protobuf.StringValue", "value": data.decode()}
    except UnicodeDecodeError:
        value = base64.b64encode(data).decode()
        return {"@type": f"{_TYPE}google.protobuf.BytesValue", "value": value}


def _discovered(extension: Path) -> _Json:
    return {
        "name": EXTENSION_NAME,
        "config_discovery": {
            "config_source": {
                "path_config_source": {"path": str(extension)},
                "resource_api_version": "V3",
            },
            "type_urls": [_WASM],
        },
    }


def _cluster(upstream: tuple[str, int]) -> _Json:
    host, _ = upstream
    try:
        ipaddress.ip_address(host)
        kind = "STATIC"
    except ValueError:
        kind = "STRICT_DNS"
    return {
        "name": "upstream",
        "type": kind,
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {"enable_trailers": True}},
                "common_http_protocol_options": {
                    "max_headers_count": _MAX_HEADERS,
                    "max_response_headers_kb": _MAX_HEADERS_KIB,
                },
            }
        },
    }


def _address(address: tuple[str, int]) -> _Json:
    host, port = address
    return {"socket_address": {"address": host, "port_value": port}}
