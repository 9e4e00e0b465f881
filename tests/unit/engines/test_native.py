"""The native engine: an author's files as ordinary Python, with all that a module would do."""

from __future__ import annotations

import logging
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from messages import a_request, a_response, answer_of, play
from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import Log
from wasmkit.engines.native import NativeEngine
from wasmkit.errors import BuildError, GuestModuleError
from wasmkit.project import load_project
from wasmkit.traffic.model import Exchange

if TYPE_CHECKING:
    from pathlib import Path

    from wasmkit.project import Project

GET = Exchange(
    a_request("GET", "http", "a.test", "/path?q=1", (("x-one", "1"), ("x-one", "2"))),
    a_response(200, (("content-length", "2"), ("x-old", "1")), b"ok"),
)
POST = Exchange(
    a_request("POST", "http", "a.test", "/path", (("content-length", "4"),), b"body"),
    a_response(200, (("content-length", "2"),), b"ok"),
)


def native(project: Project, configuration: bytes = b"") -> NativeEngine:
    return NativeEngine(project, project.plugin_config(b"", configuration))


def make(folder: Path, source: str, *, on_error: str = "close") -> Project:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "filter.py").write_text(textwrap.dedent(source))
    (folder / "wasmkit.toml").write_text(
        textwrap.dedent(
            f"""
            [filter]
            name = "test-filter"
            version = "0.1.0"
            description = "A filter under test."
            license = "Apache-2.0"
            authors = ["A Tester <tester@example.com>"]
            language = "python"
            entry = "filter:Filter"
            kind = "http"
            root_id = "root"
            on_error = "{on_error}"
            lowest_envoy = "1.36"
            """
        )
    )
    return load_project(folder)


EVERYTHING = """
    import logging
    import sys
    from dataclasses import dataclass
    from wasmkit.sdk import Headers, HttpFilter

    @dataclass
    class Config:
        value: str = "none"

    class Filter(HttpFilter[Config]):
        def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
            print("path", self.properties.get_str("request", "path"))
            logging.getLogger("mine").warning("query %s", headers[":path"])
            print("oops", file=sys.stderr)
            headers["x-one"] = "3"

        def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
            del headers["x-old"]
            headers["x-new"] = self.config.value
"""


def test_a_filter_runs_with_its_configuration_and_its_output_is_its_log(tmp_path: Path) -> None:
    project = make(tmp_path, EVERYTHING)
    with native(project, b'{"value": "caf\\u00e9"}') as engine:
        outcome = play(engine, GET)
    assert outcome.upstream is not None
    assert (b"x-one", b"3") in outcome.upstream.headers
    assert (b"x-one", b"1") not in outcome.upstream.headers
    assert (b"x-new", "café".encode()) in answer_of(outcome).headers
    assert b"x-old" not in dict(answer_of(outcome).headers)
    assert outcome.logs == (
        Log(LogLevel.INFO, b"path /path?q=1"),
        Log(LogLevel.WARN, b"query /path?q=1"),
        Log(LogLevel.ERROR, b"oops"),
    )


def test_this_process_is_as_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = (list(sys.path), root.level, list(root.handlers), set(sys.modules))
    with native(make(tmp_path, EVERYTHING)) as engine:
        play(engine, GET)
        assert (root.level, list(root.handlers)) == before[1:3]
    assert (sys.path, root.level, root.handlers) == (before[0], before[1], before[2])
    assert "filter" not in sys.modules
    assert capsys.readouterr() == ("", "")


def test_two_projects_with_the_same_module_name(tmp_path: Path) -> None:
    source = """
        import other
        from wasmkit.sdk import HttpFilter

        class Filter(HttpFilter):
            def on_response_headers(self, headers, end_of_stream):
                headers["x-new"] = other.NAME
    """
    for name in ("one", "two"):
        project = make(tmp_path / name, source)
        (project.source_dir / "other.py").write_text(f"NAME = {name!r}")
        with native(project) as engine:
            assert (b"x-new", name.encode()) in answer_of(play(engine, GET)).headers


def test_two_engines_at_a_time(tmp_path: Path) -> None:
    with (
        native(make(tmp_path / "a", EVERYTHING), b'{"value": "a"}') as first,
        native(make(tmp_path / "b", EVERYTHING), b'{"value": "b"}') as second,
    ):
        for engine, value in ((first, "a"), (second, "b"), (first, "a")):
            outcome = play(engine, GET)
            assert (b"x-new", value.encode()) in answer_of(outcome).headers
            assert len(outcome.logs) == 3


def test_whole_bodies_and_local_replies(tmp_path: Path) -> None:
    source = """
        from wasmkit.sdk import HttpFilter

        class Filter(HttpFilter):
            def on_request_body_complete(self, body):
                self.send_response(422, {"x-length": str(len(body))}, b"no")
    """
    with native(make(tmp_path, source)) as engine:
        outcome = play(engine, POST)
        assert outcome.upstream is None
        assert (answer_of(outcome).status, answer_of(outcome).body) == (422, b"no")
        assert (b"x-length", b"4") in answer_of(outcome).headers
        assert (b"x-length", b"0") in answer_of(play(engine, GET)).headers


RAISES = """
    from wasmkit.sdk import HttpFilter

    class Filter(HttpFilter):
        def on_request_headers(self, headers, end_of_stream):
            if headers[":method"] == "GET":
                raise KeyError("what")
"""


@pytest.mark.parametrize(("on_error", "status"), [("close", 500), ("open", 200)])
def test_an_exception_ends_its_request_only(tmp_path: Path, on_error: str, status: int) -> None:
    with native(make(tmp_path, RAISES, on_error=on_error)) as engine:
        outcome = play(engine, GET)
        assert answer_of(outcome).status == status
        assert (outcome.logs[-1].level, outcome.trap) == (LogLevel.ERROR, "")
        assert b'raise KeyError("what")' in outcome.logs[-1].message
        assert answer_of(play(engine, POST)).status == 200


def test_a_refused_configuration_says_why(tmp_path: Path) -> None:
    engine = native(make(tmp_path, EVERYTHING), b'{"valeu": 1}')
    with pytest.raises(GuestModuleError, match="proxy_on_configure") as caught:
        engine.__enter__()
    assert "valeu" in caught.value.hint
    assert str(tmp_path / "src") not in sys.path


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("1 / 0", "importing 'filter' failed: ZeroDivisionError", id="raises"),
        pytest.param("def (", "importing 'filter' failed: SyntaxError", id="no Python"),
        pytest.param("import absent_module", "ModuleNotFoundError", id="absent module"),
        pytest.param("x = 1", "no class 'Filter'", id="no class"),
        pytest.param("class Filter: ...", "no class 'Filter'", id="another class"),
    ],
)
def test_source_that_is_no_filter(tmp_path: Path, source: str, message: str) -> None:
    project = make(tmp_path, source)
    with pytest.raises(BuildError, match=message) as caught:
        native(project).__enter__()
    if "importing" in message:
        assert "filter.py" in caught.value.detail
        assert "native.py" not in caught.value.detail
        assert "importlib" not in caught.value.detail
    assert "filter" not in sys.modules
