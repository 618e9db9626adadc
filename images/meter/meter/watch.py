"""Follows one kind of objects: a list, then a watch, for as long as the process lives.

A lost connection, an API server that restarts and an expired version (410 Gone) are ordinary: what was seen is kept,
the watch goes on where it was, or the list is read anew. How long nothing was heard is known, so that nobody takes old
state for new.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

from .access import Access

PAGE = 500
"""Objects of one answer to a list."""
WATCH_SECONDS = 300
"""After which the API server ends a watch, and the next one begins."""
SILENCE_SECONDS = 90.0
"""A watch that is silent for longer is dead: the API server sends a bookmark every minute."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 15.0
_GONE = 410
_LONGEST_LINE_BYTES = 8 * 1024 * 1024

Record = TypeVar("Record")
_log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """What is followed."""

    name: str
    path: str


NODES = Kind("nodes", "/api/v1/nodes")
PODS = Kind("pods", "/api/v1/pods")
QUOTAS = Kind("resourcequotas", "/api/v1/resourcequotas")
CLAIMS = Kind("persistentvolumeclaims", "/api/v1/persistentvolumeclaims")


class ApiError(Exception):
    """The API server refused."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(f"{code} {message}")


class Watch(Generic[Record]):
    """One kind's objects, each reduced to a record; those that reduce to None are not kept."""

    def __init__(self, kind: Kind, access: Access, reduce: Callable[[Mapping[str, Any]], Record | None]) -> None:
        self.kind = kind
        self.errors = 0
        """Failures since the start."""
        self._access = access
        self._reduce = reduce
        self._records: dict[str, Record] = {}
        self._version = ""
        """Of the state; empty where it is not known."""
        self._answered: float | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._connection: HTTPConnection | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch-{kind.name}", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end."""
        self._stopped.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(2)  # wakes the thread that reads from it
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether it still follows."""
        return self._thread.is_alive()

    def records(self) -> list[Record]:
        """Return what is there now."""
        with self._lock:
            return list(self._records.values())

    def age_seconds(self) -> float | None:
        """Return for how long the API server has said nothing; None where it never has."""
        return None if self._answered is None else time.monotonic() - self._answered

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                if not self._version:
                    self._list()
                self._follow()
                pause = _FIRST_PAUSE_SECONDS
            except (OSError, HTTPException, ApiError, ValueError, KeyError, TypeError) as error:
                if self._stopped.is_set():
                    break
                if isinstance(error, ApiError) and error.code == _GONE:
                    self._version = ""  # too old to go on from
                self.errors += 1
                _log.warning("watch of %s: %s: %s", self.kind.name, type(error).__name__, error)
                self._disconnect()
                self._stopped.wait(pause * random.uniform(0.5, 1))  # noqa: S311  no secret
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        self._disconnect()

    def _list(self) -> None:
        """Read everything, page by page, and replace what is known by it."""
        records: dict[str, Record] = {}
        query = {"limit": str(PAGE)}
        while True:
            with self._request(query) as response:
                page = json.loads(response.read())
            for item in page.get("items") or ():
                self._keep(records, item)
            token = page["metadata"].get("continue")
            if not token:
                break
            query = {"limit": str(PAGE), "continue": token}
        with self._lock:
            self._records = records
        self._version = str(page["metadata"]["resourceVersion"])
        self._heard()

    def _follow(self) -> None:
        """Apply events until the API server ends the watch."""
        query = {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        with self._request(query) as response:
            self._heard()
            for line in _lines(response):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(int(status.get("code") or 0), str(status.get("message")))
                self._apply(event["type"], event["object"])
                self._version = str(event["object"]["metadata"]["resourceVersion"])
                self._heard()

    def _apply(self, kind: str, item: Mapping[str, Any]) -> None:
        if kind == "BOOKMARK":
            return
        with self._lock:
            if kind == "DELETED":
                self._records.pop(_key(item), None)
            else:
                self._keep(self._records, item)

    def _keep(self, records: dict[str, Record], item: Mapping[str, Any]) -> None:
        try:
            record = self._reduce(item)
        except (KeyError, TypeError, ValueError) as error:  # one odd object must not hide all others
            _log.warning("%s %s cannot be read: %s", self.kind.name, _key(item), error)
            record = None
        if record is None:
            records.pop(_key(item), None)
        else:
            records[_key(item)] = record

    @contextlib.contextmanager
    def _request(self, query: Mapping[str, str]) -> Iterator[HTTPResponse]:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._access.connect()
            connection.connect()
            connection.sock.settimeout(SILENCE_SECONDS)
        path = f"{self._access.prefix}{self.kind.path}?{urlencode(query)}"
        connection.request("GET", path, headers=self._access.headers())
        response = connection.getresponse()
        try:
            if response.status >= 300:
                raise ApiError(response.status, response.read(4096).decode(errors="replace").strip()[:300])
            yield response
        finally:
            response.close()

    def _heard(self) -> None:
        self._answered = time.monotonic()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _lines(response: HTTPResponse) -> Iterator[bytes]:
    """Whole lines of a stream; a line that never ends is an error, as is a stream that is cut in one."""
    while line := response.readline(_LONGEST_LINE_BYTES):
        if not line.endswith(b"\n"):
            raise HTTPException("a watch event was cut short")
        yield line


def _key(item: Mapping[str, Any]) -> str:
    metadata = item.get("metadata") or {}
    return f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
