"""What a row tells of its parameters."""

from __future__ import annotations

from wasmkit.abi.functions import HOST_FUNCTIONS
from wasmkit.abi.signature import ENUMERATIONS, Kind, Matter, Result


def test_kinds_say_which_integers_are_addresses() -> None:
    row = HOST_FUNCTIONS["proxy_get_buffer_bytes"]
    assert row.integers == "iiipp"
    assert [parameter.name for parameter in row.inputs] == ["buffer_type", "start", "size"]
    assert [parameter.name for parameter in row.outputs] == ["data"]
    assert HOST_FUNCTIONS["proxy_record_metric"].integers == "iI"
    assert HOST_FUNCTIONS["fd_write"].integers == "ipip"
    flags = HOST_FUNCTIONS["proxy_get_buffer_status"].parameters[-1]
    assert (flags.kind, Kind.OUT_ZERO.is_out) == (Kind.OUT_ZERO, True)
    assert HOST_FUNCTIONS["proxy_done"].result is Result.STATUS
    assert HOST_FUNCTIONS["proxy_log"].writes == (Matter.LOG,)


def test_enumerations_have_no_gaps() -> None:
    for enumeration in ENUMERATIONS.values():
        assert [int(member) for member in enumeration] == list(range(len(enumeration)))
