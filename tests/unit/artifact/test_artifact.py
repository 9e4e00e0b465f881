from __future__ import annotations

import subprocess
import sys


def test_the_face_loads_neither_oras_nor_an_engine() -> None:
    script = (
        "import sys, wasmkit.artifact, wasmkit.artifact.media_types\n"
        "print([name for name in ('oras', 'requests', 'wasmtime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
