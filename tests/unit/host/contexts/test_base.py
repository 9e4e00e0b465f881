"""What a context without a stream can do: little, and that little as in Envoy."""

from __future__ import annotations

import pytest

from function_guest import FunctionGuest
from wasmkit.abi.constants import BufferType, HeaderMapType, Status, StreamType
from wasmkit.host.contexts.base import Context
from wasmkit.host.protocol import CallError
from wasmkit.host.vm import Vm
from wasmkit.host.world import World
from wasmkit.plugin import PluginConfig, VmConfig


@pytest.fixture
def context() -> Context:
    config = VmConfig(vm_id="vm", configuration=b"VM")
    return Context(Vm(config, FunctionGuest, World()), PluginConfig(config, "name", "root", b"X"))


@pytest.mark.parametrize(
    ("path", "value"),
    [(b"plugin_name", b"name"), (b"plugin_root_id", b"root"), (b"plugin_vm_id\0", b"vm")],
)
def test_properties_of_the_plugin(context: Context, path: bytes, value: bytes) -> None:
    assert context.get_property(path) == value


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"", Status.SERIALIZATION_FAILURE),
        (b"xds", Status.SERIALIZATION_FAILURE),
        (b"request", Status.NOT_FOUND),
        (b"plugin_name\0x", Status.NOT_FOUND),
    ],
)
def test_other_properties(context: Context, path: bytes, status: Status) -> None:
    with pytest.raises(CallError) as caught:
        context.get_property(path)
    assert caught.value.status is status


def test_nothing_is_kept(context: Context) -> None:
    with pytest.raises(CallError) as caught:
        context.set_property(b"a", b"b")
    assert caught.value.status is Status.NOT_FOUND


def test_there_are_no_headers(context: Context) -> None:
    assert context.header_map(HeaderMapType.REQUEST_HEADERS, change=True) is None
    assert context.no_map_status(change=False) is Status.BAD_ARGUMENT


def test_buffers(context: Context) -> None:
    assert context.buffer(BufferType.CALL_DATA) == b""
    assert context.buffer(BufferType.REQUEST_BODY) == b""
    assert context.buffer(BufferType.VM_CONFIGURATION) == b"VM"
    assert context.buffer(BufferType.PLUGIN_CONFIGURATION) is None
    assert context.buffer(BufferType.CALL_DATA) == b"VM", "what was asked for last"


def test_a_stream_that_is_not_there_continues_and_closes(context: Context) -> None:
    for stream in (StreamType.REQUEST, StreamType.RESPONSE, StreamType.DOWNSTREAM):
        context.continue_stream(stream)
        context.close_stream(stream)
    with pytest.raises(CallError) as caught:
        context.continue_stream(StreamType.UPSTREAM)
    assert caught.value.status is Status.UNIMPLEMENTED
    context.send_local_response(200, b"", b"", [], 0)
    assert not context.finish_done()


def test_the_guest_is_told_of_a_context_once(context: Context) -> None:
    child = Context(context.vm, context.plugin, context)
    for each in (context, child, context):
        each.create()
    assert isinstance(context.vm.guest, FunctionGuest)
    assert context.vm.guest.said == [("context_create", 1, 0), ("context_create", 2, 1)]
    assert (context.root, child.root) == (context, context)
