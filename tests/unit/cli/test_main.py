from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from wasmkit import __version__
from wasmkit.cli import main
from wasmkit.errors import BuildError, CheckFailedError, InputError, WasmkitError

if TYPE_CHECKING:
    from command_line import Asked, Say

BUILD = "wasmkit.toolchain.build_project"


def test_every_verb_has_a_line_in_the_help(say: Say) -> None:
    said = say("--help")
    assert said.code == 0
    for verb, line in main.VERBS.items():
        assert f"  {verb}" in said.out
        assert line in said.out
    assert say("-h").out == said.out


def test_the_version(say: Say) -> None:
    assert say("--version").out == f"wasmkit {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["build", "--nonsense"], "No such option"),
        (["pull", "a/b"], "Missing option '-o'"),
        (["push"], "Missing argument"),
    ],
    ids=["verb", "option", "no-option", "no-argument"],
)
def test_a_wrong_command_line_is_explained(say: Say, arguments: list[str], text: str) -> None:
    said = say(*arguments)
    assert (said.code, said.out) == (2, "")
    assert text in said.err


@pytest.mark.parametrize(
    ("error", "code", "printed"),
    [
        (InputError("m", file="f", line=2, hint="h"), 2, "error: f:2: m\n  try: h\n"),
        (BuildError("m", detail="Traceback\n  x\n\n"), 3, "Traceback\n  x\nerror: m\n"),
        (CheckFailedError("m"), 1, "error: m\n"),
    ],
    ids=["input", "build", "check"],
)
def test_an_error_is_printed_and_is_an_exit_code(
    say: Say,
    asked: Asked,
    error: WasmkitError,
    code: int,
    printed: str,
) -> None:
    asked(BUILD, error)
    said = say("build")
    assert (said.code, said.out) == (code, "")
    assert click.unstyle(said.err) == printed
    debug = say("--debug", "build")
    assert debug.code == code
    assert debug.err.startswith("Traceback (most recent call last):")
    assert click.unstyle(debug.err).endswith(printed)


def test_a_bug_is_not_hidden(say: Say, asked: Asked) -> None:
    asked(BUILD, ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        say("build")


def test_a_question_that_is_not_answered(say: Say, asked: Asked) -> None:
    asked(BUILD, click.Abort())
    said = say("build")
    assert (said.code, said.out, said.err) == (130, "", "stopped\n")


def program(code: str) -> list[str]:
    return [sys.executable, "-c", f"import sys\nfrom wasmkit.cli import main\n{code}"]


def test_the_help_imports_no_verb() -> None:
    code = (
        "main.run(['--help'])\n"
        "late = {'wasmtime', 'requests', 'oras', 'fastapi', 'wasmkit.toolchain', 'wasmkit.host'}\n"
        "print(sorted(late & set(sys.modules)))"
    )
    done = subprocess.run(program(code), capture_output=True, check=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("raised", "code"), [("KeyboardInterrupt", 130), ("BrokenPipeError", 141)])
def test_the_entry_point_ends_quietly(raised: str, code: int) -> None:
    text = f"def run(arguments):\n    raise {raised}\nmain.run = run\nmain.entry_point()"
    done = subprocess.run(program(text), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


def test_the_entry_point_takes_the_arguments_of_the_process() -> None:
    command = [*program("main.entry_point()"), "--version"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, f"wasmkit {__version__}\n")
