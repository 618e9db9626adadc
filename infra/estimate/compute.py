"""`estimate(plan, catalogue)`: list prices, catalogue watts, the operator's PUE and the grid's intensity, multiplied.

It knows machines only: what the control plane, the network, storage and traffic cost and draw is not covered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.catalogue import Accelerator, Catalogue
from infra.catalogue.entry import Figure
from infra.catalogue.schema import Price
from infra.config.clouds import PublicCloud
from infra.estimate.model import HOURS_PER_MONTH, HOURS_PER_YEAR, Amount, Cost, Estimate, Footprint, Line, PoolEstimate
from infra.plan import CenterPlan, PoolPlan, figures

NOT_COVERED = ("control plane", "network and traffic", "storage", "the clouds' own overhead of virtual machines")


@dataclass(frozen=True)
class _Site:
    """Where the machines stand."""

    region: str | None
    pue: float
    pue_unknown: tuple[str, ...]
    gco2e_per_kwh: float | None
    grid_unknown: tuple[str, ...]
    utilization: float


def estimate(plan: CenterPlan, catalogue: Catalogue) -> Estimate:
    """Every pool's footprint, with the arithmetic."""
    site, presumed = _site(plan, catalogue)
    pools = tuple(_pool(pool, plan, catalogue, site) for pool in plan.pools)
    return Estimate(pools, presumed, NOT_COVERED)


def _site(plan: CenterPlan, catalogue: Catalogue) -> tuple[_Site, tuple[Line, ...]]:
    pue, pue_line = _pue(plan, catalogue)
    grid, grid_line = _grid(plan, catalogue)
    used = plan.green.utilization
    site = _Site(
        region=plan.cloud.region if isinstance(plan.cloud, PublicCloud) else None,
        pue=1.0 if pue is None else pue,
        pue_unknown=() if pue is not None else ("PUE: watts are the machines' alone",),
        gco2e_per_kwh=grid,
        grid_unknown=() if grid is not None else ("carbon intensity of the grid",),
        utilization=used,
    )
    declared = "utilization" in plan.green.model_fields_set
    return site, (
        Line("utilisation", "green.utilization", used, "", "declared" if declared else "assumed: the default"),
        pue_line,
        grid_line,
    )


def _pue(plan: CenterPlan, catalogue: Catalogue) -> tuple[float | None, Line]:
    found = figures.pue(plan.green, plan.cloud, catalogue)
    if found.figure is not None:
        source = f"{found.source}, {found.period}"
        return found.value, Line("PUE", source, found.value, "", _method(found.figure))
    if found.value is not None:
        method = "declared"
    elif isinstance(plan.cloud, PublicCloud):
        method = "unknown: the operator published none"
    else:
        method = "unknown: not declared, and no operator is known"
    return found.value, Line("PUE", found.source, found.value, "", method)


def _grid(plan: CenterPlan, catalogue: Catalogue) -> tuple[float | None, Line]:
    found = figures.intensity(plan.green, plan.cloud, catalogue)
    if found.grid is None:
        return None, Line("grid", "green.grid", None, "gCO2e/kWh", "unknown: neither declared nor the region's known")
    name = catalogue.grids[found.grid].name
    if found.figure is None:
        return None, Line("grid", name, None, "gCO2e/kWh", "unknown: no year of it was published")
    value = found.gco2e_per_kwh
    return value, Line("grid", f"{name}, {found.year}", value, "gCO2e/kWh", _method(found.figure))


def _pool(pool: PoolPlan, plan: CenterPlan, catalogue: Catalogue, site: _Site) -> PoolEstimate:
    accelerator = catalogue.accelerators[pool.accelerator] if pool.accelerator else None
    cost, cost_lines = _cost(pool, plan, catalogue, site)
    watts, watts_lines = _watts(pool, accelerator, catalogue, site)
    kwh, operational, energy_lines = _energy(watts[1], site)
    embodied, embodied_lines = _embodied(pool, accelerator, catalogue)
    footprint = Footprint(
        cost=cost.times(pool.nodes),
        max_cost=cost.times(pool.max_nodes),
        idle_watts=watts[0],
        typical_watts=watts[1],
        peak_watts=watts[2],
        annual_kwh=kwh,
        operational_kgco2e=operational,
        embodied_kgco2e=embodied,
    )
    return PoolEstimate(pool.name, pool.nodes, footprint, (*cost_lines, *watts_lines, *energy_lines, *embodied_lines))


def _watts(
    pool: PoolPlan, accelerator: Accelerator | None, catalogue: Catalogue, site: _Site
) -> tuple[tuple[Amount, Amount, Amount], tuple[Line, ...]]:
    """Idle, typical and peak, at the meter."""
    states = (("idle", 0.0), ("typical", site.utilization), ("peak", 1.0))
    idle, typical, peak = (_watts_at(state, pool, accelerator, catalogue, site) for state in states)
    return (idle[0], typical[0], peak[0]), (*idle[1], *typical[1], *peak[1])


def _watts_at(
    state: tuple[str, float], pool: PoolPlan, accelerator: Accelerator | None, catalogue: Catalogue, site: _Site
) -> tuple[Amount, tuple[Line, ...]]:
    name, load = state
    host, host_line = _host_watts(pool, catalogue, name, load)
    chips, chip_line = _accelerator_watts(pool, accelerator, name, load)
    machines = (host + chips).times(site.pue)
    at_meter = Amount(machines.value, (*machines.unknown, *site.pue_unknown))
    drawn = "?" if chips.known is None else f"{chips.value:,.0f}"
    sums = f"({host.value:,.0f} + {drawn}) × {site.pue:g}"
    method = "sum × PUE" + _lower_bound(at_meter.unknown)
    return at_meter, (host_line, chip_line, Line(f"at the meter, {name}", sums, at_meter.value, "W", method))


def _energy(typical_watts: Amount, site: _Site) -> tuple[Amount, Amount, tuple[Line, Line]]:
    """Per year: kWh and kgCO2e."""
    kwh = typical_watts.times(HOURS_PER_YEAR / 1000)
    operational = Amount(kwh.value * (site.gco2e_per_kwh or 0) / 1000, (*kwh.unknown, *site.grid_unknown))
    hours = f"{typical_watts.value:,.0f} W × {HOURS_PER_YEAR:,} h"
    energy_line = Line("energy", hours, kwh.value, "kWh/a", "typical watts" + _lower_bound(kwh.unknown))
    if site.gco2e_per_kwh is None:
        grams, known, method = "?", None, f"unknown: {', '.join(site.grid_unknown)}"
    else:
        grams, known = f"{site.gco2e_per_kwh:g} g", operational.value
        method = "energy × grid" + _lower_bound(operational.unknown)
    carbon_line = Line("operational carbon", f"{kwh.value:,.0f} kWh × {grams}", known, "kgCO2e/a", method)
    return kwh, operational, (energy_line, carbon_line)


def _cost(pool: PoolPlan, plan: CenterPlan, catalogue: Catalogue, site: _Site) -> tuple[Cost, tuple[Line, ...]]:
    """Per node and hour."""
    price = figures.price(pool, plan.cloud, catalogue)
    if pool.spot:
        missing = f"spot price of {pool.instance}, which changes by the hour"
    elif price is None or price.value is None:
        missing = f"price of {pool.instance or pool.name}" + (f" in {site.region}" if site.region else "")
    else:
        return Cost({price.currency: price.value}), tuple(_cost_lines(pool, price.value, price))
    return Cost(unknown=(missing,)), (Line("list price", f"{pool.nodes:,} × ?", None, "/h", f"unknown: {missing}"),)


def _cost_lines(pool: PoolPlan, each: float, price: Price) -> Iterable[Line]:
    hourly, currency = each * pool.nodes, price.currency
    yield Line("list price", f"{pool.nodes:,} × {each:,.10g}", hourly, f"{currency}/h", _method(price))
    month = f"× {HOURS_PER_MONTH} h"
    yield Line("per month", f"{hourly:,.10g} {month}", hourly * HOURS_PER_MONTH, f"{currency}/month", "list price")
    if pool.scales:
        most = each * pool.max_nodes * HOURS_PER_MONTH
        arithmetic = f"{pool.max_nodes:,} × {each:,.10g} {month}"
        yield Line("per month at most", arithmetic, most, f"{currency}/month", "as far as the pool scales")


def _host_watts(pool: PoolPlan, catalogue: Catalogue, state: str, load: float) -> tuple[Amount, Line]:
    host = figures.host_watts(pool, catalogue)
    watts = pool.nodes * host.at(load)
    idle, span = host.idle_watts_per_vcpu, host.peak_watts_per_vcpu - host.idle_watts_per_vcpu
    per_vcpu = f"{host.vcpu:g} vCPU × ({idle:g} + {load:g} × {span:g})"
    arithmetic = f"{pool.nodes:,} × ({per_vcpu} + {host.gib:g} GiB × {host.watts_per_gib:g})"
    return Amount(watts), Line(f"hosts, {state}", arithmetic, watts, "W", _method(host.figure))


def _accelerator_watts(pool: PoolPlan, accelerator: Accelerator | None, state: str, load: float) -> tuple[Amount, Line]:
    if accelerator is None:
        return Amount(), Line(f"accelerators, {state}", "none", 0.0, "W", "the pool has none")
    piece = figures.accelerator_watts(accelerator, pool.power_cap_watts)
    if piece is None:
        missing = f"power of {accelerator.name}"
        return Amount(0.0, (missing,)), Line(
            f"accelerators, {state}", f"{pool.accelerators:,} × ?", None, "W", f"unknown: {missing}"
        )
    method = _method(piece.figure)
    if pool.power_cap_watts is not None:
        method = f"capped at {pool.power_cap_watts} W, declared; {method}"
    if piece.idle_is_assumed:
        method += f"; idle assumed {figures.ASSUMED_IDLE_SHARE:.0%} of it"
    watts = pool.accelerators * piece.at(load)
    arithmetic = f"{pool.accelerators:,} × ({piece.idle:g} + {load:g} × {piece.peak - piece.idle:g})"
    return Amount(watts), Line(f"accelerators, {state}", arithmetic, watts, "W", method)


def _embodied(pool: PoolPlan, accelerator: Accelerator | None, catalogue: Catalogue) -> tuple[Amount, tuple[Line, ...]]:
    """Per year: hosts by their share of the catalogue's server, and accelerators by the piece."""
    node, host = figures.embodied(pool, catalogue), catalogue.host
    hosts = pool.nodes * node.host_kgco2e
    whole, years = figures.known(host.embodied_kgco2e), f"{node.years:g} a"
    arithmetic = f"{pool.nodes:,} × {float(pool.cpu_cores):g} / {host.embodied_vcpu} × {whole:,g} / {years}"
    lines = [Line("embodied, hosts", arithmetic, hosts, "kgCO2e/a", _method(host.embodied_kgco2e))]
    if accelerator is None:
        return Amount(hosts), tuple(lines)
    each = accelerator.embodied_kgco2e
    if node.accelerators_kgco2e is None:
        missing = f"embodied carbon of {accelerator.name}"
        arithmetic = f"{pool.accelerators:,} × ?"
        lines.append(Line("embodied, accelerators", arithmetic, None, "kgCO2e/a", f"unknown: {missing}"))
        return Amount(hosts, (missing,)), tuple(lines)
    chips = pool.nodes * node.accelerators_kgco2e
    arithmetic = f"{pool.accelerators:,} × {each.value:g} / {years}"
    lines.append(Line("embodied, accelerators", arithmetic, chips, "kgCO2e/a", _method(each)))
    return Amount(hosts + chips), tuple(lines)


def _method(figure: Figure) -> str:
    disagreeing = "".join(f"; {other.value:g} by {other.source}" for other in figure.others)
    return f"{figure.confidence}, {figure.date}: {figure.source}{disagreeing}"


def _lower_bound(unknown: tuple[str, ...]) -> str:
    return f"; a lower bound, unknown: {', '.join(unknown)}" if unknown else ""
