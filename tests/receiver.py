"""A storefront's server: receives webhooks over real HTTP, and checks signatures by an
implementation of its own, written from the specification."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split(" ")


# What to answer the nth request with, or a pause in seconds before going silent.
Answers = Callable[[Received, int], int | tuple[int, bytes, dict[str, str]] | None]


@dataclass
class Receiver:
    """Everything that arrived, in order, and what is answered to it."""

    port: int = 0
    got: list[Received] = field(default_factory=list)
    answer: Answers = lambda received, number: 204
    let_go: threading.Event = field(default_factory=threading.Event)  # ends hanging

    def url(self, path: str = "/hooks") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        return [each for each in self.got if each.path == path]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.path, names, body)
            with lock:
                receiver.got.append(received)
                number = len(receiver.got)
            answer = receiver.answer(received, number)
            if answer is None:  # hangs
                receiver.let_go.wait(30)
                return
            status, content, more = answer if isinstance(answer, tuple) else (answer, b"", {})
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


def is_signed(received: Received, secret: str) -> bool:
    """RFC 2104 by hand: nothing of ours, and not the library ours is made of."""
    key = base64.b64decode(secret.split("_", 1)[1])
    block = key.ljust(64, b"\0")
    content = b".".join(
        [received.id.encode(), received.headers["webhook-timestamp"].encode(), received.body]
    )
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + content).digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).digest()
    return "v1," + base64.b64encode(outer).decode() in received.signatures
