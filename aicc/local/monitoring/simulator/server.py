"""Serves what the simulated exporters say, and which of them there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, generate_latest

from aicc.local.monitoring.simulator import faults
from aicc.local.monitoring.simulator.center import Center
from aicc.local.monitoring.simulator.faults import FaultFile
from aicc.local.monitoring.simulator.vocabulary import exposition

TEXT = "text/plain; version=0.0.4; charset=utf-8"
_IDLE_SECONDS = 120


class Server(ThreadingHTTPServer):
    """`/metrics/<node>` for each exporter, `/targets` for Prometheus to find them, `/metrics` of the process itself."""

    daemon_threads = True
    request_queue_size = 1024
    """A large centre's exporters are all read within seconds."""

    def __init__(
        self,
        address: tuple[str, int],
        center: Center,
        failing: FaultFile,
        registry: CollectorRegistry,
        clock: Callable[[], float],
    ) -> None:
        self.center, self.failing, self.registry, self.clock = center, failing, registry, clock
        super().__init__(address, _Handler)

    @property
    def address(self) -> str:
        """`host:port`."""
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"

    def answer(self, path: str) -> tuple[int, str, str]:
        """Return the status, content type and text of an answer."""
        match path:
            case "/metrics":
                return 200, TEXT, generate_latest(self.registry).decode()
            case "/readyz" | "/targets" if not self.center.ready:
                return 503, TEXT, "the API server has not answered yet\n"
            case "/readyz":
                return 200, TEXT, "ok\n"
            case "/targets":
                return 200, "application/json", json.dumps(self._targets())
            case _:
                return self._of_exporter(path)

    def _of_exporter(self, path: str) -> tuple[int, str, str]:
        node = self.center.nodes.get(path.removeprefix("/metrics/"))
        if node is None or node.pool.exporter is None:
            return 404, TEXT, "there is no such exporter\n"
        if faults.SILENT in self.failing.of(node.name):
            return 503, TEXT, "silent, as was asked\n"
        return 200, TEXT, exposition(node.samples(self.failing, self.clock()))

    def _targets(self) -> list[dict[str, object]]:
        return [
            {
                "targets": [self.address],
                "labels": {
                    "__metrics_path__": f"/metrics/{node.name}",
                    "job": node.pool.exporter.job,
                    "instance": node.name,
                    "node": node.name,
                },
            }
            for node in self.center.nodes.values()
            if node.pool.exporter
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        status, kind, text = self.server.answer(self.path.partition("?")[0])
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class' name
        """Prometheus asks all the time."""
