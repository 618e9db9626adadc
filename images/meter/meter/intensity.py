"""The carbon intensity that holds now: the feed's, else the usual day's, else the year's average."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NamedTuple

from .config import Grid
from .feed import LiveFeed

Method = Literal["live", "profile", "static"]


class Intensity(NamedTuple):
    """What holds now, and how it is known."""

    gco2e_per_kwh: float
    method: Method


def at(grid: Grid, feed: LiveFeed | None, now: float) -> Intensity:
    """Return the intensity of a grid at a time, in seconds since 1970."""
    live = feed.figure(now) if feed else None
    if live is not None:
        return Intensity(live, "live")
    if grid.profile is not None:
        hour = datetime.fromtimestamp(now, UTC).astimezone(grid.profile.zone).hour
        return Intensity(grid.gco2e_per_kwh * grid.profile.hourly[hour], "profile")
    return Intensity(grid.gco2e_per_kwh, "static")
