"""Random valid centres, for properties that every plan must have."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from infra.catalogue import load
from infra.config import Center
from infra.config.load import parse

CATALOGUE = load()
Declared = dict[str, Any]


@st.composite
def centers(draw: st.DrawFn) -> Center:
    """A local centre that passes every check, as a user could have written it."""
    pools = [{"name": f"pool{index}", **draw(POOLS)} for index in range(draw(st.integers(1, 4)))]
    hosts = _hosts(pools)
    left = {accelerator: sum(count * nodes for count, nodes in found) for accelerator, found in hosts.items()}
    tenants, models = [], []
    for index in range(draw(st.integers(0, 3))):
        tenant = f"t{index}"
        quota = {accelerator: draw(st.integers(0, count)) for accelerator, count in left.items()}
        left = {accelerator: count - quota[accelerator] for accelerator, count in left.items()}
        tenants.append(
            {
                "name": tenant,
                "kind": draw(st.sampled_from(["research", "enterprise", "cloud-service"])),
                "group": "example:group",
                "quota": {"accelerators": quota, "pods": 50_000},
            }
        )
        for accelerator, count in quota.items():
            per_node = max(found for found, _ in hosts[accelerator])
            models += [{**model, "tenant": tenant} for model in draw(_models(accelerator, per_node, count))]
    named = [{"name": f"m{index}", **model} for index, model in enumerate(models)]
    return parse({"name": "c", "cloud": {"kind": "local"}, "pools": pools, "tenants": tenants, "models": named})


def _hosts(pools: list[Declared]) -> dict[str, list[tuple[int, int]]]:
    """Accelerators per node, and nodes, of each pool that has any."""
    hosts: dict[str, list[tuple[int, int]]] = {}
    for pool in pools:
        if "instance" in pool:
            instance = CATALOGUE.instances["local"][pool["instance"]]
            accelerator, count = instance.accelerator, instance.accelerators
        else:
            accelerator, count = pool["node"].get("accelerator"), pool["node"].get("accelerators", 0)
        if accelerator:
            hosts.setdefault(accelerator, []).append((count, pool["nodes"]))
    return hosts


@st.composite
def _models(draw: st.DrawFn, accelerator: str, per_node: int, quota: int) -> list[Declared]:
    """One model within the quota, or none."""
    known = CATALOGUE.accelerators[accelerator]
    counts = [count for count in known.kubernetes.counts_per_pod if count <= min(per_node, quota)]
    if not counts:
        return []
    count = draw(st.sampled_from(counts))
    tensor = draw(st.sampled_from([part for part in range(1, count + 1) if count % part == 0]))
    most = draw(st.integers(1, quota // count))
    return [
        {
            "source": "Qwen/Qwen3-8B",
            "engine": draw(st.sampled_from(sorted(known.serving))),
            "accelerator": accelerator,
            "parallel": {"tensor": tensor, "pipeline": count // tensor},
            "replicas": {"min": 1, "max": most},
        }
    ]


CPUS = st.integers(1, 512).map(str) | st.integers(1_000, 512_000).map("{}m".format)
MEMORIES = st.integers(1, 4096).map("{}Gi".format)
SHAPES = st.fixed_dictionaries({"cpu": CPUS, "memory": MEMORIES}) | st.fixed_dictionaries(
    {
        "cpu": CPUS,
        "memory": MEMORIES,
        "accelerator": st.sampled_from(sorted(CATALOGUE.accelerators)),
        "accelerators": st.integers(1, 16),
    }
)
INSTANCES = st.sampled_from(sorted(CATALOGUE.instances["local"]))
POOLS = st.fixed_dictionaries({"nodes": st.integers(1, 40), "instance": INSTANCES}) | st.fixed_dictionaries(
    {"nodes": st.integers(1, 40), "node": SHAPES}
)
