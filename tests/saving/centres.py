"""Small centres to simulate: one pool of H20 nodes, and who works on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aicc.saving import power
from aicc.saving.serving import Serving
from aicc.saving.simulate import Outcome, Scenario, Work, simulate
from aicc.saving.traffic import Traffic
from aicc.saving.week import STEPS
from infra.catalogue import load
from infra.config.load import parse
from infra.plan import CenterPlan, resolve

CATALOGUE = load()
H20_PER_NODE = 8
NOBODY = Work((), {}, {"apps": 1, "lab": 0})


def model(name: str = "chat", **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "tenant": "apps",
        "source": "Qwen/Qwen3-8B",
        "engine": "sglang",
        "accelerator": "nvidia-h20",
        "replicas": {"min": 0, "max": 2},
        **changes,
    }


def plan(nodes: int = 1, models: Sequence[dict[str, Any]] = (), lab: int = 0, **changes: Any) -> CenterPlan:
    """`lab`: accelerators of the research tenant, whose they are to run jobs on; the rest is the enterprise's."""
    every = nodes * H20_PER_NODE
    pool = {"name": "h20", "instance": "sim.nvidia-h20.8x", "nodes": nodes, **changes.pop("pool", {})}
    tenants = [
        {"name": "apps", "kind": "enterprise", "group": "g", "quota": {"accelerators": {"nvidia-h20": every - lab}}},
        {"name": "lab", "kind": "research", "group": "g", "quota": {"accelerators": {"nvidia-h20": lab}}},
    ]
    return resolve(
        parse(
            {
                "name": "c",
                "cloud": {"kind": "local", "operators": ["keda"]},
                "green": {"grid": "china-shanghai", "pue": 1.5},
                "pools": [pool],
                "tenants": tenants,
                "models": list(models),
                **changes,
            }
        ),
        CATALOGUE,
    )


def serving(centre: CenterPlan, name: str = "chat", **changes: Any) -> Serving:
    """A model that stops after ten minutes, unless said otherwise."""
    fields: dict[str, Any] = {
        "model": next(found for found in centre.models if found.name == name),
        "least": (changes.pop("replicas", 0),) * STEPS,
        "idle_seconds": 600,
        "queue_depth": 64,
        "request_seconds": 10.0,
        "cold_start_seconds": 100.0,
        "hold_seconds": 3_600.0,
    }
    return Serving(**{**fields, **changes})


def asked(requests: dict[int, int], name: str = "chat") -> Traffic:
    """Requests by minute."""
    return Traffic({name: [requests.get(step, 0) for step in range(STEPS)]}, seed=1)


def week(
    centre: CenterPlan,
    servings: Sequence[Serving],
    traffic: Traffic,
    work: Work = NOBODY,
    **scenario: Any,
) -> Outcome:
    """A week with the pools as they are, spread and without caps, unless said otherwise."""
    fields: dict[str, Any] = {
        "pools": centre.pools,
        "serving": servings,
        "packed": False,
        "powers": power.of(centre, CATALOGUE, {}, power.Slowdown.MEASURED),
    }
    return simulate(Scenario(**{**fields, **scenario}), traffic, work)
