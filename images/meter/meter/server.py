"""Serves `/metrics`, `/readyz` and `/livez`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

_REQUEST_SECONDS = 30.0
_log = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    """One address; each request in a thread of its own."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], registry: CollectorRegistry, ready: Callable[[], bool], live: Callable[[], bool]
    ) -> None:
        self.registry, self.ready, self.live = registry, ready, live
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS
    server: Server

    def do_GET(self) -> None:
        """Answer one request."""
        match self.path.partition("?")[0]:
            case "/metrics":
                encode, content_type = choose_encoder(self.headers.get("Accept") or "")
                self._send(200, encode(self.server.registry), content_type)
            case "/readyz":
                self._verdict(good=self.server.ready())
            case "/livez":
                self._verdict(good=self.server.live())
            case _:
                self._send(404, b"not found\n", "text/plain; charset=utf-8")

    def _verdict(self, *, good: bool) -> None:
        self._send(
            200 if good else 503, b"ok\n" if good else b"not yet, or not any more\n", "text/plain; charset=utf-8"
        )

    def _send(self, code: int, body: bytes, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        """Scrapes are no news."""
        _log.debug(format, *args)
