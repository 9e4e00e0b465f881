"""The same filter five ways: what is put into Envoy's filter chain and beside Envoy."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmkit.errors import BuildError

if TYPE_CHECKING:
    from wasmkit.project import Project

__all__ = ["HEADER", "Variant", "all_variants"]

HEADER = ("x-hello", "world")
"""What every variant sets in each response."""

_HERE = Path(__file__).parent
_TYPE = "type.googleapis.com/"
_FILTERS = f"{_TYPE}envoy.extensions.filters.http"
_SERVICE_SECONDS = "10s"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way; with ``filter`` None there is none, and the header is not set."""

    name: str
    filter: dict[str, Any] | None = None
    clusters: tuple[dict[str, Any], ...] = ()
    service: tuple[str, ...] = ()
    """The program beside Envoy; it listens on the Unix socket that is its last argument."""
    module_bytes: int = field(default=0)


def all_variants(project: Project, module: bytes, folder: Path) -> tuple[Variant, ...]:
    """Return the variants, in the order of the table; ``folder`` holds what they need."""
    in_python = folder / "python.wasm"
    in_python.write_bytes(module)
    in_c = _compiled_c(folder)
    configuration = json.dumps(project.config.example)
    return (
        Variant("no filter"),
        Variant("Lua", _lua()),
        Variant("C, Wasm", _wasm(in_c, "", ""), module_bytes=in_c.stat().st_size),
        Variant(
            "Python, wasmkit",
            _wasm(in_python, project.root_id, configuration),
            module_bytes=len(module),
        ),
        _external(folder / "ext_proc.sock"),
    )


def _compiled_c(folder: Path) -> Path:
    output = folder / "c.wasm"
    result = subprocess.run(
        [
            *(sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-freestanding"),
            *("-nostdlib", "-O2", "-g0", "-Wall", "-Wextra", "-Werror", "-Wl,--no-entry"),
            *("-o", str(output), str(_HERE / "filter.c")),
        ],
        env={
            "ZIG_GLOBAL_CACHE_DIR": str(folder / "zig"),
            "ZIG_LOCAL_CACHE_DIR": str(folder / "zig"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BuildError(
            "the C filter does not compile",
            detail=result.stderr,
            hint="pip install 'wasmkit[bench]'",
        )
    return output


def _lua() -> dict[str, Any]:
    code = (_HERE / "filter.lua").read_text()
    return {
        "name": "envoy.filters.http.lua",
        "typed_config": {
            "@type": f"{_FILTERS}.lua.v3.Lua",
            "default_source_code": {"inline_string": code},
        },
    }


def _wasm(module: Path, root_id: str, configuration: str) -> dict[str, Any]:
    value = {"@type": f"{_TYPE}google.protobuf.StringValue", "value": configuration}
    return {
        "name": "envoy.filters.http.wasm",
        "typed_config": {
            "@type": f"{_FILTERS}.wasm.v3.Wasm",
            "config": {
                "name": "bench",
                "root_id": root_id,
                "configuration": value,
                "vm_config": {
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": str(module)}},
                },
            },
        },
    }


def _external(socket: Path) -> Variant:
    """Return the service that is asked for response headers and nothing else."""
    mode = {
        "request_header_mode": "SKIP",
        "response_header_mode": "SEND",
        "request_body_mode": "NONE",
        "response_body_mode": "NONE",
        "request_trailer_mode": "SKIP",
        "response_trailer_mode": "SKIP",
    }
    typed_config = {
        "@type": f"{_FILTERS}.ext_proc.v3.ExternalProcessor",
        "grpc_service": {"envoy_grpc": {"cluster_name": "ext_proc"}, "timeout": _SERVICE_SECONDS},
        "message_timeout": _SERVICE_SECONDS,
        "processing_mode": mode,
    }
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    options = f"{_TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    cluster = {
        "name": "ext_proc",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "ext_proc",
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": options,
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }
    return Variant(
        "Python, ext_proc",
        {"name": "envoy.filters.http.ext_proc", "typed_config": typed_config},
        clusters=(cluster,),
        service=(sys.executable, "-I", str(_HERE / "ext_proc.py"), str(socket)),
    )
