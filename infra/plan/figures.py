"""What one node, one accelerator and the place where they stand draw, emit and cost: the catalogue's figures, joined.

One place for them, so that what a plan estimates and what the meter measures against are the same. A figure that
nobody published is None, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.catalogue import Accelerator, Catalogue
from infra.catalogue.entry import Figure
from infra.catalogue.schema import Price
from infra.config.clouds import Cloud, PublicCloud
from infra.config.models import Green
from infra.plan.model import PoolPlan

ASSUMED_IDLE_SHARE = 0.15
"""Of an accelerator's power limit, where its idle power is unknown; Zhenwu 810E: 57 W of 400 W."""
_GIB = 1024**3


@dataclass(frozen=True)
class HostWatts:
    """What a node draws without its accelerators."""

    vcpu: float
    gib: float
    idle_watts_per_vcpu: float
    peak_watts_per_vcpu: float
    watts_per_gib: float
    figure: Figure
    """The one that says most about where the others are from."""

    def at(self, load: float) -> float:
        """Watts at a load from 0 to 1."""
        per_vcpu = self.idle_watts_per_vcpu + load * (self.peak_watts_per_vcpu - self.idle_watts_per_vcpu)
        return self.vcpu * per_vcpu + self.gib * self.watts_per_gib


@dataclass(frozen=True)
class AcceleratorWatts:
    """What one piece draws."""

    idle: float
    peak: float
    idle_is_assumed: bool
    figure: Figure
    """Of the peak."""

    def at(self, load: float) -> float:
        """Watts at a load from 0 to 1."""
        return self.idle + load * (self.peak - self.idle)


@dataclass(frozen=True)
class Embodied:
    """What making one node emitted, in kgCO2e per year of its life."""

    host_kgco2e: float
    accelerators_kgco2e: float | None
    """None where that of the accelerator is unknown; 0 without any."""
    years: float

    @property
    def kgco2e(self) -> float:
        """Of both, or a lower bound where a part is unknown."""
        return self.host_kgco2e + (self.accelerators_kgco2e or 0.0)

    @property
    def complete(self) -> bool:
        """Whether no part is unknown."""
        return self.accelerators_kgco2e is not None


@dataclass(frozen=True)
class Pue:
    """Power usage effectiveness."""

    value: float | None
    source: str
    """`green.pue`, or the operator whose it is."""
    period: str | None = None
    figure: Figure | None = None
    """None where it was declared, or is unknown."""


@dataclass(frozen=True)
class Intensity:
    """Average carbon intensity of a grid."""

    grid: str | None
    """The catalogue's id; None where neither declared nor the region's known."""
    gco2e_per_kwh: float | None = None
    year: int | None = None
    figure: Figure | None = None


def host_watts(pool: PoolPlan, catalogue: Catalogue) -> HostWatts:
    """One of the pool's nodes without its accelerators."""
    host = catalogue.host
    return HostWatts(
        vcpu=float(pool.cpu_cores),
        gib=float(pool.memory_bytes / _GIB),
        idle_watts_per_vcpu=known(host.idle_watts_per_vcpu),
        peak_watts_per_vcpu=known(host.peak_watts_per_vcpu),
        watts_per_gib=known(host.watts_per_gib),
        figure=host.peak_watts_per_vcpu,
    )


def accelerator_watts(accelerator: Accelerator, cap_watts: int | None = None) -> AcceleratorWatts | None:
    """One piece, under a cap where there is one; None where its power limit is unknown."""
    limit, idle = accelerator.power_watts, accelerator.idle_watts
    if limit.value is None:
        return None
    at_rest = ASSUMED_IDLE_SHARE * limit.value if idle.value is None else idle.value
    peak = limit.value if cap_watts is None else min(limit.value, float(cap_watts))
    return AcceleratorWatts(at_rest, peak, idle.value is None, limit)


def embodied(pool: PoolPlan, catalogue: Catalogue) -> Embodied:
    """One of the pool's nodes: the host by its share of the catalogue's server, accelerators by the piece."""
    host, years = catalogue.host, known(catalogue.host.lifetime_years)
    hosts = float(pool.cpu_cores) / host.embodied_vcpu * known(host.embodied_kgco2e) / years
    each = catalogue.accelerators[pool.accelerator].embodied_kgco2e.value if pool.accelerator else 0.0
    return Embodied(hosts, None if each is None else pool.accelerators_per_node * each / years, years)


def price(pool: PoolPlan, cloud: Cloud, catalogue: Catalogue) -> Price | None:
    """Per node and hour, at list prices; None where there is none. Spot prices change by the hour, so none is known."""
    instance = catalogue.instances.get(cloud.kind, {}).get(pool.instance or "")
    region = cloud.region if isinstance(cloud, PublicCloud) else None
    return instance.prices.get(region) if instance and region and not pool.spot else None


def pue(green: Green, cloud: Cloud, catalogue: Catalogue) -> Pue:
    """What was declared, else the operator's newest that was published."""
    if green.pue is not None:
        return Pue(green.pue, "green.pue")
    if not isinstance(cloud, PublicCloud):
        return Pue(None, "green.pue")
    operator = catalogue.operators[catalogue.services[cloud.kind].operator]
    published = [(period, figure) for period, figure in operator.pue.items() if figure.value is not None]
    if not published:
        return Pue(None, operator.name)
    period, figure = published[-1]
    return Pue(figure.value, operator.name, period, figure)


def intensity(green: Green, cloud: Cloud, catalogue: Catalogue) -> Intensity:
    """The newest year of the declared grid, else of the region's."""
    grid_id = green.grid
    if grid_id is None and isinstance(cloud, PublicCloud):
        grid_id = catalogue.services[cloud.kind].regions[cloud.region].grid
    if grid_id is None:
        return Intensity(None)
    grid = catalogue.grids[grid_id]
    published = [year for year, figure in grid.gco2e_per_kwh.items() if figure.value is not None]
    if not published:
        return Intensity(grid_id)
    year = max(published)
    figure = grid.gco2e_per_kwh[year]
    return Intensity(grid_id, figure.value, year, figure)


def known(figure: Figure) -> float:
    """A figure of the host, which the catalogue's schema cannot force to be known but its tests do."""
    if figure.value is None:
        raise ValueError(f"host.yaml has an unknown figure ({figure.source})")
    return figure.value
