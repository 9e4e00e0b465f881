import tomllib

import pytest

from wasmkit.project.toml_lines import TomlLines

ODD = r"""# a comment with [brackets] and "quotes"
top = 1
[ filter ]   # spaces and a comment
name = "a # no comment" # a comment
"quoted key" = 'back\slash'
dotted . inner."x.y" = 2

text = '''
[not.a.table]
fake = 1
'''
basic = @@one \@@ two
three@@""
after = 1979-05-27 07:32:00 # a date with a space
list = [ # a comment ]
  1,
  [2,
   3], { key = "}", other = ["]"] },

]
inline = { a = 1, b.c = 2, d = { e = 3 } }
[[rule]]
match = ""
[[rule]]
match = ''
[rule.sub]
deep = true
[[rule.item]]
x = 1
[[rule.item]]
x = 2
["\u0041b".'c d']
z = -inf
""".replace("@@", '"""')


def flatten(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    found = [path] if path else []
    for key, item in items:
        found += flatten(item, (*path, key))
    return found


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("filter",), 3),
        (("filter", "name"), 4),
        (("filter", "dotted"), 6),
        (("filter", "dotted", "inner", "x.y"), 6),
        (("filter", "text"), 8),
        (("filter", "basic"), 12),
        (("filter", "after"), 14),
        (("filter", "list"), 15),
        (("filter", "list", 0), 16),
        (("filter", "list", 1), 17),
        (("filter", "list", 1, 1), 18),
        (("filter", "list", 2, "other", 0), 18),
        (("filter", "inline", "b", "c"), 21),
        (("filter", "inline", "d", "e"), 21),
        (("rule",), 22),
        (("rule", 0, "match"), 23),
        (("rule", 1), 24),
        (("rule", 1, "match"), 25),
        (("rule", 1, "sub", "deep"), 27),
        (("rule", 1, "item", 0, "x"), 29),
        (("rule", 1, "item", 1, "x"), 31),
        (("Ab", "c d", "z"), 33),
        (("filter", "absent"), 3),
        (("absent",), 1),
    ],
    ids=str,
)
def test_line_of_a_key(path: tuple[str | int, ...], line: int) -> None:
    assert TomlLines(ODD).line(path) == line
    assert TomlLines(ODD.replace("\n", "\r\n")).line(path) == line


def test_every_value_that_tomllib_finds_has_a_line() -> None:
    lines = TomlLines(ODD)
    for path in flatten(tomllib.loads(ODD)):
        assert path in lines._lines, path


@pytest.mark.parametrize(
    "text",
    ["", "\n", "# only a comment", "a=1", "a=1#x", "a=''", 'a=""""""', "a=''''''", "a=[]", "a={}"],
)
def test_short_texts(text: str) -> None:
    tomllib.loads(text)
    assert TomlLines(text).line(("a",)) == 1
