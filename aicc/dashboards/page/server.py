"""Serves the page on loopback: its files, the dashboards, and the answers to their panels' queries. It only reads."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from aicc.dashboards.interpolate import Span
from aicc.dashboards.page.panels import Chosen, Dashboards
from aicc.errors import AiccError

HOST = "127.0.0.1"
FIRST = "aicc-overview"
MOST_POINTS = 720
"""Of a line."""
LONGEST_SECONDS = 366 * 24 * 3600
_ASSETS = Path(__file__).parent / "assets"
_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    # plotly.js writes a style sheet of its own into the page; scripts come from here and nowhere else.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class BadRequestError(ValueError):
    """A request that the page would not make."""


class DashboardServer(ThreadingHTTPServer):
    """Bound to loopback once it is made; `serve_forever` until it is closed."""

    daemon_threads = True

    def __init__(self, dashboards: Dashboards, about: Mapping[str, str], port: int, scrape_seconds: int) -> None:
        """`about` is shown on the page; port 0 is a free one."""
        super().__init__((HOST, port), _Handler)
        self.dashboards = dashboards
        self.about = about
        self.scrape_seconds = scrape_seconds

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{HOST}:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """Names under which it may be asked; under another, a foreign page resolved its own name to loopback."""
        return frozenset({f"{HOST}:{self.port}", f"localhost:{self.port}"})


class _Handler(BaseHTTPRequestHandler):
    server: DashboardServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "aicc", ""
    timeout = 60  # an idle connection's thread ends
    _ROUTES: ClassVar[Mapping[str, str]] = {
        r"/": "_home",
        r"/d/([\w-]+)": "_page",
        r"/assets/plotly\.js": "_plotly",
        r"/assets/([\w-]+\.(?:css|js|svg))": "_asset",
        r"/api/names": "_names",
        r"/api/dashboards": "_list",
        r"/api/dashboards/([\w-]+)": "_document",
        r"/api/dashboards/([\w-]+)/variables": "_variables",
        r"/api/dashboards/([\w-]+)/panels/(\d+)": "_panel",
    }

    def do_GET(self) -> None:
        if self.headers.get("Host") not in self.server.hosts:
            self._say(HTTPStatus.MISDIRECTED_REQUEST, {"error": "this page answers on loopback only"})
            return
        parts = urlsplit(self.path)
        for pattern, name in self._ROUTES.items():
            if found := re.fullmatch(pattern, parts.path):
                self._answer(partial(getattr(self, name), *found.groups()), parse_qs(parts.query))
                return
        self._say(HTTPStatus.NOT_FOUND, {"error": "there is no such page"})

    def _answer(self, route: Any, query: Mapping[str, list[str]]) -> None:
        try:
            route(query)
        except KeyError as error:
            self._say(HTTPStatus.NOT_FOUND, {"error": f"there is no {error}"})
        except BadRequestError as error:
            self._say(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except AiccError as error:
            self._say(HTTPStatus.BAD_GATEWAY, {"error": error.message})

    def _home(self, _query: Mapping[str, list[str]]) -> None:
        self._send(HTTPStatus.FOUND, b"", "text/plain", {"Location": f"/d/{FIRST}"})

    def _page(self, uid: str, _query: Mapping[str, list[str]]) -> None:
        self.server.dashboards.document(uid)
        self._asset("page.html", _query)

    def _plotly(self, _query: Mapping[str, list[str]]) -> None:
        script = resources.files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
        self._send(HTTPStatus.OK, script, _TYPES[".js"], {"Cache-Control": "max-age=86400"})

    def _asset(self, name: str, _query: Mapping[str, list[str]]) -> None:
        path = _ASSETS / name
        if not path.is_file():
            raise KeyError(name)
        self._send(HTTPStatus.OK, path.read_bytes(), _TYPES[path.suffix], {"Cache-Control": "no-cache"})

    def _names(self, query: Mapping[str, list[str]]) -> None:
        self._say(HTTPStatus.OK, self.server.dashboards.names(self._span(query)))

    def _list(self, _query: Mapping[str, list[str]]) -> None:
        self._say(HTTPStatus.OK, {"about": self.server.about, "dashboards": self.server.dashboards.listed()})

    def _document(self, uid: str, _query: Mapping[str, list[str]]) -> None:
        self._say(HTTPStatus.OK, self.server.dashboards.document(uid))

    def _variables(self, uid: str, query: Mapping[str, list[str]]) -> None:
        self._say(HTTPStatus.OK, self.server.dashboards.options(uid, _chosen(query), self._span(query)))

    def _panel(self, uid: str, number: str, query: Mapping[str, list[str]]) -> None:
        span = self._span(query)
        answers = self.server.dashboards.answers(uid, int(number), _chosen(query), span)
        self._say(HTTPStatus.OK, {"step": span.step_seconds, "answers": answers})

    def _span(self, query: Mapping[str, list[str]]) -> Span:
        """The time that is asked about; the step leaves as many points as the panel is wide, in whole scrapes."""
        try:
            start, end, points = (int(query[name][0]) for name in ("from", "to", "points"))
        except (KeyError, ValueError):
            raise BadRequestError("from and to are seconds since 1970, points is a number") from None
        if not 0 < end - start <= LONGEST_SECONDS or not 1 <= points <= MOST_POINTS or not 0 < end < 1 << 40:
            raise BadRequestError(f"from is before to, by a year at most; points are 1 to {MOST_POINTS}")
        scrape = self.server.scrape_seconds
        step = scrape * max(1, -(-(end - start) // (points * scrape)))
        return Span(start - start % step, end, step, scrape)

    def _say(self, status: HTTPStatus, document: Any) -> None:
        self._send(status, json.dumps(document).encode(), "application/json", {"Cache-Control": "no-store"})

    def _send(self, status: HTTPStatus, body: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


def _chosen(query: Mapping[str, list[str]]) -> Chosen:
    return {name.removeprefix("var-"): values for name, values in query.items() if name.startswith("var-")}
