"""What is known of the grid: a feed's forecast where it is there and believable, else the usual day, else nothing."""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from .config import Feed, Profile
from .forecast import DAY_HOURS, HOUR, Forecast, from_feed, from_profile

TIMEOUT_SECONDS = 10.0
MOST_BYTES = 4 << 20
Source = Literal["feed", "profile", "none"]
Rejection = Literal["unreachable", "malformed", "absurd-or-stale"]
REJECTIONS: tuple[Rejection, ...] = get_args(Rejection)
"""Why an answer is not used."""


def ask(feed: Feed, now: float) -> Any:
    """What the feed answers. Raises OSError or ValueError."""
    url = feed.url.replace("{from}", datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%MZ"))
    if not url.startswith(("https://", "http://")):
        raise ValueError("the feed's address is not one of HTTP")
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310  checked above
    if feed.token_file:
        request.add_header("auth-token", Path(feed.token_file).read_text(encoding="utf-8").strip())
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        return json.loads(answer.read(MOST_BYTES))


def hours_of(answer: Any, form: str) -> dict[int, float]:
    """The answer's intensities by the hour's start, seconds since 1970. Raises ValueError, KeyError or TypeError."""
    match form:
        case "electricity-maps":
            points = [(each["datetime"], each["carbonIntensity"]) for each in answer["forecast"]]
        case "uk-carbon-intensity":
            points = [(each["from"], each["intensity"]["forecast"]) for each in answer["data"]]
        case _:
            points = [(each["time"], each["gco2ePerKwh"]) for each in answer["hours"]]
    found: dict[int, list[float]] = {}
    for time, value in points:
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is None:
            raise ValueError(f"{time} has no time zone")
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        found.setdefault(math.floor(moment.timestamp() / HOUR) * HOUR, []).append(number)
    return {hour: sum(values) / len(values) for hour, values in found.items()}


@dataclass
class Grid:
    """The newest that is known; asks the feed now and then."""

    profile: Profile | None
    feed: Feed | None
    rejected: Callable[[Rejection], None] = lambda _: None
    _hours: dict[int, float] = field(default_factory=dict)
    _asked: float = -math.inf

    def forecast(self, now: float) -> tuple[Forecast | None, Source]:
        """What is known from the hour of `now` on, and where it is from."""
        if self.feed and not 0 <= now - self._asked < self.feed.poll_seconds:
            self._asked = now
            self._ask(self.feed, now)
        if self.feed and (told := from_feed(self._hours, now)):
            return told, "feed"
        if self.profile:
            return from_profile(self._utc(self.profile, now), now, DAY_HOURS), "profile"
        return None, "none"

    def _ask(self, feed: Feed, now: float) -> None:
        """The last answer holds on as far as it reaches, where there is no new one."""
        try:
            hours = hours_of(ask(feed, now), feed.format)
        except (urllib.error.URLError, OSError):
            self.rejected("unreachable")
            return
        except (ValueError, KeyError, TypeError, AttributeError):
            self.rejected("malformed")
            return
        if from_feed(hours, now) is None:
            self.rejected("absurd-or-stale")
            return
        self._hours = hours

    @staticmethod
    def _utc(profile: Profile, now: float) -> tuple[float, ...]:
        """The profile's hours by those of UTC, on the day of `now`: zones off by less than an hour are rounded."""
        offset = ZoneInfo(profile.time_zone).utcoffset(datetime.fromtimestamp(now, UTC).replace(tzinfo=None))
        shift = round((offset.total_seconds() if offset else 0) / HOUR)
        return tuple(profile.hours[(hour + shift) % DAY_HOURS] for hour in range(DAY_HOURS))
