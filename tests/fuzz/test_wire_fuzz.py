"""Any exchange is sent or refused; any bytes are a message or none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wasmkit.engines.wire import UnplayableError, as_sent
from wasmkit.http.http1 import MessageReader, message_bytes
from wasmkit.http.message import Message
from wasmkit.traffic.model import Exchange

names = st.one_of(
    st.sampled_from(
        [b"content-length", b"Connection", b"transfer-encoding", b"host", b"x-a", b"upgrade"]
    ),
    st.sampled_from([b"te", b":status", b":path"]),
    st.binary(max_size=8),
)
texts = st.text(max_size=12).map(str.encode) | st.binary(max_size=12)
headers = st.lists(st.tuples(names, texts), max_size=6).map(tuple)
requests = st.builds(
    Message.request,
    st.one_of(st.sampled_from([b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT"]), texts),
    st.one_of(texts, texts.map(lambda text: b"/" + text), texts.map(lambda t: b"http://" + t)),
    scheme=st.sampled_from([b"http", b"https"]),
    authority=texts,
    headers=headers,
    body=st.binary(max_size=20),
    trailers=headers,
)
responses = st.builds(
    Message.response,
    st.integers(-1, 1100),
    headers=headers,
    body=st.binary(max_size=20),
    trailers=headers,
)


@given(requests, responses)
def test_what_is_sent_is_one_whole_message(request: Message, response: Message) -> None:
    try:
        sent = as_sent(Exchange(request, response))
    except UnplayableError as error:
        str(error).encode()
        return
    message = sent.request
    reader = MessageReader()
    reader.feed(message_bytes(message))
    assert reader.done
    assert reader.rest == b""
    got = reader.received
    assert got.complete
    assert (got.message.method, got.message.path) == (message.method, message.path)
    assert got.message.authority == message.authority
    framing = {(b"transfer-encoding", b"chunked")} - {*message.fields}
    assert tuple(pair for pair in got.message.fields if pair not in framing) == message.fields
    assert (got.message.body, got.message.trailers) == (message.body, message.trailers)
    assert as_sent(Exchange(sent.request, sent.response)).request == sent.request


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from(
                [
                    b"HTTP/1.1 200 OK\r\n",
                    b"transfer-encoding: chunked\r\n",
                    b"content-length: 3\r\n",
                    b"\r\n",
                    b"3\r\nabc\r\n",
                    b"0\r\n",
                ]
            ),
        ),
        max_size=12,
    ),
    st.sampled_from([None, b"GET", b"HEAD"]),
)
def test_any_bytes_are_read_to_an_end(pieces: list[bytes], method: bytes | None) -> None:
    reader = MessageReader(method=method)
    for piece in filter(None, pieces):  # an empty piece would be the end
        reader.feed(piece)
    reader.feed(b"")
    assert reader.done
    whole = MessageReader(method=method)
    whole.feed(b"".join(pieces))
    whole.feed(b"")
    assert whole.received == reader.received
