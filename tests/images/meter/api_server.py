"""A small API server whose faults are asked for: lists in pages, watches that are cut, expire or fall silent.

What a real one does is in test_cluster; this one does what a real one does rarely.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from images.meter.meter.access import Access

Object = dict[str, Any]


class ApiServer(ThreadingHTTPServer):
    """Holds objects by path; every change is an event with a version of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.changed = threading.Condition()
        self.objects: dict[str, dict[str, Object]] = {}
        self.events: list[tuple[int, str, Object]] = []
        """Version, path, event."""
        self.version = 100
        self.generation = 0
        """Of connections: those of an earlier one end."""
        self.oldest = 0
        """Versions before it are gone: 410."""
        self.down = False
        """Answer nothing but 503."""
        self.cut = 0
        """How many watches to cut in the middle of an event."""
        self.requests: list[tuple[str, dict[str, list[str]]]] = []

    @property
    def access(self) -> Access:
        host, port = self.server_address[:2]
        return Access(str(host), int(port), "", None)

    def put(self, path: str, item: Object) -> None:
        with self.changed:
            self.version += 1
            item["metadata"]["resourceVersion"] = str(self.version)
            known = self.objects.setdefault(path, {})
            kind = "MODIFIED" if item["metadata"]["name"] in known else "ADDED"
            known[item["metadata"]["name"]] = item
            self.events.append((self.version, path, {"type": kind, "object": item}))
            self.changed.notify_all()

    def delete(self, path: str, name: str) -> None:
        with self.changed:
            self.version += 1
            item = self.objects[path].pop(name)
            item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
            self.events.append((self.version, path, {"type": "DELETED", "object": item}))
            self.changed.notify_all()

    def forget(self) -> None:
        """Compact: what was before now is gone, for watches that begin later."""
        with self.changed:
            self.oldest = self.version + 1
            self.version += 1

    def hang_up(self) -> None:
        """End every connection, as a restart does."""
        with self.changed:
            self.generation += 1
            self.changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ApiServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self.server.requests.append((parts.path, query))
        if self.server.down:
            self._json(503, {"kind": "Status", "code": 503, "message": "etcd is not there"})
        elif "watch" in query:
            self._watch(parts.path, int(query["resourceVersion"][0]))
        else:
            self._list(parts.path, query)

    def _list(self, path: str, query: dict[str, list[str]]) -> None:
        with self.server.changed:
            items = list(self.server.objects.get(path, {}).values())
            begin, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
            metadata = {"resourceVersion": str(self.server.version)}
            if begin + limit < len(items):
                metadata["continue"] = str(begin + limit)
            self._json(200, {"metadata": metadata, "items": items[begin : begin + limit]})

    def _watch(self, path: str, version: int) -> None:
        server = self.server
        generation = server.generation
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if version < server.oldest:
            status = {"kind": "Status", "code": 410, "message": "too old resource version"}
            self._chunk({"type": "ERROR", "object": status})
            self.wfile.write(b"0\r\n\r\n")
            return
        while True:
            with server.changed:
                new = [event for event in server.events if event[1] == path and event[0] > version]
                if not new and generation == server.generation:
                    server.changed.wait(timeout=0.05)
            if generation != server.generation:
                self.close_connection = True
                return
            for number, _, event in new:
                if server.cut:
                    server.cut -= 1
                    self._raw(json.dumps(event)[:20].encode())
                    self.close_connection = True
                    return
                self._chunk(event)
                version = number

    def _chunk(self, event: Object) -> None:
        self._raw(json.dumps(event).encode() + b"\n")

    def _raw(self, body: bytes) -> None:
        self.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")
        self.wfile.flush()

    def _json(self, code: int, content: Object) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def api_server() -> Iterator[ApiServer]:
    server = ApiServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.hang_up()
        server.shutdown()
        server.server_close()
        thread.join()
