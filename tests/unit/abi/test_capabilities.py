"""One table of words, and each word is used."""

from __future__ import annotations

from wasmkit.abi.callbacks import CALLBACKS
from wasmkit.abi.capabilities import REACHING_OUT, Meaning
from wasmkit.abi.functions import HOST_FUNCTIONS


def test_every_word_is_some_functions() -> None:
    used = {row.meaning for row in HOST_FUNCTIONS.values()}
    used |= {row.meaning for row in CALLBACKS.values()}
    assert used - {None} == set(Meaning) - {Meaning.UNKNOWN}


def test_what_reaches_out_is_told_first() -> None:
    assert set(list(Meaning)[: len(REACHING_OUT)]) == REACHING_OUT
    assert list(Meaning)[-1] is Meaning.UNKNOWN
