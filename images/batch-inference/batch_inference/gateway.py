"""One request to the gateway, put again while there is hope; the standard library's client, so nothing to install."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from batch_inference.records import AGAIN, NO_ANSWER, Answer, Request

LONGEST_WAIT_SECONDS = 300.0


class RefusedError(Exception):
    """The gateway refuses the key: no request of this batch can succeed."""


@dataclass(frozen=True)
class Patience:
    """How often a request is put, and how long is waited in between."""

    attempts: int = 8
    first_wait_seconds: float = 1.0
    timeout_seconds: float = 600.0

    def wait_seconds(self, attempt: int, retry_after: str | None) -> float:
        """What the gateway asks for, else twice as long after each attempt, and some of it by chance.

        Without chance, all who were turned away together would come back together.
        """
        asked = _seconds(retry_after)
        if asked is not None:
            return min(asked, LONGEST_WAIT_SECONDS) + random.uniform(0, self.first_wait_seconds)  # noqa: S311
        longest = min(self.first_wait_seconds * 2**attempt, LONGEST_WAIT_SECONDS)
        return random.uniform(longest / 2, longest)  # noqa: S311  not for secrets


def _seconds(retry_after: str | None) -> float | None:
    """A number of seconds, or a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(int(retry_after)))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


@dataclass
class Gateway:
    """The gateway as one tenant reaches it. Each thread keeps a connection of its own."""

    url: str
    """Up to where `/v1` begins."""
    key_file: Path | None
    """Read before each attempt, so that a rotated key is taken up without a restart."""
    patience: Patience = field(default_factory=Patience)
    stopping: threading.Event = field(default_factory=threading.Event)
    _local: threading.local = field(default_factory=threading.local, repr=False)

    def ask(self, request: Request, waited: Callable[[float], None] = lambda _: None) -> Answer | None:
        """Put a request until it is answered, hope is lost, or the run is stopping (then None).

        Raises RefusedError where the key is refused.
        """
        answer = Answer(request.custom_id, NO_ANSWER, "")
        for attempt in range(self.patience.attempts):
            answer, retry_after = self._once(request)
            if answer.status in {401, 403}:
                raise RefusedError(f"the gateway answered {answer.status}: {answer.body}")
            if answer.status not in AGAIN and answer.status != NO_ANSWER:
                return answer
            if attempt + 1 < self.patience.attempts:
                seconds = self.patience.wait_seconds(attempt, retry_after)
                waited(seconds)
                if self.stopping.wait(seconds):
                    return None
        return answer

    def _once(self, request: Request) -> tuple[Answer, str | None]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key_file:
            headers["Authorization"] = f"Bearer {self.key_file.read_text(encoding='ascii').strip()}"
        address = urlsplit(self.url)
        connection = self._connection(address)
        try:
            connection.request("POST", address.path.rstrip("/") + request.path, json.dumps(request.body), headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.hang_up()
            return Answer(request.custom_id, NO_ANSWER, f"{type(error).__name__}: {error}"), None
        if response.will_close:
            self.hang_up()
        request_id = response.getheader("x-request-id") or ""
        found = Answer(request.custom_id, response.status, _parsed(text), request_id)
        if found.good and isinstance(found.body, str):
            # A proxy's page, or a body cut short: nothing that a reader of the results could use.
            found = Answer(request.custom_id, 502, "the gateway answered with something that is not JSON", request_id)
        return found, response.getheader("retry-after")

    def _connection(self, address: SplitResult) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is None:
            make = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
            kept = make(address.hostname or "", address.port, timeout=self.patience.timeout_seconds)
            self._local.connection = kept
        return kept

    def hang_up(self) -> None:
        """Close the calling thread's connection."""
        kept = getattr(self._local, "connection", None)
        self._local.connection = None
        if kept:
            kept.close()


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace")[:2000]
