"""From the ABI's callbacks, functions of numbers, to the hooks of the author's classes.

The path that every request takes several times, in an interpreter that runs in Wasm: so each
callback is a closure made for the one filter class, a stream costs one object and one entry of
a dict, and what can be decided when the module is built is decided there.

Nothing that an author's code does may leave a callback as an exception: inside Wasm that would
end the VM, and Envoy would answer every later request with 503.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from wasmkit.abi.constants import Action, BufferType, LogLevel, StreamType
from wasmkit.sdk import _host, _runtime
from wasmkit.sdk._body import Body
from wasmkit.sdk._configuration import ConfigurationError, make_reader, read
from wasmkit.sdk._context import (
    HttpFilter,
    RootContext,
    effective,
    is_overridden,
    type_arguments,
)
from wasmkit.sdk._sides import REQUEST, RESPONSE, Hook, Side, own_hook
from wasmkit.sdk._traceback import format_error

__all__ = ["CALLBACK_NAMES", "Callback", "callbacks", "start"]

Callback: TypeAlias = Callable[..., int | None]

CALLBACK_NAMES = (
    "proxy_on_context_create",
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_log",
    "proxy_on_done",
    "proxy_on_delete",
)
"""Every callback that a filter can have; the order is fixed, so that builds are reproducible."""

_CAUGHT: tuple[type[BaseException], ...] = (Exception, SystemExit, GeneratorExit)
if sys.platform == "wasi":  # no one can press Ctrl-C there
    _CAUGHT = (BaseException,)

# What can still be done for a client when a hook has failed.
_ANSWER = 0  # a request hook: there is no response yet
_REPLACE = 1  # the response's headers are in our hands
_CLOSE = 2  # they have gone
_NOTHING = 3  # the stream has ended

_callbacks: dict[str, Callback] = {}


def start(filter_class: type[HttpFilter[Any, Any]], *, on_error: str) -> None:
    """Make ``callbacks()`` those of an author's class, with no context yet; no host call.

    ``on_error`` is ``close`` (a failed request ends with 500) or ``open`` (it passes). Raises
    ``TypeError`` for a class that cannot be a filter or has a configuration type that JSON cannot
    fill, ``ValueError`` for another ``on_error``.
    """
    global _callbacks  # noqa: PLW0603  # one interpreter serves one VM
    if not (isinstance(filter_class, type) and issubclass(filter_class, HttpFilter)):
        raise TypeError(f"{filter_class!r} is not a subclass of wasmkit.sdk.HttpFilter")
    if on_error not in {"close", "open"}:
        raise ValueError(f"on_error is {on_error!r}, neither 'close' nor 'open'")
    table = _Dispatcher(filter_class, fail_open=on_error == "open").callbacks()
    _callbacks = {name: table[name] for name in CALLBACK_NAMES if name in table}


def callbacks() -> dict[str, Callback]:
    """Return the callbacks that the started filter needs, by ABI name, in fixed order.

    Each takes and returns the ABI's integers (None where the ABI returns nothing) and never
    raises; natively ``KeyboardInterrupt`` alone passes, for Ctrl-C. A name that is absent need
    not be called.
    """
    return dict(_callbacks)


class _Dispatcher:
    """One VM's contexts and the callbacks that find their way to them."""

    def __init__(self, filter_class: type[HttpFilter[Any, Any]], *, fail_open: bool) -> None:
        config, self.root_class = type_arguments(filter_class)
        self.filter_class = filter_class
        self.reader = make_reader(config)
        self.fail_open = fail_open
        self.roots: dict[int, RootContext[Any]] = {}
        self.streams: dict[int, HttpFilter[Any, Any]] = {}
        self.broken: set[int] = set()
        """Streams whose object could not be made; their first callback answers for it."""

    def callbacks(self) -> dict[str, Callback]:
        """Return what this filter needs."""
        table: dict[str, Callback] = {
            "proxy_on_context_create": self.on_context_create,
            "proxy_on_vm_start": self.on_vm_start,
            "proxy_on_configure": self.on_configure,
            "proxy_on_delete": self.on_delete,
        }
        if is_overridden(self.root_class, "on_tick"):
            table["proxy_on_tick"] = self.on_tick
        for side in (REQUEST, RESPONSE):
            table |= self._side_callbacks(side)
        log = own_hook(self.filter_class, "on_log")
        if log is not None:
            table["proxy_on_log"] = self._callback(log, "on_log", _NOTHING)
        done = own_hook(self.filter_class, "on_done")
        if done is not None or is_overridden(self.root_class, "on_done"):
            table["proxy_on_done"] = self._done_callback(done)
        return table

    # Root contexts, and the life of every context

    def on_context_create(self, context_id: int, parent_id: int) -> None:
        effective.id = context_id
        try:
            if parent_id:
                self._create_stream(context_id, self.roots[parent_id])
            else:
                _runtime.start_vm()
                root = self.root_class.__new__(self.root_class)
                root.context_id = context_id
                self.root_class.__init__(root)
                self.roots[context_id] = root
        except _CAUGHT as error:
            self.broken.add(context_id)
            kind = self.filter_class if parent_id else self.root_class
            _report(error, f"{kind.__name__}.__init__", context_id)

    def _create_stream(self, context_id: int, root: RootContext[Any]) -> None:
        kind = self.filter_class
        stream = kind.__new__(kind)
        stream.context_id = context_id
        stream.root = root
        stream.config = root.config
        stream.reply_sent = False
        kind.__init__(stream)
        self.streams[context_id] = stream

    def on_delete(self, context_id: int) -> None:
        if self.streams.pop(context_id, None) is None:
            self.roots.pop(context_id, None)
            self.broken.discard(context_id)

    def on_vm_start(self, context_id: int, size: int) -> int:
        del size
        effective.id = context_id
        root = self.roots.get(context_id)
        if root is None:
            return 0
        try:
            root.on_vm_start()
        except _CAUGHT as error:
            _report(error, f"{self.root_class.__name__}.on_vm_start", context_id)
            return 0
        return 1

    def on_configure(self, context_id: int, size: int) -> int:
        effective.id = context_id
        root = self.roots.get(context_id)
        if root is None:
            return 0
        try:
            data = b""
            if size:
                kind = BufferType.PLUGIN_CONFIGURATION
                data = _host.host.proxy_get_buffer_bytes(kind, 0, size)
            root.config = read(self.reader, data)
            root.on_configure()
        except ConfigurationError as error:
            _host.host.proxy_log(LogLevel.CRITICAL, f"the configuration is refused: {error}")
            return 0
        except _CAUGHT as error:
            _report(error, f"{self.root_class.__name__}.on_configure", context_id)
            return 0
        return 1

    def on_tick(self, context_id: int) -> None:
        effective.id = context_id
        root = self.roots.get(context_id)
        if root is not None:
            try:
                root.on_tick()
            except _CAUGHT as error:
                _report(error, f"{self.root_class.__name__}.on_tick", context_id)

    def _done_callback(self, hook: Hook | None) -> Callback:
        on_stream = None if hook is None else self._callback(hook, "on_done", _NOTHING)

        def callback(context_id: int) -> int:
            root = self.roots.get(context_id)
            if root is None:
                if on_stream is not None:
                    on_stream(context_id)
                return 1
            effective.id = context_id
            try:
                return 0 if root.on_done() is False else 1
            except _CAUGHT as error:
                _report(error, f"{self.root_class.__name__}.on_done", context_id)
                return 1

        return callback

    # HTTP streams

    def _side_callbacks(self, side: Side) -> dict[str, Callback]:
        table: dict[str, Callback] = {}
        headers = side.headers_hook(self.filter_class)
        if headers is not None:
            name = f"on_{side.name}_headers"
            way = _REPLACE if side is RESPONSE else _ANSWER
            table[f"proxy_{name}"] = self._headers_callback(headers, name, side, way)
        late = _CLOSE if side is RESPONSE else _ANSWER
        trailers = side.trailers_hook(self.filter_class)
        if trailers is not None:
            name = f"on_{side.name}_trailers"
            table[f"proxy_{name}"] = self._trailers_callback(trailers, name, side, late)
        name = f"on_{side.name}_body"
        pieces = own_hook(self.filter_class, name)
        if pieces is not None:
            table[f"proxy_{name}"] = self._body_callback(pieces, name, side, late, whole=False)
        complete = own_hook(self.filter_class, f"{name}_complete")
        if complete is not None:
            table[f"proxy_{name}"] = self._body_callback(
                complete, f"{name}_complete", side, late, whole=True
            )
        return table

    def _headers_callback(self, hook: Hook, name: str, side: Side, way: int) -> Callback:
        find = self.streams.get
        headers = side.headers

        def callback(context_id: int, count: int, end_of_stream: int) -> int:
            del count
            effective.id = context_id
            stream = find(context_id)
            if stream is None:
                return self._absent(context_id, way)
            try:
                result = hook(stream, headers, end_of_stream != 0)
                return 0 if result is None else _action(result)
            except _CAUGHT as error:
                return self._fail(stream, error, name, way)

        return callback

    def _body_callback(
        self, hook: Hook, name: str, side: Side, late: int, *, whole: bool
    ) -> Callback:
        find = self.streams.get
        buffer, may_change = side.buffer, side.may_change(self.filter_class)

        def callback(context_id: int, size: int, end_of_stream: int) -> int:
            effective.id = context_id
            stream = find(context_id)
            if stream is None:
                return self._absent(context_id, late)
            if whole and not end_of_stream:
                return 1  # StopIterationAndBuffer: the next call's buffer has all of it
            try:
                body = Body(buffer, size, may_change)
                result = hook(stream, body) if whole else hook(stream, body, end_of_stream != 0)
                return 0 if result is None else _action(result)
            except _CAUGHT as error:
                return self._fail(stream, error, name, late)

        return callback

    def _trailers_callback(self, hook: Hook, name: str, side: Side, late: int) -> Callback:
        find = self.streams.get
        trailers = side.trailers

        def callback(context_id: int, count: int) -> int:
            del count
            effective.id = context_id
            stream = find(context_id)
            if stream is None:
                return self._absent(context_id, late)
            try:
                result = hook(stream, trailers)
                return 0 if result is None else _action(result)
            except _CAUGHT as error:
                return self._fail(stream, error, name, late)

        return callback

    def _callback(self, hook: Hook, name: str, way: int) -> Callback:
        find = self.streams.get

        def callback(context_id: int) -> None:
            effective.id = context_id
            stream = find(context_id)
            if stream is not None:
                try:
                    hook(stream)
                except _CAUGHT as error:
                    self._fail(stream, error, name, way)

        return callback

    # What a failure comes to

    def _absent(self, context_id: int, way: int) -> int:
        """Answer for a stream that has failed before: once if it never came to life."""
        if context_id in self.broken:
            self.broken.discard(context_id)
            return self._end(context_id, way)
        return 0

    def _fail(self, stream: HttpFilter[Any, Any], error: BaseException, hook: str, way: int) -> int:
        context_id = stream.context_id
        self.streams.pop(context_id, None)
        _report(error, f"{self.filter_class.__name__}.{hook}", context_id)
        if stream.reply_sent and way == _ANSWER:
            return 1  # the hook had answered before it failed; that answer stands
        return self._end(context_id, way)

    def _end(self, context_id: int, way: int) -> int:
        if self.fail_open or way == _NOTHING:
            return 0
        host = _host.host
        try:
            if effective.id != context_id:
                host.proxy_set_effective_context(context_id)
                effective.id = context_id
            if way != _CLOSE:
                try:
                    host.proxy_send_local_response(500, "wasmkit_filter_exception", b"", b"", -1)
                except _host.HostError:  # a host that takes no second answer, say
                    way = _CLOSE
            if way == _CLOSE:
                host.proxy_close_stream(StreamType.RESPONSE)
        except _host.HostError as error:
            _report(error, "the SDK", context_id)
        return 1


def _action(result: object) -> int:
    if result is Action.PAUSE:
        return 1
    if result is Action.CONTINUE:
        return 0
    raise TypeError(f"a hook returns None or an Action, not {result!r}")


def _report(error: BaseException, what: str, context_id: int) -> None:
    """Log a failure with its traceback; when even that fails, as much as can be said."""
    try:
        text = format_error(error)
    except _CAUGHT:  # no memory left, for one
        text = type(error).__name__
    # An exception that the author keeps and raises again would gather frames for ever.
    error.__traceback__ = None
    with contextlib.suppress(*_CAUGHT):  # whatever is wrong with the log cannot be said in it
        _host.host.proxy_log(LogLevel.ERROR, f"{what} failed in context {context_id}:\n{text}")
