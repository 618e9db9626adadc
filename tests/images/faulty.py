"""A gateway on loopback that does what a test tells it to, and counts."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What the gateway sends; `hang_up` closes the connection in the middle of it."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False
    text: bytes | None = None


def good(asked: Mapping[str, Any]) -> Reply:
    """An answer that repeats the request, so that a test can tell whose it is."""
    said = asked["messages"][-1]["content"]
    return Reply(200, {"model": asked["model"], "choices": [{"message": {"role": "assistant", "content": said}}]})


@dataclass
class Seen:
    """What came in."""

    by_content: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    most_under_way: int = 0


Behave = Callable[[Mapping[str, Any], int], Reply]
"""From a request's body, and how often this content came before, to the reply."""


@contextmanager
def gateway(behave: Behave = lambda asked, _: good(asked)) -> Iterator[tuple[str, Seen]]:
    """Serve on loopback; gives the address, without /v1, and what was seen."""
    seen, lock = Seen(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = asked["messages"][-1]["content"]
            with lock:
                before = seen.by_content[said]
                seen.by_content[said] += 1
                seen.keys[self.headers.get("Authorization", "")] += 1
                seen.under_way += 1
                seen.most_under_way = max(seen.most_under_way, seen.under_way)
            try:
                reply = behave(asked, before)
            finally:
                with lock:
                    seen.under_way -= 1
            self._send(reply)

        def _send(self, reply: Reply) -> None:
            body = reply.text if reply.text is not None else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if reply.hang_up else body)
            self.close_connection = self.close_connection or reply.hang_up

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
