"""A registry that answers what a test tells it to, on a port of this machine."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from wasmkit.artifact.client import RegistryClient
from wasmkit.artifact.reference import Reference, parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Answer", "Registry", "Seen", "answering_registry"]


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]


class Registry:
    """Answers each request by ``answer(seen)`` and remembers it."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.answer: Callable[[Seen], Answer | None] = lambda _: Answer(404)
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                names = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, self.path, names)
                registry.seen.append(seen)
                answer = registry.answer(seen)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)

            do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815 - http.server's names

            def log_message(self, *arguments: object) -> None:
                del arguments

        class Server(ThreadingHTTPServer):
            def handle_error(self, *about: object) -> None:
                """Say nothing: that a client hangs up is what some tests are about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"

    @property
    def reference(self) -> Reference:
        return parse_reference(f"{self.host}/team/a:1.0.0")

    @property
    def client(self) -> RegistryClient:
        return RegistryClient(self.reference)


@contextmanager
def answering_registry() -> Iterator[Registry]:
    served = Registry()
    thread = threading.Thread(target=served.server.serve_forever, args=(0.02,))
    thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()
