"""What the shifter is told: one YAML or JSON file, made by the plan; JSON is YAML, and needs no library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Profile:
    """A grid's usual day."""

    hours: tuple[float, ...]
    """gCO2e/kWh of each hour from 0."""
    time_zone: str


@dataclass(frozen=True)
class Feed:
    """Where a forecast of the grid comes from."""

    url: str
    """`{from}` in it stands for the time now, UTC."""
    format: str = "plain"
    token_file: str | None = None
    poll_seconds: float = 900.0


@dataclass(frozen=True)
class Budget:
    """What a tenant's deferrable jobs may use in a day (UTC)."""

    kwh_per_day: float | None = None
    kgco2e_per_day: float | None = None


@dataclass(frozen=True)
class Config:
    """Everything."""

    profile: Profile | None = None
    feed: Feed | None = None
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    namespaces: tuple[str, ...] = ()
    """Where jobs are looked at: the tenants'."""
    kueue: bool = False
    """Whether released jobs may be in Kueue's hands, and are interrupted through it."""
    period_seconds: float = 60.0
    port: int = 8080


def read(path: Path) -> Config:
    """Read the file. Raises ValueError, KeyError or TypeError for what the plan did not write."""
    given: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    profile, feed = given.get("profile"), given.get("feed")
    return Config(
        profile=Profile(tuple(float(hour) for hour in profile["hours"]), profile["timeZone"]) if profile else None,
        feed=Feed(feed["url"], feed.get("format", "plain"), feed.get("tokenFile")) if feed else None,
        budgets={
            tenant: Budget(budget.get("kwhPerDay"), budget.get("kgco2ePerDay"))
            for tenant, budget in given.get("budgets", {}).items()
        },
        namespaces=tuple(given.get("namespaces", ())),
        kueue=bool(given.get("kueue", False)),
        period_seconds=float(given.get("periodSeconds", 60)),
        port=int(given.get("port", 8080)),
    )
