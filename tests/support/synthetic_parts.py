"""What the synthetic centre is made of: utilisation, nodes as they really are, pods, outages, and the truth."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache

MINUTE, HOUR = 60, 3_600
PUE, GCO2E_PER_KWH = 1.19, 573.7
ASSUMED_UTILIZATION = 0.6
NOISE = 0.02
"""Of a measurement, evenly spread around what is true."""
SPREAD = 0.05
"""How far one accelerator's watts are from its kind's, at most."""


@dataclass(frozen=True)
class Curve:
    """Utilisation over time: a mean and a wave."""

    mean: float
    amplitude: float
    period_seconds: float
    phase: float

    def at(self, second: float) -> float:
        return self.mean + self.amplitude * math.sin(self.phase + math.tau * second / self.period_seconds)

    def integral(self, begin: float, end: float) -> float:
        """Over time, from `begin` to `end`."""
        wave = self.amplitude * self.period_seconds / math.tau
        angle = [self.phase + math.tau * second / self.period_seconds for second in (begin, end)]
        return self.mean * (end - begin) - wave * (math.cos(angle[1]) - math.cos(angle[0]))


@cache
def curve(seed: str, mean: float, amplitude: float) -> Curve:
    dice = random.Random(seed)  # noqa: S311  not for secrets
    period = dice.uniform(2, 9) * HOUR
    return Curve(mean * dice.uniform(0.9, 1.1), amplitude * dice.uniform(0.7, 1), period, dice.uniform(0, math.tau))


@cache
def spread(seed: str) -> float:
    return random.Random(seed).uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311


@dataclass(frozen=True)
class Pool:
    """A kind of node, as it really is; the catalogue's figures are what the meter says."""

    name: str
    accelerator: str
    vendor: str
    pieces: int
    cores: int
    idle_watts: float
    peak_watts: float
    host_idle_watts: float
    host_peak_watts: float
    off: float = 1.0
    """What is true of the catalogue's watts: a machine may draw more, or less, than it is rated."""
    embodied_gco2e_per_hour: float = 40.0
    price_per_hour: float | None = None


POOLS = {
    pool.name: pool
    for pool in (
        Pool("h100", "nvidia-h100", "nvidia", 4, 96, 70, 700, 300, 900, embodied_gco2e_per_hour=90, price_per_hour=40),
        Pool("ascend", "ascend-910b", "huawei", 4, 96, 90, 400, 280, 800),
        Pool("mi300x", "amd-mi300x", "amd", 4, 96, 120, 750, 300, 900, off=1.1, price_per_hour=30),
        Pool("zhenwu", "zhenwu-810e", "t-head", 4, 96, 57, 400, 280, 800, off=1.08),
        Pool("general", "", "", 0, 16, 0, 0, 60, 180, off=0.95),
    )
}
NODES = {"h100-0": "h100", "h100-1": "h100", "ascend-0": "ascend", "mi300x-0": "mi300x", "zhenwu-0": "zhenwu"}
NODES |= {"general-0": "general"}


@dataclass(frozen=True)
class Pod:
    """A pod: what it holds, and from when to when, in seconds since the centre began."""

    tenant: str
    name: str
    node: str
    devices: tuple[int, ...]
    """The accelerators that it holds."""
    begin: float
    end: float
    model: str = ""
    job: str = ""
    cores: float = 4.0
    effort: float = 1.0
    """What it makes of its accelerators, of what a pod usually does."""

    @property
    def namespace(self) -> str:
        return self.tenant if self.tenant == "platform" else f"tenant-{self.tenant}"

    @property
    def share(self) -> float:
        """Of its node."""
        pool = POOLS[NODES[self.node]]
        return len(self.devices) / pool.pieces if pool.pieces else self.cores / pool.cores

    def overlap(self, begin: float, end: float) -> tuple[float, float]:
        first = max(self.begin, begin)
        return first, max(first, min(self.end, end))


@dataclass(frozen=True)
class Outage:
    """From when to when something says nothing, in seconds since the centre began."""

    begin: float
    end: float
    node: str = ""
    """Whose exporters are gone; empty: nothing is scraped at all, as where Prometheus is down."""

    def hides(self, node: str, second: float) -> bool:
        return self.node in {"", node} and self.begin <= second < self.end


@dataclass
class Truth:
    """kWh at the machines."""

    tenants: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By tenant, `platform` and `idle`."""
    models: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    jobs: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    total: float = 0.0
    tokens: dict[tuple[str, str, str], float] = field(default_factory=lambda: defaultdict(float))
    """By tenant, model and type."""
