"""The module reader against wasm-tools on modules that compilers and wasm-smith made."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from second_opinions import SMITH_FEATURES, compile_c, objdump, printed, smith
from wasmkit.wasm.module import Kind, SectionId, read_module

if TYPE_CHECKING:
    from pathlib import Path

C = """
__attribute__((import_module("env"), import_name("proxy_log"))) int log(int, char *, int);
__attribute__((export_name("malloc"))) void *alloc(unsigned n) { static char m[99]; return m + n; }
static int add(int a) { return log(1, "text", 4) + a; } static int sub(int a) { return a - 7; }
int (*volatile functions[])(int) = {add, sub};
__attribute__((export_name("run"))) int run(int n) { return functions[n & 1](n); }
"""

# objdump's names; what it counts of a section is the length of its vector.
NAMES = {
    "types": SectionId.TYPE,
    "imports": SectionId.IMPORT,
    "functions": SectionId.FUNCTION,
    "tables": SectionId.TABLE,
    "memories": SectionId.MEMORY,
    "globals": SectionId.GLOBAL,
    "exports": SectionId.EXPORT,
    "elements": SectionId.ELEMENT,
    "code": SectionId.CODE,
    "data": SectionId.DATA,
    "tags": SectionId.TAG,
}


def compare(data: bytes) -> None:
    module = read_module(data)
    counts = {
        "imports": len(module.imports),
        "functions": len(module.functions),
        "tables": len(module.tables),
        "memories": len(module.memories),
        "globals": len(module.globals),
        "exports": len(module.exports),
        "elements": len(module.elements),
        "code": len(module.bodies),
        "data": len(module.data_segments),
        "tags": module.tags,
    }
    places = {section.id: (section.start, section.end) for section in module.sections}
    dumped = objdump(data)
    for name, (start, end, count) in dumped.items():
        if name in NAMES:
            assert places[NAMES[name]] == (start, end)
        if name in counts:
            assert counts[name] == count, name
    assert {name for name, count in counts.items() if count} <= dumped.keys()


def test_compiled_c(tmp_path: Path) -> None:
    data = compile_c(tmp_path, C)
    compare(data)
    module = read_module(data)
    text = printed(data)
    imports = re.findall(r'\(import "(.*?)" "(.*?)" \(func', text)
    assert [(item.module, item.name) for item in module.imported_functions] == imports
    exports = re.findall(r'\(export "(.*?)" \((\w+)', text)
    words = {Kind.FUNCTION: "func", Kind.MEMORY: "memory"}
    assert [(item.name, words[item.kind]) for item in module.exports] == exports
    (memory,) = re.findall(r"\(memory \(;0;\) (\d+)\)", text)
    assert module.memories[0].minimum == int(memory)
    (offset,) = re.findall(r"\(elem \(;0;\) \(i32.const (\d+)\) func \$add \$sub\)", text)
    (element,) = module.elements
    assert element.offset is not None
    assert element.offset.value == int(offset)


@pytest.mark.parametrize("number", range(25))
def test_generated_modules(number: int) -> None:
    chance = random.Random(1000 + number)
    features = {name for name in SMITH_FEATURES if chance.random() < 0.5}
    compare(smith(chance.randbytes(chance.choice((500, 5_000))), features))
