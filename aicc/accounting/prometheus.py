"""Prometheus' HTTP API: the few calls that a statement needs, through whatever reaches it."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3

from aicc.errors import AiccError, ClusterError

CONNECT_SECONDS, READ_SECONDS = 5.0, 120.0
CONNECTIONS = 8
"""That are kept, for those who ask from several threads."""
PATIENCE_SECONDS = 30.0
"""How long a Prometheus that restarts is waited for."""
PAUSE_SECONDS = 1.0
_PASSING = frozenset({429, 502, 503, 504})
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000}


class UnreachablePrometheusError(ClusterError):
    """No answer from Prometheus."""


class QueryError(AiccError):
    """Prometheus refused a query."""


class TooMuchError(QueryError):
    """A query would load more samples than Prometheus allows, or take too long: ask for less at a time."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: Mapping[str, Any]
    """Parsed JSON; empty where it was none."""


class Source(Protocol):
    """What reaches a Prometheus."""

    @property
    def address(self) -> str:
        """Where it is, without credentials, for messages."""

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Ask once. Raises UnreachablePrometheusError."""

    def close(self) -> None:
        """Let go of connections."""


class HttpSource:
    """A Prometheus at a URL; with user and password where the URL has them, or with a bearer token."""

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url)
        self._root = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        self._headers = {"Accept": "application/json"}
        if parts.username:
            self._headers |= urllib3.make_headers(basic_auth=f"{parts.username}:{parts.password or ''}")
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        timeout = urllib3.Timeout(CONNECT_SECONDS, READ_SECONDS)
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=timeout)

    @property
    def address(self) -> str:
        """Where it is, without credentials."""
        return self._root

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Ask once."""
        try:
            response = self._pool.request("GET", f"{self._root}{path}", fields=dict(query), headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            raise UnreachablePrometheusError(
                f"no answer from Prometheus at {self.address}: {str(error).splitlines()[0]}",
                hint="is it running? --prometheus URL names another",
            ) from None
        return Answer(response.status, _object(response.data))

    def close(self) -> None:
        """Let go of connections."""
        self._pool.clear()


@dataclass(frozen=True)
class Points:
    """A series of a matrix: its labels, and its values in order of time."""

    labels: Mapping[str, str]
    values: Sequence[tuple[float, float]]


class Prometheus:
    """Queries, asked until they are answered: for a while, where Prometheus restarts."""

    def __init__(self, source: Source, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._source = source
        self._patience_seconds = patience_seconds

    @property
    def address(self) -> str:
        """Where it is."""
        return self._source.address

    def close(self) -> None:
        """Let go of connections."""
        self._source.close()

    def range(self, expression: str, start: int, end: int, step: int) -> list[Points]:
        """Evaluate at `start`, every `step` seconds, until `end` at the latest."""
        query = {"query": expression, "start": str(start), "end": str(end), "step": str(step)}
        return list(_points(self._data("/api/v1/query_range", query)))

    def samples(self, selector: str, until: int, seconds: int) -> list[Points]:
        """The very samples of the `seconds` up to `until`, with their own timestamps."""
        query = {"query": f"{selector}[{seconds}s]", "time": str(until)}
        return list(_points(self._data("/api/v1/query", query)))

    def retention(self) -> str | None:
        """How long it keeps samples, such as `15d`; None where it does not say, as what only speaks its API."""
        answer = self._ask("/api/v1/status/runtimeinfo", {})
        found = (answer.body.get("data") or {}).get("storageRetention") if answer.status == 200 else None
        return str(found) if found else None

    def _data(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        answer = self._ask(path, query)
        if answer.status == 200 and answer.body.get("status") == "success":
            return answer.body["data"]  # type: ignore[no-any-return]
        if "status" not in answer.body:
            raise ClusterError(
                f"{self.address} does not answer as Prometheus does: HTTP {answer.status}",
                hint="the URL is that of its root, as in http://127.0.0.1:9090",
            )
        said = str(answer.body.get("error") or answer.body.get("message") or f"HTTP {answer.status}")
        if "too many samples" in said or answer.body.get("errorType") == "timeout":
            raise TooMuchError(f"Prometheus: {said}")
        raise QueryError(f"Prometheus refused {query.get('query')!r}: {said}")

    def _ask(self, path: str, query: Mapping[str, str]) -> Answer:
        give_up_at = time.monotonic() + self._patience_seconds
        while True:
            try:
                answer = self._source.get(path, query)
            except UnreachablePrometheusError:
                if time.monotonic() + PAUSE_SECONDS >= give_up_at:
                    raise
            else:
                restarting = answer.status in _PASSING and answer.body.get("errorType") != "timeout"
                if not restarting or time.monotonic() + PAUSE_SECONDS >= give_up_at:
                    return answer
            time.sleep(PAUSE_SECONDS)


def duration_seconds(text: str) -> float | None:
    """Read a duration of Prometheus', such as `15d` or `1y2w`; None where it is none, as of a size."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
    if not parts or "".join(f"{count}{unit}" for count, unit in parts) != text:
        return None
    return sum(int(count) * _UNITS[unit] for count, unit in parts)


def _points(data: Mapping[str, Any]) -> Iterator[Points]:
    for series in data["result"]:
        yield Points(series["metric"], [(float(at), _number(value)) for at, value in series["values"]])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
