"""What to paste where, to run one version of a filter: pinned by digest, every value quoted.

The texts that go in are strangers'. They are written as double-quoted YAML, which Envoy (YAML 1.1)
and Kubernetes read alike, so that none of them can become a number, a boolean or another key.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from wasmkit.plugin import FailurePolicy

if TYPE_CHECKING:
    from wasmkit_hub.verification.tables import ImageRow

__all__ = ["Snippet", "snippets"]

_NOT_IN_KUBERNETES = re.compile(r"[^a-z0-9-]+", re.ASCII)
_LONGEST_KUBERNETES_NAME = 63


@dataclass(frozen=True, slots=True)
class Snippet:
    """A way to use a filter: where, what to know, what to paste."""

    title: str
    note: str
    text: str


class _Quoted(yaml.SafeDumper):
    """Writes every text in double quotes, keys too, and everything in one line."""


def _quote_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Quoted.add_representer(str, _quote_text)


def _yaml(value: object) -> str:
    text: str = yaml.dump(
        value, Dumper=_Quoted, default_flow_style=True, width=float("inf"), sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _kubernetes_name(image: ImageRow) -> str:
    name = _NOT_IN_KUBERNETES.sub("-", image.repository.rpartition("/")[2])
    return name[:_LONGEST_KUBERNETES_NAME].strip("-")


def _pull(image: ImageRow, tag: str, host: str) -> str:
    reference = f"{host}/{image.repository}:{tag}"
    return f"wasmkit pull {reference} -o plugin.wasm"


def _opens(image: ImageRow) -> bool:
    return FailurePolicy.of(image.on_error) is FailurePolicy.FAIL_OPEN


def _istio(image: ImageRow, host: str, config: dict[str, Any]) -> str:
    return f"""\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata:
  name: {_yaml(_kubernetes_name(image))}
spec:
  url: {_yaml(f"oci://{host}/{image.repository}@{image.digest}")}
  pluginName: {_yaml(image.root_id or image.name)}
  failStrategy: {"FAIL_OPEN" if _opens(image) else "FAIL_CLOSE"}
  pluginConfig: {_yaml(config)}
"""


def _envoy_gateway(image: ImageRow, tag: str, host: str, config: dict[str, Any]) -> str:
    name = _yaml(_kubernetes_name(image))
    return f"""\
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata:
  name: {name}
spec:
  targetRefs:
    - group: gateway.networking.k8s.io
      kind: HTTPRoute
      name: "the-route"
  wasm:
    - name: {name}
      rootID: {_yaml(image.root_id)}
      failOpen: {_yaml(_opens(image))}
      code:
        type: Image
        image:
          url: {_yaml(f"{host}/{image.repository}:{tag}")}
          sha256: {_yaml(image.digest.removeprefix("sha256:"))}
      config: {_yaml(config)}
"""


def _envoy(image: ImageRow, base: str, config: dict[str, Any]) -> str:
    module = f"{base}/v2/{image.repository}/blobs/sha256:{image.module_sha256}"
    return f"""\
name: {_yaml(f"wasmkit.{_kubernetes_name(image)}")}
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
  config:
    name: {_yaml(image.name)}
    root_id: {_yaml(image.root_id)}
    failure_policy: {FailurePolicy.of(image.on_error)}
    configuration:
      "@type": type.googleapis.com/google.protobuf.StringValue
      value: {_yaml(json.dumps(config))}
    vm_config:
      runtime: envoy.wasm.runtime.v8
      code:
        remote:
          http_uri:
            uri: {_yaml(module)}
            cluster: wasmkit_hub
            timeout: 30s
          sha256: {_yaml(image.module_sha256)}
"""


def snippets(
    image: ImageRow, *, tag: str, base: str, config: dict[str, Any], has_module: bool
) -> tuple[Snippet, ...]:
    """Return how to use an image; ``base`` is the hub's own URL as the reader reached it.

    ``has_module``: the bare module can be fetched from this hub, which is Envoy's way.
    """
    host = base.partition("://")[2]
    ways = [
        Snippet(
            "Download", "Checks every digest, then writes the module.", _pull(image, tag, host)
        ),
        Snippet(
            "Istio",
            "Pinned by the image digest.",
            _istio(image, host, config),
        ),
        Snippet(
            "Envoy Gateway",
            "Pinned by the image digest. Name your own route.",
            _envoy_gateway(image, tag, host, config),
        ),
    ]
    if has_module:
        note = "Pinned by the module sha256. Needs a cluster wasmkit_hub that leads to this hub."
        ways.append(Snippet("Envoy", note, _envoy(image, base, config)))
    return tuple(ways)
