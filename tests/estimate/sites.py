"""Random centres and catalogues in which any figure may be unknown, for properties that every estimate must have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from infra.catalogue import Catalogue, load
from infra.catalogue.entry import Figure
from infra.catalogue.places import Operator
from infra.catalogue.schema import Price
from infra.config.clouds import AlicloudCloud, LocalCloud
from infra.config.models import Green
from infra.plan import CenterPlan, PoolPlan

REGION = "cn-shanghai"
KNOWN = load()
ACCELERATORS = ("zhenwu-810e", "nvidia-h20", "nvidia-h100")


@dataclass(frozen=True)
class Site:
    """A plan and what is known about its machines and its place."""

    plan: CenterPlan
    catalogue: Catalogue


def figure(value: float | None) -> Figure:
    return Figure(value=value, source="a test", date=date(2026, 1, 1), confidence="assumed")


def price(value: float | None, currency: str) -> Price:
    return Price.model_validate({**figure(value).model_dump(), "currency": currency})


def pool(name: str = "pool", **changes: Any) -> PoolPlan:
    fields: dict[str, Any] = {
        "name": name,
        "instance": f"type-{name}",
        "nodes": 1,
        "zones": ("a",),
        "nodes_per_rack": 8,
        "cpu_cores": Fraction(64),
        "memory_bytes": Fraction(256 * 1024**3),
        "network_gbps": None,
        "accelerator": None,
        "accelerators_per_node": 0,
        "resource": None,
        "labels": {},
        "taints": (),
        "min_nodes": changes.get("nodes", 1),
        "max_nodes": changes.get("nodes", 1),
        "spot": False,
        "owner": "somebody",
    }
    return PoolPlan(**{**fields, **changes})


def site(base: CenterPlan, pools: tuple[PoolPlan, ...], *, public: bool = True, **known: Any) -> Site:
    """`known`: prices by pool, `watts`, `idle` and `embodied` by accelerator, `pue`, `grid`, `green`."""
    cloud = (
        AlicloudCloud.model_validate(
            {"kind": "alicloud", "region": REGION, "zones": ("a",), "owner": "o", "costCenter": "c"}
        )
        if public
        else LocalCloud(kind="local")
    )
    prices: dict[str, tuple[float | None, str]] = known.get("prices", {})
    sample = KNOWN.instances["local"]["sim.general"]
    instances = {
        f"type-{name}": sample.model_copy(update={"prices": {REGION: price(*found)}}) for name, found in prices.items()
    }
    accelerators = {
        name: KNOWN.accelerators[name].model_copy(
            update={
                "power_watts": figure(known.get("watts", {}).get(name)),
                "idle_watts": figure(known.get("idle", {}).get(name)),
                "embodied_kgco2e": figure(known.get("embodied", {}).get(name)),
            }
        )
        for name in ACCELERATORS
    }
    service = KNOWN.services["alicloud"]
    grid_id = service.regions[REGION].grid or ""
    grid = KNOWN.grids[grid_id].model_copy(update={"gco2e_per_kwh": {2025: figure(known.get("grid"))}})
    operator = Operator(name="somebody", pue={"2025": figure(known.get("pue"))})
    catalogue = replace(
        KNOWN,
        accelerators=accelerators,
        instances={"alicloud": instances},
        grids={grid_id: grid},
        operators={service.operator: operator},
    )
    plan = replace(base, cloud=cloud, pools=pools, green=known.get("green", Green()))
    return Site(plan, catalogue)


NUMBERS = st.floats(min_value=0.01, max_value=100_000)
MAYBE = st.none() | NUMBERS


@st.composite
def sites(draw: st.DrawFn, base: CenterPlan) -> Site:
    """One to five pools on a public or a local cloud; every figure is known or not."""
    pools = tuple(draw(_pools(f"pool{index}")) for index in range(draw(st.integers(1, 5))))
    watts = {name: draw(MAYBE) for name in ACCELERATORS}
    shares = {name: draw(st.none() | st.floats(0, 1)) for name in ACCELERATORS}
    priced = st.tuples(MAYBE, st.sampled_from(["CNY", "USD"]))
    return site(
        base,
        pools,
        public=draw(st.booleans()),
        prices={found.name: draw(priced) for found in pools if draw(st.booleans())},
        watts=watts,
        idle={name: found * (shares[name] or 0) if found and shares[name] else None for name, found in watts.items()},
        embodied={name: draw(MAYBE) for name in ACCELERATORS},
        pue=draw(st.none() | st.floats(1, 5)),
        grid=draw(st.none() | st.floats(0, 1_500)),
        green=Green(utilization=draw(st.floats(0, 1)), pue=draw(st.none() | st.floats(1, 5))),
    )


@st.composite
def _pools(draw: st.DrawFn, name: str) -> PoolPlan:
    nodes, accelerator = draw(st.integers(1, 2_000)), draw(st.none() | st.sampled_from(ACCELERATORS))
    scales = draw(st.booleans())
    return pool(
        name,
        nodes=nodes,
        min_nodes=draw(st.integers(0, nodes)) if scales else nodes,
        max_nodes=draw(st.integers(nodes, 4_000)) if scales else nodes,
        cpu_cores=draw(st.fractions(1, 512, max_denominator=1000)),
        memory_bytes=Fraction(draw(st.integers(1, 4_096)) * 1024**3),
        accelerator=accelerator,
        accelerators_per_node=draw(st.sampled_from([1, 2, 4, 8, 16])) if accelerator else 0,
        spot=draw(st.booleans()),
    )
