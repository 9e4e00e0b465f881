"""The objects an author subclasses: one for each kind of context the ABI knows.

A context is the host's word for something that callbacks belong to: the plugin itself (root
context) or one HTTP stream. Each is one Python object that lives as long as the host's context.
Its hooks are methods named as the ABI's callbacks; what can be done to it are its other methods.
"""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast, get_args, get_origin

from wasmkit.abi.constants import Action, BufferType, HeaderMapType, StreamType
from wasmkit.abi.pairs import MAX_PAIRS, MAX_PAIRS_BYTES, encode_pairs
from wasmkit.sdk import _host
from wasmkit.sdk._headers import Headers, check_header
from wasmkit.sdk._properties import Properties
from wasmkit.sdk._text import as_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import TypeVar

    from wasmkit.sdk._body import Body
else:

    def TypeVar(name: str, **options: Any) -> typing.TypeVar:  # noqa: N802  # stands for the class
        """Return a type variable without its default, which Python 3.13 was the first to take."""
        options.pop("default", None)
        return typing.TypeVar(name, **options)


__all__ = [
    "Context",
    "HttpFilter",
    "RootContext",
    "effective",
    "is_overridden",
    "type_arguments",
]

_EVERYTHING = 0xFFFFFFFF
_NO_GRPC_STATUS = -1


class _Effective:
    """Which context host calls act on: that of the running callback, until it is switched."""

    __slots__ = ("id",)

    def __init__(self) -> None:
        self.id = 0


effective = _Effective()
"""Set by every callback first, so that a context switches only when it must."""


class Context:
    """What every context has."""

    __slots__ = ("context_id",)

    context_id: int
    """The host's number of this context; Envoy logs it too."""

    def _switch(self) -> None:
        """Make host calls act on this context until the running callback returns."""
        if effective.id != self.context_id:
            _host.host.proxy_set_effective_context(self.context_id)
            effective.id = self.context_id

    @property
    def properties(self) -> Properties:
        """The host's attributes (``request.path``, ``source.address``, …) as this context's."""
        return Properties(self._switch)


ConfigT = TypeVar("ConfigT")


class RootContext(Context, Generic[ConfigT]):
    """The plugin itself: lives from its start to its end, shared by the streams of one VM.

    Subclass it to keep state between requests or to work on a timer, and name the subclass as
    the filter's second parameter; ``self.root`` of each stream is then its object::

        class Counter(RootContext[Config]):
            def __init__(self) -> None:
                self.seen = 0

            def on_configure(self) -> None:
                self.set_tick_period(10)

            def on_tick(self) -> None:
                logging.info("%d requests", self.seen)


        class Hello(HttpFilter[Config, Counter]):
            def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
                self.root.seen += 1

    Envoy runs a VM of its own on every worker thread, so there are as many objects. ``__init__``
    takes no argument and runs when the host creates the context. An exception in a hook is
    logged with its traceback; from ``on_vm_start`` and ``on_configure`` it also keeps the plugin
    from starting.
    """

    __slots__ = ("config",)

    config: ConfigT
    """The checked configuration; there from ``on_configure`` on."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a class whose hooks could never work, where the author wrote it."""
        super().__init_subclass__(**options)
        _check_hooks(cls, RootContext)

    def on_vm_start(self) -> None:
        """Run once, before ``on_configure``; ``vm_configuration`` can be read."""

    def on_configure(self) -> None:
        """Take up the configuration that has just been put into ``config``.

        Raise ``ConfigurationError`` to refuse it with one line in the log.
        """

    def on_tick(self) -> None:
        """Run each time the period given to ``set_tick_period`` has passed."""

    def on_done(self) -> bool | None:
        """Run when the host wants to end the plugin; False puts it off until ``done()``."""

    @property
    def vm_configuration(self) -> bytes:
        """The VM's configuration, as it is written in the host's."""
        self._switch()
        return _host.host.proxy_get_buffer_bytes(BufferType.VM_CONFIGURATION, 0, _EVERYTHING)

    def set_tick_period(self, seconds: float) -> None:
        """Have ``on_tick`` run every so many seconds, to the millisecond; 0 stops it."""
        period = seconds * 1000
        if not (period == 0 or 1 <= period <= _EVERYTHING):
            raise ValueError(f"a tick period of {seconds} s is below 1 ms or above 49 days")
        self._switch()
        _host.host.proxy_set_tick_period_milliseconds(round(period))

    def done(self) -> None:
        """End the plugin whose ``on_done`` has answered False."""
        self._switch()
        _host.host.proxy_done()


RootT = TypeVar("RootT", bound=RootContext[Any], default=RootContext[Any])


class HttpFilter(Context, Generic[ConfigT, RootT]):
    """One HTTP request and its response, on their way through the filter.

    Subclass it and override the hooks you need; the host is asked to call no others::

        @dataclass
        class Config:
            header: str = "x-hello"


        class Hello(HttpFilter[Config]):
            def on_response_headers(self, headers: Headers, end_of_stream: bool) -> None:
                headers[self.config.header] = "world"

    ``HttpFilter[None]`` takes no configuration. State of one request goes into attributes; an
    ``__init__`` without arguments may set them and can read ``config`` and ``root``.

    **Flow.** A hook that returns None lets the message go on. One that returns ``Action.PAUSE``
    holds it until ``resume_request`` or ``resume_response``. Paused headers hold the body back
    too: Envoy calls no body hook before they are resumed. A paused body is kept, and the next
    call's ``body`` is all of it so far.

    **Errors.** An exception in a hook is logged with its traceback. It ends this request with
    500 (once the response is on its way, by closing the stream), or lets it pass unchanged if
    the project says ``on_error = "open"``. No later hook of this stream is called.
    """

    __slots__ = ("config", "reply_sent", "root")

    config: ConfigT
    """The checked configuration."""
    root: RootT
    """The plugin's own object, shared by all streams of the VM."""
    reply_sent: bool
    """Whether ``send_response`` was called: the response, if one follows, is this filter's."""

    changes_request_body: ClassVar[bool] = False
    """Say True if a hook may change the length of a request's body.

    ``content-length`` is then taken away after ``on_request_headers``: it goes out before the
    body is known, and Envoy never corrects it.
    """
    changes_response_body: ClassVar[bool] = False
    """The same for responses."""

    request_headers: ClassVar[Headers] = Headers(HeaderMapType.REQUEST_HEADERS)
    """This stream's request headers, for ``on_log``, which is given none.

    Elsewhere Envoy has them only in ``on_request_headers`` (and in the request's body hooks
    while they are held back); a read raises ``HostError``. Keep in an attribute what a later
    hook needs to know of them.
    """
    request_trailers: ClassVar[Headers] = Headers(HeaderMapType.REQUEST_TRAILERS)
    """The request's trailers, likewise."""
    response_headers: ClassVar[Headers] = Headers(HeaderMapType.RESPONSE_HEADERS)
    """The response's headers, likewise."""
    response_trailers: ClassVar[Headers] = Headers(HeaderMapType.RESPONSE_TRAILERS)
    """The response's trailers, likewise."""

    if not TYPE_CHECKING:

        def __class_getitem__(cls, parameters: Any) -> Any:
            """Fill in the second parameter, as the type checker does."""
            if cls is HttpFilter and not (isinstance(parameters, tuple) and len(parameters) > 1):
                parameters = (parameters, RootContext)
            return super().__class_getitem__(parameters)

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a class whose hooks could never work, where the author wrote it."""
        super().__init_subclass__(**options)
        _check_hooks(cls, HttpFilter)
        for side in ("request", "response"):
            if all(is_overridden(cls, f"on_{side}_body{end}") for end in ("", "_complete")):
                raise TypeError(
                    f"{cls.__name__} has both on_{side}_body and on_{side}_body_complete; "
                    "a body comes either in pieces or whole"
                )

    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> Action | None:
        """Run when the request's headers have come; ``end_of_stream`` says that is all of it."""

    def on_request_body(self, body: Body, end_of_stream: bool) -> Action | None:
        """Run for each piece of the request's body as it comes; the last one may be empty.

        A request without body has no such call.
        """

    def on_request_body_complete(self, body: Body) -> Action | None:
        """Run once for every request, when all of its body is there.

        A request without body gets it right after ``on_request_headers``, with an empty one
        that cannot be changed. Otherwise the host keeps the body until then; in Envoy a body
        over the connection's buffer limit (1 MiB if not set) is answered with 413. The headers
        have gone on by then, so that an upstream may have seen them even if this hook replies.
        To hold them back, return ``Action.PAUSE`` from ``on_request_headers`` **and** set
        ``allow_on_headers_stop_iteration: true`` in Envoy's plugin configuration; without that
        setting the request would wait for ever.
        """

    def on_request_trailers(self, trailers: Headers) -> Action | None:
        """Run when the request ends in trailers."""

    def on_response_headers(self, headers: Headers, end_of_stream: bool) -> Action | None:
        """Run when the response's headers have come, also those of this filter's own reply."""

    def on_response_body(self, body: Body, end_of_stream: bool) -> Action | None:
        """Run for each piece of the response's body as it comes; the last one may be empty."""

    def on_response_body_complete(self, body: Body) -> Action | None:
        """Run once for every response, when all of its body is there.

        As ``on_request_body_complete``; the client has the status and the headers by then, so
        that a body over the buffer limit, or an error here, closes the connection.
        """

    def on_response_trailers(self, trailers: Headers) -> Action | None:
        """Run when the response ends in trailers."""

    def on_log(self) -> None:
        """Run when the stream has ended; all headers and properties can be read, none changed."""

    def on_done(self) -> None:
        """Run last, after ``on_log``."""

    def send_response(
        self,
        status: int,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: str | bytes = b"",
        *,
        details: str = "",
        grpc_status: int | None = None,
    ) -> Action:
        """Answer the request from here instead of the upstream; write ``return self.send_…``.

        Returns ``Action.PAUSE``, which is what the hook should return. From a request hook
        Envoy sends the answer through this filter's response hooks too. From
        ``on_response_headers`` it takes the response's place; from the hooks after that it is
        too late, and Envoy closes the connection. ``body`` as text is sent as UTF-8; Envoy adds
        ``content-length`` and, to a body, ``content-type: text/plain``. ``details`` appears in
        access logs as ``%RESPONSE_CODE_DETAILS%``. A gRPC client gets ``grpc_status`` (0 to
        16), or what Envoy makes of ``status``. Raises ``ValueError`` for a status outside 200
        to 599, a header no host would send, or more headers than the ABI carries.
        """
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is not a status of a final response (200 to 599)")
        items = headers.items() if hasattr(headers, "items") else headers
        pairs = []
        for name, value in cast("Iterable[tuple[str, str]]", items):
            check_header(name, value)
            pairs.append((as_data(name), as_data(value)))
        encoded = encode_pairs(pairs)
        if len(pairs) > MAX_PAIRS or len(encoded) > MAX_PAIRS_BYTES:
            raise ValueError("a response takes at most 1,024 headers of 1 MiB together")
        self._switch()
        _host.host.proxy_send_local_response(
            status,
            details,
            body.encode() if isinstance(body, str) else body,
            encoded,
            _NO_GRPC_STATUS if grpc_status is None else grpc_status,
        )
        self.reply_sent = True
        return Action.PAUSE

    def resume_request(self) -> None:
        """Let a paused request go on."""
        self._switch()
        _host.host.proxy_continue_stream(StreamType.REQUEST)

    def resume_response(self) -> None:
        """Let a paused response go on."""
        self._switch()
        _host.host.proxy_continue_stream(StreamType.RESPONSE)

    def close_stream(self) -> None:
        """Reset the stream: the client sees its connection (HTTP/2: its stream) end, unanswered."""
        self._switch()
        _host.host.proxy_close_stream(StreamType.RESPONSE)


def is_overridden(cls: type, name: str) -> bool:
    """Return whether an author's class has its own hook of that name."""
    base = HttpFilter if issubclass(cls, HttpFilter) else RootContext
    return getattr(cls, name) is not getattr(base, name)


def type_arguments(cls: type[HttpFilter[Any, Any]]) -> tuple[Any, type[RootContext[Any]]]:
    """Return what a class is an ``HttpFilter[…]`` of: configuration and root context.

    Raises ``TypeError`` if they are left open, or the second is no ``RootContext``.
    """
    config, root = _arguments(cls)
    if isinstance(config, typing.TypeVar) or isinstance(root, typing.TypeVar):
        raise TypeError(f"{cls.__name__}: write HttpFilter[Config] with a class, not a variable")
    root = get_origin(root) or root
    if not (isinstance(root, type) and issubclass(root, RootContext)):
        raise TypeError(f"{cls.__name__}: {root!r} is not a subclass of wasmkit.sdk.RootContext")
    return config, root


def _arguments(cls: type) -> tuple[Any, Any]:
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if origin is HttpFilter:
            return get_args(base) or (None, RootContext)
        if isinstance(origin, type) and issubclass(origin, HttpFilter):
            given = dict(zip(getattr(origin, "__parameters__", ()), get_args(base), strict=False))
            config, root = _arguments(origin)
            return given.get(config, config), given.get(root, root)
    raise TypeError(f"{cls!r} is not a subclass of wasmkit.sdk.HttpFilter")


def _check_hooks(cls: type, base: type) -> None:
    for name in vars(cls):
        if name.startswith("on_") and not hasattr(base, name):
            known = ", ".join(each for each in vars(base) if each.startswith("on_"))
            raise TypeError(
                f"{cls.__name__}.{name} is not a hook, so nothing would call it; "
                f"give it a name without on_, or that of a hook: {known}"
            )
