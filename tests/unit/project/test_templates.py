import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wasmkit.errors import InputError
from wasmkit.project import load_project
from wasmkit.project.templates import (
    Template,
    check_target,
    class_name,
    find_template,
    list_templates,
    make_project,
)

TOML = """\
description = "For a test."
[parameters.greeting]
prompt = "Greeting"
default = "hello"
pattern = '[a-z ]+'
meaning = "lower-case words"
"""
PICTURE = b"\x89PNG\r\n\x1a\n\x00@@name@@\xff"
LATIN1 = b"caf\xe9 @@name@@"


@pytest.fixture
def template(tmp_path: Path) -> Template:
    folder = tmp_path / "templates" / "simple"
    content = folder / "content"
    (content / "src" / "@@name@@").mkdir(parents=True)
    (folder / "template.toml").write_text(TOML)
    (content / "src" / "@@name@@" / "@@class_name@@.txt").write_text("@@greeting@@, {name}!\r\n")
    (content / ".hidden").write_text("$name ${name} {{name}} @name@ @@ @@Name@@ %(name)s")
    (content / "picture.png").write_bytes(PICTURE)
    (content / "latin1.txt").write_bytes(LATIN1)
    return find_template("simple", tmp_path / "templates")


def test_names_and_texts_are_filled_and_the_rest_copied(template: Template, tmp_path: Path) -> None:
    target = tmp_path / "my-filter"
    (template.content / "src" / "__pycache__").mkdir()
    (template.content / "src" / "__pycache__" / "x.pyc").touch()  # as an installer leaves it
    files = make_project(template, target, {"greeting": "good day"})
    assert files == (".hidden", "latin1.txt", "picture.png", "src/my-filter/MyFilter.txt")
    assert (target / files[3]).read_bytes() == b"good day, {name}!\r\n"
    assert (target / ".hidden").read_text().startswith("$name ${name} {{name}} @name@ @@ @@Name@@")
    assert (target / "picture.png").read_bytes() == PICTURE
    assert (target / "latin1.txt").read_bytes() == LATIN1


def test_a_value_is_not_filled_again(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "a").write_text("@@text@@")
    (tmp_path / "template.toml").write_text(
        'description = ""\n[parameters.text]\nprompt = ""\npattern = ".*"\nmeaning = ""\n'
        'default = "@@name@@"\n'
    )
    template = find_template(tmp_path.name, tmp_path.parent)
    make_project(template, tmp_path / "new", {})
    assert (tmp_path / "new" / "a").read_text() == "@@name@@"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hello", "Hello"),
        ("my-filter", "MyFilter"),
        ("a-2fa-b", "A2faB"),
        ("config", "ConfigFilter"),
        ("http-filter", "HttpFilterFilter"),
        ("headers", "HeadersFilter"),
        ("none", "NoneFilter"),
        ("true", "TrueFilter"),
    ],
)
def test_class_name(name: str, expected: str) -> None:
    assert class_name(name) == expected


@pytest.mark.parametrize(
    "name", ["", ".", "..", "Hello", "2fa", "my_filter", "-a", "a-", "a b", "ä", "a.b", "a" * 64]
)
def test_bad_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not a name for a filter") as caught:
        check_target(tmp_path / name if name not in {"", "."} else Path(name))
    assert "lower-case words" in caught.value.hint


def test_the_folder_above_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there") as caught:
        check_target(tmp_path / "absent" / "hello")
    assert caught.value.hint == f"mkdir -p {tmp_path / 'absent'}"


def test_an_empty_folder_is_filled(template: Template, tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    make_project(template, tmp_path / "hello", {})
    assert (tmp_path / "hello" / "picture.png").is_file()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_exists_is_left_alone(template: Template, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    before = names(tmp_path)
    for name, words in (("full", "not empty"), ("file", "not a folder"), ("link", "not a folder")):
        with pytest.raises(InputError, match=words):
            make_project(template, tmp_path / name, {})
    assert names(tmp_path) == before
    assert names(tmp_path / "full") == ["mine"]
    assert names(tmp_path / "empty") == []


@pytest.mark.parametrize("value", ["", "Hello", "a\n", "1", "\udcff"], ids=ascii)
def test_a_value_against_its_pattern(template: Template, tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError) as caught:
        make_project(template, tmp_path / "hello", {"greeting": value})
    assert caught.value.hint == "give lower-case words"
    assert not (tmp_path / "hello").exists()


def test_an_unknown_parameter(template: Template, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no parameter 'greting'") as caught:
        make_project(template, tmp_path / "hello", {"greting": "a"})
    assert caught.value.hint == "did you mean 'greeting'?"
    with pytest.raises(InputError, match="no parameter 'name'"):
        make_project(template, tmp_path / "hello", {"name": "a"})


def test_an_unknown_template() -> None:
    with pytest.raises(InputError, match="no template 'python'") as caught:
        find_template("python")
    assert caught.value.hint == "did you mean 'python-http'?"


def test_a_placeholder_that_is_no_parameter(template: Template, tmp_path: Path) -> None:
    file = template.content / "bad.txt"
    file.write_text("fine\n@@greting@@\n")
    with pytest.raises(InputError) as caught:
        make_project(template, tmp_path / "hello", {})
    assert (caught.value.file, caught.value.line) == (file, 2)
    assert not (tmp_path / "hello").exists()


@pytest.mark.parametrize(
    "text",
    ["", "= 1", "description = 3", 'description = ""\nextra = 1']
    + [TOML.replace("greeting", name) for name in ("name", "class_name", "A")],
    ids=str,
)
def test_a_bad_template(template: Template, tmp_path: Path, text: str) -> None:
    file = template.content.parent / "template.toml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        list_templates(tmp_path / "templates")
    assert caught.value.file == file


def test_failing_half_way_leaves_nothing(template: Template, tmp_path: Path) -> None:
    (template.content / ("@@greeting@@" * 3)).write_text("a name too long for any file system")
    before = names(tmp_path)
    with pytest.raises(InputError, match="cannot make"):
        make_project(template, tmp_path / "hello", {"greeting": "x" * 200})
    assert names(tmp_path) == before


KILLED = """
import os, sys
from pathlib import Path
from wasmkit.project.templates import find_template, make_project

write = Path.write_bytes
def slow(self, data):
    write(self, data)
    print(flush=True)
    sys.stdin.read()
Path.write_bytes = slow
make_project(find_template("simple", Path(sys.argv[1])), Path(sys.argv[2]), {})
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["int", "kill"])
def test_killed_half_way(template: Template, tmp_path: Path, number: signal.Signals) -> None:
    target = tmp_path / "hello"
    command = [sys.executable, "-c", KILLED, str(tmp_path / "templates"), str(target)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the first file has been written
        process.send_signal(number)
        process.wait(30)
    assert not target.exists()
    left = [name for name in names(tmp_path) if name.startswith(".")]
    assert bool(left) == (number == signal.SIGKILL)
    make_project(template, target, {})
    assert len(list(target.rglob("*.*"))) == 4


def test_a_folder_that_may_not_be_written(template: Template, tmp_path: Path) -> None:
    parent = tmp_path / "locked"
    parent.mkdir()
    if os.geteuid() == 0:  # permissions do not hold root back; a file system without writing does
        parent = Path("/proc/self")
    else:
        parent.chmod(0o500)
    with pytest.raises(InputError, match="cannot make") as caught:
        make_project(template, parent / "hello", {})
    assert "may write" in caught.value.hint


def test_permissions_follow_the_umask(template: Template, tmp_path: Path) -> None:
    (template.content / "picture.png").chmod(0o400)  # as an installed package's files may be
    previous = os.umask(0o027)
    try:
        make_project(template, tmp_path / "hello", {})
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "hello").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "hello" / "picture.png").stat().st_mode) == 0o640


def test_two_at_once_make_one(template: Template, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "templates"), str(tmp_path / "hello")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        make_project(template, tmp_path / "hello", {"greeting": "first"})
        _, text = other.communicate(timeout=30)
    assert b"Directory not empty" in text
    assert "first" in (tmp_path / "hello/src/hello/Hello.txt").read_text()
    assert not [name for name in names(tmp_path) if name.startswith(".")]


SHIPPED = list_templates()


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda template: template.name)
def test_shipped_templates_are_sound(shipped: Template) -> None:
    assert shipped.description
    assert shipped.content.is_dir()
    for parameter in shipped.parameters:
        parameter.check(parameter.default)
        assert parameter.prompt
        assert parameter.meaning


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_the_patterns_allow_gives_a_project(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("any") / "any-name"
    for template in SHIPPED:
        values = {
            parameter.name: data.draw(st.from_regex(parameter.pattern, fullmatch=True))
            for parameter in template.parameters
        }
        surrogate = any(re.search("[\ud800-\udfff]", value) for value in values.values())
        if surrogate:
            continue
        make_project(template, target, values)
        project = load_project(target)
        assert project.description == values["description"]
        assert project.authors == (values["author"],)
        compile((target / "src/filter.py").read_text(encoding="utf-8"), "filter.py", "exec")
