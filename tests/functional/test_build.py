"""Builds with the real interpreter image, which is made on first use and kept for this user."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from filter_project import make_project
from messages import a_request, a_response, play
from plugins import plugin_of
from wasm_tools import lowest_features
from wasmkit.engines.wasm import WasmEngine
from wasmkit.errors import BuildError
from wasmkit.http.message import as_text
from wasmkit.inspection import Outcome, inspect_module
from wasmkit.project import Project, load_project
from wasmkit.project.document import FilterDocument
from wasmkit.project.templates import find_template
from wasmkit.project.templates import make_project as make_from_template
from wasmkit.toolchain import build
from wasmkit.traffic.model import Exchange
from wasmkit.wasm.module import Kind, read_module

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[2]
WASMKIT = [sys.executable, "-c", "from wasmkit.cli.main import entry_point; entry_point()"]

MINIMAL = """
    from wasmkit.sdk import Headers, HttpFilter

    class Tested(HttpFilter[None]):
        def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
            headers["x-value"] = str(value())

    def value():
        return 1
"""


@pytest.fixture(scope="module")
def hello(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("build") / "hello"
    make_from_template(find_template("python-http"), folder, {})
    return load_project(folder)


@pytest.fixture(scope="module")
def module(hello: Project) -> bytes:
    return build(hello)


def wasmkit(
    arguments: Sequence[str | Path], cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*WASMKIT, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# -- the module -----------------------------------------------------------------------------------


def test_what_the_module_is(module: bytes) -> None:
    parts = read_module(module)
    assert (len(parts.memories), len(parts.tables), parts.start) == (1, 1, None)
    assert {item.initial.op for item in parts.globals} == {"i32.const"}
    assert {segment.offset.op for segment in parts.data_segments if segment.offset} == {"i32.const"}
    assert all(segment.offset is not None for segment in parts.data_segments)
    assert parts.memories[0].flags == 0
    names = {item.name for item in parts.exports}
    assert not names & {"_initialize", "_start", "main", "__main_void", "malloc"}
    assert names == {
        "memory",
        "proxy_abi_version_0_2_1",
        "proxy_on_memory_allocate",
        # What the template's filter and its root context need:
        *("proxy_on_vm_start", "proxy_on_configure", "proxy_on_context_create"),
        *("proxy_on_response_headers", "proxy_on_delete"),
    }
    assert {item.kind for item in parts.exports if item.name != "memory"} == {Kind.FUNCTION}


def test_it_asks_no_more_of_an_engine_than_wasm_1_and_three_small_additions(
    module: bytes,
) -> None:
    assert lowest_features(module) == {
        "bulk-memory",
        "saturating-float-to-int",
        "sign-extension",
    }


def test_every_supported_envoy_would_load_it(module: bytes) -> None:
    inspection = inspect_module(module)
    assert inspection.abi_version == "0.2.1"
    assert {verdict.envoy for verdict in inspection.verdicts} >= {"1.36", "1.40"}
    assert {verdict.outcome for verdict in inspection.verdicts} == {Outcome.LOADS}
    assert not any(capability.reaches_out for capability in inspection.capabilities)


def test_it_says_nothing_of_the_machine_that_built_it(module: bytes, hello: Project) -> None:
    for text in (hello.root, Path.home(), ROOT, sys.prefix, os.uname().nodename):
        if len(str(text)) > 5:
            assert str(text).encode() not in module


def test_the_same_source_is_the_same_bytes_everywhere(
    module: bytes, hello: Project, tmp_path: Path
) -> None:
    """Built anew in other processes, in another folder, with another hash seed and time zone."""
    (tmp_path / "elsewhere").mkdir()
    make_from_template(find_template("python-http"), tmp_path / "elsewhere" / "hello", {})
    for place, seed in ((hello.root, "1"), (tmp_path / "elsewhere" / "hello", "2")):
        file = tmp_path / f"{seed}.wasm"
        done = wasmkit(
            ["build", place, "-o", file],
            tmp_path,
            PYTHONHASHSEED=seed,
            TZ=f"UTC{seed}",
            LANG="C",
            COLUMNS=seed,
        )
        assert done.returncode == 0, done.stderr
        assert file.read_bytes() == module


def test_the_command_says_what_it_wrote(hello: Project) -> None:
    done = wasmkit(["build"], hello.root)
    file = hello.root / "build" / "hello.wasm"
    size = file.stat().st_size
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"built {file} ({size:,} bytes)\n      {file.with_suffix('.json')} says what it is\n",
        "",
    )


def test_the_filter_document_stands_beside_the_module(
    hello: Project, module: bytes, tmp_path: Path
) -> None:
    done = wasmkit(["build", hello.root, "-o", tmp_path / "a.wasm", "--json"], tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["file"] == str(tmp_path / "a.wasm")
    assert result["document_file"] == str(tmp_path / "a.json")
    assert result["toolchain"].startswith("python ")
    document = FilterDocument.from_bytes((tmp_path / "a.json").read_bytes())
    assert document.filter == hello.facts
    assert document.module == inspect_module(module)
    assert document.module.sha256 == result["module_sha256"]
    assert document.config.example == hello.config.example
    assert document.config.schema is not None


def test_a_module_is_not_written_where_its_document_goes(hello: Project, tmp_path: Path) -> None:
    done = wasmkit(["build", hello.root, "-o", "a.json"], tmp_path)
    assert done.returncode == 2
    assert "is the filter document's suffix" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_is_left_in_the_project(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", MINIMAL, {"parts/one.py": "x = 1"})
    before = sorted(tmp_path.rglob("*"))
    build(project)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_build_takes_about_as_long_as_the_imports(tmp_path: Path, module: bytes) -> None:
    project = make_project(tmp_path / "p", MINIMAL)
    begin = time.perf_counter()
    build(project)
    # 0.2 s on an idle machine; the interpreter alone would take over 5 s.
    assert time.perf_counter() - begin < 5
    assert module


# -- what a filter may import ---------------------------------------------------------------------


def value_set(project: Project) -> str:
    """Return the value that the filter set."""
    exchange = Exchange(a_request("GET", "http", "example.com", "/"), a_response(200))
    with WasmEngine(plugin_of(build(project))) as engine:
        upstream = play(engine, exchange).upstream
    assert upstream is not None
    return as_text(dict(upstream.headers)[b"x-value"])


IMPORTS = {
    "an extension module": ("import decimal", "decimal.Decimal('0.1') * 3", "0.3"),
    "expat": (
        "import xml.etree.ElementTree as e", "e.fromstring('<a b=\"c\"/>').get('b')", "c"
    ),
    "sqlite": (
        "import sqlite3", "sqlite3.connect(':memory:').execute('select 6*7').fetchone()[0]", "42"
    ),
    "python beside a native extension": (
        "import yaml", "yaml.safe_load('[1, {a: b}]')[1]['a']", "b"
    ),
    "a package": ("from parts import one", "one.name()", "two"),
    "a namespace package": ("from space.inner import mod", "mod.X", "5"),
    "a source in another encoding": ("import old", "len(old.TEXT)", "1"),
    "a byte order mark": ("import marked", "marked.X", "mark"),
    "importlib": (
        "import importlib; late = importlib.import_module('named')", "late.X", "src/named.py"
    ),
    "much of the library": (
        "import asyncio, tomllib, csv, difflib, statistics", "statistics.mean([1, 3])", "2"
    ),
    "the filter's own name": ("", "__name__", "filter"),
}  # fmt: skip
"""What: (how it is imported, an expression of a request, its value)."""

FILES: dict[str, str | bytes] = {
    "parts/__init__.py": "",
    "parts/one.py": "from . import two\ndef name(): return two.NAME\n",
    "parts/two.py": "NAME = 'two'",
    "space/inner/mod.py": "X = 5",
    "old.py": "# -*- coding: latin-1 -*-\nTEXT = 'é'".encode("latin-1"),
    "marked.py": b"\xef\xbb\xbfX = 'mark'",
    "named.py": "X = __file__",
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Build one filter that imports everything, since each set of extension modules is compiled."""
    heads = "\n".join(head for head, _, _ in IMPORTS.values())
    values = ", ".join(f"str({value})" for _, value, _ in IMPORTS.values())
    source = f"{heads}\n" + dedented(MINIMAL).replace("return 1", f"return '|'.join([{values}])")
    return value_set(make_project(tmp_path_factory.mktemp("imports") / "p", source, FILES)).split(
        "|"
    )


@pytest.mark.parametrize("what", IMPORTS)
def test_what_can_be_imported(imported: list[str], what: str) -> None:
    assert imported[list(IMPORTS).index(what)] == IMPORTS[what][2]


def dedented(text: str) -> str:
    return re.sub(r"(?m)^    ", "", text)


def test_state_of_the_build_is_kept(tmp_path: Path) -> None:
    source = dedented(MINIMAL).replace("return 1", "return TABLE['k', 999]")
    source += "TABLE = {('k', number): number ** 2 for number in range(1000)}\n"
    assert value_set(make_project(tmp_path / "p", source)) == "998001"


def test_builds_do_not_see_each_other(tmp_path: Path) -> None:
    first = "import json; json.mark = 'first'\n" + dedented(MINIMAL)
    second = "import json\n" + dedented(MINIMAL).replace(
        "return 1", "return getattr(json, 'mark', 'none')"
    )
    build(make_project(tmp_path / "one", first))
    assert value_set(make_project(tmp_path / "two", second)) == "none"


# -- what cannot be built -------------------------------------------------------------------------

BROKEN = """
    import settings

    from wasmkit.sdk import HttpFilter

    class Tested(HttpFilter[None]):
        pass
"""
SETTINGS = """
    import json

    print("reading the settings")

    def read(text):
        try:
            return json.loads(text)
        except ValueError as error:
            raise RuntimeError("the settings are unusable") from error

    LIMITS = read("{no json}")
"""


def test_a_traceback_is_the_authors_own(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    make_project(tmp_path / "p", BROKEN, {"settings.py": SETTINGS})
    done = wasmkit(["build", "p"], tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    golden("build-traceback.txt", done.stderr)


def test_a_syntax_error_is_shown_with_its_line(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    make_project(
        tmp_path / "p", BROKEN, {"settings.py": "LIMITS = {1: 2\n\ndef read():\n    pass\n"}
    )
    done = wasmkit(["build", "p"], tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    golden("build-syntax-error.txt", done.stderr)


def test_a_class_that_is_not_there(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    make_project(tmp_path / "p", "class Other: pass\n")
    done = wasmkit(["build", "p"], tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    golden("build-no-class.txt", done.stderr.replace(str(tmp_path), "FOLDER"))


def failure(project: Project) -> BuildError:
    with pytest.raises(BuildError) as caught:
        build(project)
    error = caught.value
    # Neither the tool's own frames nor a path of this machine.
    for text in (str(error), error.detail):
        assert not re.search(
            r"wasmkit/|<bootstrap>|<frozen|_wasmkit_bootstrap|/site-packages", text
        )
    return error


@pytest.mark.parametrize(
    ("source", "message", "detail"),
    [
        pytest.param(
            "import no_such_module",
            "ModuleNotFoundError: No module named 'no_such_module'",
            'File "src/filter.py", line 1, in <module>\n    import no_such_module\n',
            id="absent-module",
        ),
        pytest.param(
            "import fast",
            "ImportError: fast is a native extension (fast.cpython-314-wasm32.so); a filter runs"
            " as WebAssembly and can hold pure Python only",
            'File "src/filter.py", line 1, in <module>\n    import fast\n',
            id="native-extension",
        ),
        pytest.param("import _ctypes", "No module named '_ctypes'", "line 1", id="not-in-wasm"),
        pytest.param(
            "import wasmkit.toolchain", "No module named 'wasmkit.toolchain'", "", id="tool-itself"
        ),
        pytest.param("import sys; sys.exit(3)", "SystemExit: 3", "SystemExit: 3", id="exit"),
        pytest.param("raise KeyboardInterrupt", ": KeyboardInterrupt", "line 1", id="interrupt"),
        pytest.param("def f(): f()\nf()", "RecursionError: maximum", "line 1, in f", id="deep"),
        pytest.param(
            "x = []\nfor _ in range(100_000): x = [x]\nrepr(x)", "RecursionError", "line 3",
            id="deep-in-c",
        ),
        pytest.param(
            "class E(Exception):\n  def __str__(self): raise ValueError\nraise E",
            "failed: E: (its text cannot be shown)", "E: <exception str() failed>",
            id="error-without-text",
        ),
        pytest.param(
            "raise ValueError('a\\nb')", "ValueError: a …", "ValueError: a\nb", id="two-lines"
        ),
        pytest.param("assert 1 == 2", ": AssertionError", "assert 1 == 2", id="assert"),
        pytest.param("open('/etc/passwd')", "FileNotFoundError", "line 1", id="file"),
        pytest.param(
            "import socket; socket.create_connection(('127.0.0.1', 9))", "gaierror: [Errno -2]",
            "line 1", id="socket",
        ),
        pytest.param(
            "import threading; threading.Thread(target=print).start()", "can't start new thread",
            "line 1", id="thread",
        ),
        pytest.param("x = 1\0", "null bytes", "src/filter.py", id="nul"),
        pytest.param(b"x = '\xff'\n", "(unicode error) 'utf-8' codec", "filter.py", id="encoding"),
        pytest.param(
            "raise ExceptionGroup('all', [ValueError('a'), TypeError('b')])",
            "ExceptionGroup: all (2 sub-exceptions)", "TypeError: b", id="group",
        ),
        pytest.param("Tested = 5", "TypeError: 5 is not a subclass", "", id="no-class"),
        pytest.param("class Tested: pass", "is not a subclass of", "", id="no-filter"),
        pytest.param(
            "import os; os._exit(3)", "the interpreter stopped while it ran the build", "",
            id="hard-exit",
        ),
        pytest.param("import os; os.abort()", "the interpreter stopped", "", id="abort"),
    ],
)  # fmt: skip
def test_what_fails(tmp_path: Path, source: str | bytes, message: str, detail: str) -> None:
    extra: dict[str, str | bytes] = {"fast.cpython-314-wasm32.so": b"\x7fELF"}
    if isinstance(source, bytes):
        project = make_project(tmp_path / "p", "", extra)
        (tmp_path / "p" / "src" / "filter.py").write_bytes(source)
    else:
        project = make_project(tmp_path / "p", source, extra)
    error = failure(project)
    assert message in str(error)
    assert detail in error.detail
    assert len(error.detail) < 10_000


def test_a_source_that_is_too_large(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", "x = 1\n")
    with (tmp_path / "p" / "src" / "filter.py").open("ab") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(BuildError, match=r"filter\.py: is larger than 16 MiB"):
        build(project)


def test_a_module_of_the_authors_never_hides_behind_one_of_the_librarys(tmp_path: Path) -> None:
    source = "from wasmkit.sdk import HttpFilter\n\n\nclass Tested(HttpFilter):\n    pass\n"
    project = make_project(tmp_path / "taken", source, {"json.py": "x = 1\n"})
    with pytest.raises(BuildError, match="module named json"):
        build(project)
    own = source.replace("class", "import fractions\n\nassert fractions.x == 1\n\n\nclass")
    build(make_project(tmp_path / "free", own, {"fractions.py": "x = 1\n"}))


def test_a_failed_build_leaves_the_next_one_alone(tmp_path: Path) -> None:
    failure(make_project(tmp_path / "bad", "import json; json.loads = None\nraise ValueError"))
    assert value_set(make_project(tmp_path / "good", MINIMAL)) == "1"


@pytest.mark.usefixtures("module")  # the image is there
def test_ctrl_c_ends_a_build_whose_import_never_ends(tmp_path: Path) -> None:
    source = "import sys; print('begun', flush=True)\nwhile True: pass\n"
    make_project(tmp_path / "p", source)
    process = subprocess.Popen(
        [*WASMKIT, "build", "p"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    # Loading the image takes a fraction of this; nothing outside shows when the import begins.
    time.sleep(3)
    assert process.poll() is None
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - begin < 10
    assert process.returncode == 130
    assert errors == "\nstopped\n"
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == ["src", "wasmkit.toml"]
