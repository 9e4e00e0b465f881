from __future__ import annotations

from wasmkit.abi.constants import LogLevel
from wasmkit.engines.engine import HostCall, Log, Outcome, Trap, Wire
from wasmkit.http.message import Message

REQUEST, RESPONSE = Message(((b":path", b"/"),)), Message(((b":status", b"200"),))


def test_an_outcome_is_read_from_its_events() -> None:
    first, second = Log(LogLevel.INFO, b"a"), Log(LogLevel.WARN, b"b")
    outcome = Outcome((first, Wire("upstream", REQUEST), second, Wire("client", RESPONSE)))
    assert outcome.upstream is REQUEST
    assert outcome.client is RESPONSE
    assert outcome.logs == (first, second)
    assert outcome.trap == ""


def test_what_did_not_happen() -> None:
    assert (Outcome().upstream, Outcome().client) == (None, None)
    assert (Outcome().logs, Outcome().trap) == ((), "")


def test_a_connection_that_closed_is_no_message() -> None:
    outcome = Outcome((Wire("upstream", None), Trap("unreachable"), Wire("client", None)))
    assert (outcome.upstream, outcome.client, outcome.trap) == (None, None, "unreachable")


def test_addresses_are_told_from_numbers() -> None:
    call = HostCall("proxy_get_buffer_bytes", (1, 2, 3, 1024, 1028), 0)
    assert call.without_addresses() == HostCall("proxy_get_buffer_bytes", (1, 2, 3, 0, 0), 0)
    write = HostCall("fd_write", (1, 64, 1, 8), 0)
    assert write.without_addresses().arguments == (1, 0, 1, 0)
