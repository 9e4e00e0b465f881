"""From a layer to facts, in this process."""

from __future__ import annotations

import hashlib
import json

import pytest

from registries import HTTP_CALL, filter_module
from wasmkit.artifact import media_types as oci
from wasmkit.artifact.layer import compress, module_tar
from wasmkit_hub.verification.tasks import measure


def test_module() -> None:
    measure.prepare()
    module = filter_module(imports=HTTP_CALL)
    packed = measure.run({"media_type": oci.LAYER_TAR_GZIP}, [compress(module_tar(module))])
    assert packed == measure.run({"media_type": oci.LAYER_WASM}, [module])
    facts = json.loads(json.dumps(packed))["module"]
    assert facts["sha256"] == hashlib.sha256(module).hexdigest()
    assert (facts["size"], facts["abi_version"]) == (len(module), "0.2.1")
    assert facts["imports"] == ["env.proxy_http_call"]
    assert facts["capabilities"][0]["reaches_out"] is True
    assert {verdict["outcome"] for verdict in facts["verdicts"]} == {"loads"}


@pytest.mark.parametrize(
    ("layer", "key"),
    [
        (b"", "absent"),
        (compress(b"no tar"), "absent"),
        (compress(module_tar(b"(module)")), "broken"),
        (compress(module_tar(b"\0asm\1\0\0\0\x01\x7f")), "broken"),
    ],
)
def test_nothing_to_measure(layer: bytes, key: str) -> None:
    answer = measure.run({"media_type": oci.LAYER_TAR_GZIP}, [layer])
    assert list(answer) == [key]
    assert answer[key]


def test_long_lists_are_cut() -> None:
    imports = "\n".join(f'(import "env" "{"f" * 600}{n}" (func))' for n in range(2500))
    facts = measure.run({"media_type": oci.LAYER_WASM}, [filter_module(imports=imports)])["module"]
    assert len(facts["imports"]) == 200
    assert len(facts["imports"][0]) == 300
    assert len(json.dumps(facts)) < 1 << 20
