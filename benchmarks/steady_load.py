"""A steady load of small requests on a gateway, and what became of each: an open loop, bounded in number and time."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

SERVED = "200"
PATIENCE_SECONDS = 30.0
_AT_ONCE = 256


@dataclass(frozen=True)
class Request:
    """One request; times are of the monotonic clock, in seconds."""

    sent: float
    ended: float
    outcome: str
    """`200`, another status with its error's code, or how the connection ended without an answer."""

    @property
    def served(self) -> bool:
        """Whether it got its answer."""
        return self.outcome == SERVED

    @property
    def seconds(self) -> float:
        """How long the client waited."""
        return self.ended - self.sent


class SteadyLoad:
    """Requests for embeddings at a constant rate, each on a connection of its own and never repeated."""

    def __init__(self, endpoint: str, key: str, model: str, rate: float) -> None:
        self._address = urlsplit(endpoint).netloc
        self._path = f"{urlsplit(endpoint).path}/embeddings"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._model = model
        self._rate = rate
        self._done: list[Request] = []
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._thread = threading.Thread(target=self._send)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> list[Request]:
        """Send no more, wait for what is under way, and return every request in the order of sending."""
        self._stopped.set()
        self._thread.join()
        self._pool.shutdown()
        return sorted(self._done, key=lambda request: request.sent)

    def _send(self) -> None:
        begun = time.monotonic()
        for number in itertools.count():
            due = begun + number / self._rate
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            self._pool.submit(self._one, number)

    def _one(self, number: int) -> None:
        text = (
            f"{number} things were asked of the library this morning " * 6
        )  # begins unlike others: no replica's prefix
        body = json.dumps({"model": self._model, "input": text})
        sent = time.monotonic()
        outcome = self._asked(body)
        self._done.append(Request(sent, time.monotonic(), outcome))

    def _asked(self, body: str) -> str:
        connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", self._path, body, self._headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except TimeoutError:
            return f"no answer in {PATIENCE_SECONDS:.0f} s"
        except (OSError, http.client.HTTPException, ValueError):
            return "connection closed"
        finally:
            connection.close()
        if response.status == http.HTTPStatus.OK:
            return SERVED if answer["data"][0]["embedding"] else "200 without an embedding"
        return f"{response.status} {answer['error']['code']}"
