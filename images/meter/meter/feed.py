"""A live feed of a grid's carbon intensity: asked, checked, kept; what is absurd or old is refused and counted.

Its formats, and where they are described:
- `plain`: `{"gco2ePerKwh": 412.5, "at": "2026-11-27T16:00:00Z"}`, this project's own, for a feed of one's own.
- `electricity-maps`: `carbonIntensity` and `datetime` of `/v3/carbon-intensity/latest`; the token is `auth-token`.
- `uk-carbon-intensity`: the first period of `https://api.carbonintensity.org.uk/intensity`, actual before forecast.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from .config import Feed, Grid

HIGHEST_GCO2E_PER_KWH = 2_000.0
"""More than any grid emits, as `aicc.accounting.factors` has it."""
HIGHEST_MULTIPLE = 1_000.0
"""Of the grid's own average: a unit taken for another, as milligrams for grams."""
AHEAD_SECONDS = 900.0
"""How far a figure's time may be ahead of this machine's."""
REASONS = ("unreachable", "malformed", "not_finite", "negative", "zero", "too_large", "stale", "ahead")
_TIMEOUT_SECONDS = 10.0
_LARGEST_BYTES = 1024 * 1024
_TOKEN_HEADERS = {"electricity-maps": "auth-token"}
_log = logging.getLogger(__name__)


class RejectedError(Exception):
    """A figure that is not used."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        """One of REASONS."""
        super().__init__(detail)


@dataclass(frozen=True)
class Figure:
    """What a feed said."""

    gco2e_per_kwh: float
    at: float
    """When it held, in seconds since 1970."""


class LiveFeed:
    """The feed of one grid, in a thread of its own."""

    def __init__(self, grid: Grid, feed: Feed, token_file: Path | None = None) -> None:
        self.grid = grid.id
        self.rejected = dict.fromkeys(REASONS, 0)
        self.accepted: Figure | None = None
        """The newest figure that was used; it may be stale by now."""
        self._average, self._feed, self._token_file = grid.gco2e_per_kwh, feed, token_file
        self._last_was_good = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; an answer that is under way is not waited for."""
        self._stopped.set()

    def figure(self, now: float) -> float | None:
        """Return the intensity that holds now; None where none is known that is new enough."""
        found = self.accepted
        fresh = found is not None and now - found.at <= self._feed.stale_seconds
        return found.gco2e_per_kwh if found is not None and fresh else None

    def up(self, now: float) -> bool:
        """Whether the last answer was good, and is not old."""
        return self._last_was_good and self.figure(now) is not None

    def poll(self, now: float) -> None:
        """Ask once; a figure that is refused is counted, and the last good one stays until it is stale."""
        try:
            self.accepted = self._checked(self._read(self._ask()), now)
            self._last_was_good = True
        except RejectedError as error:
            self._last_was_good = False
            self.rejected[error.reason] += 1
            _log.warning("feed of %s refused: %s: %s", self.grid, error.reason, error)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.poll(time.time())
            self._stopped.wait(self._feed.poll_seconds)

    def _ask(self) -> bytes:
        try:
            request = urllib.request.Request(self._feed.url, headers=self._headers())  # noqa: S310  config checks it
            with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as response:
                content: bytes = response.read(_LARGEST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise RejectedError("unreachable", f"HTTP {error.code}") from None
        except (OSError, HTTPException, ValueError) as error:
            raise RejectedError("unreachable", f"{type(error).__name__}: {error}") from None
        if len(content) > _LARGEST_BYTES:
            raise RejectedError("malformed", "the answer is larger than a mebibyte")
        return content

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "aicc-meter"}
        if self._token_file is None:
            return headers
        token = self._token_file.read_text(encoding="utf-8").strip()
        name = _TOKEN_HEADERS.get(self._feed.format)
        return headers | ({name: token} if name else {"Authorization": f"Bearer {token}"})

    def _read(self, content: bytes) -> tuple[Any, Any]:
        """The figure and its time, as the format has them."""
        try:
            document = json.loads(content)
            match self._feed.format:
                case "electricity-maps":
                    return document["carbonIntensity"], document["datetime"]
                case "uk-carbon-intensity":
                    period = document["data"][0]
                    actual = period["intensity"].get("actual")
                    return period["intensity"]["forecast"] if actual is None else actual, period["from"]
                case _:
                    return document["gco2ePerKwh"], document["at"]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise RejectedError("malformed", f"{type(error).__name__}: {error}") from None

    def _checked(self, found: tuple[Any, Any], now: float) -> Figure:
        value, at = found
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RejectedError("malformed", f"{value!r} is not a number")
        value = float(value)
        if not math.isfinite(value):
            raise RejectedError("not_finite", f"{value}")
        if value < 0:
            raise RejectedError("negative", f"{value:g} g/kWh")
        if value == 0:
            raise RejectedError("zero", "no grid is without emissions")
        if value > min(HIGHEST_GCO2E_PER_KWH, HIGHEST_MULTIPLE * self._average):
            raise RejectedError("too_large", f"{value:g} g/kWh, where the grid's average is {self._average:g}")
        seconds = _seconds(at)
        if now - seconds > self._feed.stale_seconds:
            raise RejectedError("stale", f"of {at}")
        if seconds - now > AHEAD_SECONDS:
            raise RejectedError("ahead", f"of {at}, which is not yet")
        return Figure(value, seconds)


def _seconds(at: Any) -> float:
    try:
        found = datetime.fromisoformat(str(at).replace("Z", "+00:00"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise RejectedError("malformed", f"{at!r} is not a time") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An address that was checked must not lead to one that was not, nor carry a token there."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
