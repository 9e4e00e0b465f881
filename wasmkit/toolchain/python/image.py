"""Makes the interpreter image: CPython and the SDK as one module, ready to import a filter.

Made once and kept (see ``cache``): componentize-py pre-initialises CPython (about 5 s), the
linker makes one module of its component, and the bootstrap inside imports what every filter
needs. Building a filter starts from the image.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import wasmkit.abi
import wasmkit.sdk
from wasmkit.errors import BuildError
from wasmkit.host.guest.compiled import compile_module
from wasmkit.progress import Step
from wasmkit.toolchain.python import recursion
from wasmkit.toolchain.python.build import IMAGE_SECTION, Image, write_code
from wasmkit.toolchain.python.component import read_component
from wasmkit.toolchain.python.glue import CALLBACKS, METHODS, glue_for
from wasmkit.toolchain.python.interpreter import Interpreter
from wasmkit.toolchain.python.linker import link
from wasmkit.toolchain.python.program import Program
from wasmkit.toolchain.python.snapshot import write_snapshot
from wasmkit.toolchain.python.sources import ModuleSources, Source
from wasmkit.toolchain.python.trim import Cuts, find_cuts
from wasmkit.wasm.module import read_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmkit.progress import Progress

__all__ = ["make_image"]

_WORLD = "package wasmkit:interpreter;\nworld interpreter {}\n"

_C_API = (
    "PyBytes_AsString",
    "PyBytes_FromStringAndSize",
    "PyBytes_Size",
    "PyCMethod_New",
    "PyGILState_Ensure",
    "PyImport_AddModuleRef",
    "PyObject_Free",
    "PyObject_Malloc",
    "PyObject_SetAttrString",
    "PyRun_SimpleStringFlags",
    "PyThreadState_Get",
    "free",
    "malloc",
)
"""What the image exports for the builder."""

_PRELOADED = (
    "encodings.ascii",
    "encodings.cp1252",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_16",
    "encodings.utf_16_le",
    "encodings.utf_8_sig",
    "json",
    "wasmkit.sdk",
    "wasmkit.sdk.embedding",
)
"""What every filter has: the SDK, and codecs, which Python imports by name at run time."""

_METH_O, _METH_FASTCALL = 0x08, 0x80


def make_image(progress: Progress) -> Image:
    """Make an image; ``progress`` is told each step.

    Raises ``BuildError`` if componentize-py fails or its component is not as expected.
    """
    with tempfile.TemporaryDirectory(prefix="wasmkit-image-") as folder:
        progress(Step("pre-initialising CPython with componentize-py"))
        component, library = _componentize(Path(folder))
    progress(Step("linking CPython into one module"))
    linked = _link(component)
    progress(Step("compiling CPython for this machine and importing the SDK"))
    return Image(_prepare(linked, library), library)


def _componentize(folder: Path) -> tuple[bytes, bytes]:
    (folder / "world.wit").write_text(_WORLD)
    app = folder / "app"
    app.mkdir()
    source = resources.files(__package__).joinpath("guest", "collect.py").read_bytes()
    (app / "collect.py").write_bytes(source)
    output = folder / "component.wasm"
    # VIRTUAL_ENV would make componentize-py search the user's packages.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    arguments = ["-q", "-d", "world.wit", "-w", "interpreter", "componentize"]
    arguments += ["-p", "app", "-o", str(output), "collect"]
    run = "import sys, componentize_py; sys.argv[0] = 'componentize-py'; componentize_py.script()"
    result = subprocess.run(
        [sys.executable, "-c", run, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=600,
        check=False,
    )
    if result.returncode or not output.exists():
        raise BuildError(
            "componentize-py could not make the interpreter's component",
            detail=(result.stderr or result.stdout).decode(errors="replace"),
            hint="check the installed package: pip show componentize-py",
        )
    return output.read_bytes(), _zipped((app / "standard-library").read_bytes())


def _zipped(collected: bytes) -> bytes:
    """Turn what ``guest/collect.py`` wrote into a zip file with fixed times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        position = 0
        while position < len(collected):
            end = collected.index(b"\n", position)
            name = collected[position:end].decode()
            size_end = collected.index(b"\n", end + 1)
            size = int(collected[end + 1 : size_end])
            position = size_end + 1 + size
            archive.writestr(
                zipfile.ZipInfo(name),
                collected[size_end + 1 : position],
                compress_type=zipfile.ZIP_DEFLATED,
            )
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class _Linked:
    module: bytes
    first_slot: int
    """The table slot of the first of ``METHODS``."""
    cuts: Cuts


def _link(component_bytes: bytes) -> _Linked:
    component = read_component(component_bytes)
    program = Program(component, glue_for(list(component.modules)))
    runtime = program.libraries["libcomponentize_py_runtime.so"]
    linked = link(
        program,
        exports=(
            *_C_API,
            "proxy_abi_version_0_2_1",
            "proxy_on_memory_allocate",
            *CALLBACKS,
        ),
        exported_globals=("__stack_pointer", "callbacks", "host_error"),
        # componentize-py's own runtime called the app's exports; the glue does that now.
        dropped=frozenset({runtime}),
        wrap=lambda functions: recursion.wrappers(program, functions),
    )
    slot = program.glue_slots()[f"call_{METHODS[0]}"]
    return _Linked(linked.module, slot, find_cuts(program, linked.bodies))


def _prepare(linked: _Linked, library: bytes) -> bytes:
    sources = ModuleSources(library, [("wasmkit", _package_root())])
    exchange_slot = linked.first_slot + METHODS.index("exchange")
    found: dict[str, int] = {}
    interpreter = Interpreter(
        compile_module(linked.module), exchange_slot, _answers(sources, found)
    )
    # The thread state stays attached for ever: there is one thread, and no one to yield to.
    interpreter.call("PyGILState_Ensure")
    _check_layout(interpreter)
    recursion.set_limit(interpreter)
    _define_methods(interpreter, linked.first_slot)
    interpreter.run(
        "import sys, _proxy_wasm\n"
        "boot = sys.modules['_wasmkit_bootstrap'] = type(sys)('_wasmkit_bootstrap')\n"
        "exec(compile(_proxy_wasm.exchange(b'B'), '<bootstrap>', 'exec'), boot.__dict__)\n"
        f"boot.prepare({list(_PRELOADED)!r})\n"
        "del sys, _proxy_wasm, boot\n"
    )
    interpreter.clear_free_memory()
    callbacks = interpreter.allocate(bytes(4 * len(CALLBACKS)))
    module = read_module(linked.module)
    details = {
        "code": write_code(module, linked.cuts),
        "exchange": exchange_slot,
        "callbacks": callbacks,
        "cuts": linked.cuts.to_json(),
    }
    values = {
        "__stack_pointer": interpreter.stack_pointer,
        "callbacks": callbacks,
        "host_error": found["host_error"],
    }
    return write_snapshot(
        module,
        interpreter.snapshot(values),
        custom={IMAGE_SECTION: json.dumps(details).encode()},
    )


def _package_root() -> Path:
    return Path(wasmkit.sdk.__file__).parent.parent.parent


def _answers(sources: ModuleSources, found: dict[str, int]) -> Callable[[bytes], bytes]:
    def answer(request: bytes) -> bytes:
        if request[:1] == b"R":
            found.update(json.loads(request[1:]))
            return b""
        if request == b"B":
            return resources.files(__package__).joinpath("guest", "bootstrap.py").read_bytes()
        source = sources.find(request[1:].decode())
        return source.encoded() if isinstance(source, Source) else b""

    return answer


def _check_layout(interpreter: Interpreter) -> None:
    """Check the places in CPython's objects that ``glue.wat`` relies on."""
    data = b"twelve bytes"
    address = interpreter.allocate(data)
    item = interpreter.call("PyBytes_FromStringAndSize", address, len(data))
    payload = interpreter.call("PyBytes_AsString", item)
    flags = interpreter.word(interpreter.word(item + 4) + 84)
    if payload != item + 16 or interpreter.word(item + 8) != len(data) or not flags >> 27 & 1:
        raise BuildError("CPython's bytes objects are not laid out as the glue expects")


def _define_methods(interpreter: Interpreter, slot: int) -> None:
    """Make the builtin module ``_proxy_wasm`` (``PyMethodDef``: name, slot, flags, doc)."""
    name = interpreter.allocate(b"_proxy_wasm\0")
    module = interpreter.call("PyImport_AddModuleRef", name)
    for number, method in enumerate(METHODS):
        label = interpreter.allocate(method.encode() + b"\0")
        definition = interpreter.allocate(bytes(16))
        flags = _METH_O if method == "exchange" else _METH_FASTCALL
        for place, value in enumerate((label, slot + number, flags)):
            interpreter.write_word(definition + 4 * place, value)
        function = interpreter.call("PyCMethod_New", definition, 0, 0, 0)
        if not function or interpreter.call("PyObject_SetAttrString", module, label, function):
            raise BuildError(f"CPython refused the builtin function {method}")
