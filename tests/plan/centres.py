"""Random valid centres, for properties that every plan must have."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from infra.catalogue import Instance, load
from infra.config import Center
from infra.config.load import parse

CATALOGUE = load()
IMAGE = "registry.example.com/engine:1.2"
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
        if any("accelerators" not in pool.get("node", {}) and not _has_accelerators(pool) for pool in pools):
            models += [{**model, "tenant": tenant} for model in draw(st.lists(CPU_MODELS, max_size=1))]
    named = [{"name": f"m{index}", **model} for index, model in enumerate(models)]
    return parse({"name": "c", "cloud": {"kind": "local"}, "pools": pools, "tenants": tenants, "models": named})


OWN = {
    "alicloud": {},
    "aws": {"admins": ["arn:aws:iam::111122223333:role/center-admins"]},
    "azure": {
        "tenantId": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "admins": ["11111111-2222-3333-4444-555555555555"],
    },
    "gcp": {"project": "example-center"},
}
"""What only one public cloud asks for."""
LEAST_ZONES = {"alicloud": 2, "aws": 2}
"""More than one."""
NETWORK = {"podCidr": "10.64.0.0/16", "serviceCidr": "10.96.0.0/16", "nodeCidr": "10.32.0.0/16"}
"""Small enough for every service."""


@st.composite
def public_centers(draw: st.DrawFn) -> Center:
    """A centre on a public cloud: any region, some of its zones, pools of instances that the catalogue has there."""
    kind = draw(st.sampled_from(sorted(OWN)))
    service = CATALOGUE.services[kind]
    region = draw(st.sampled_from(sorted(name for name, found in service.regions.items() if found.zones)))
    zones = draw(st.permutations(service.regions[region].zones or ()))[: draw(st.integers(LEAST_ZONES.get(kind, 1), 3))]
    pools = [
        {"name": f"pool{index}", **pool}
        for index, pool in enumerate(draw(st.lists(_public_pools(kind, region, tuple(zones)), min_size=1, max_size=4)))
    ]
    group = {"clusterId": "i-1", "groupId": "ng-1"}
    lingjun = {pool["name"]: group for pool in pools if pool["instance"].startswith("lingjun.")}
    cloud = {"kind": kind, "region": region, "zones": list(zones), "owner": "platform", "costCenter": "cc-1"}
    tenant = {"name": "research", "kind": "research", "group": "example:research"}
    return parse(
        {
            "name": "centre",
            "cloud": cloud | OWN[kind] | ({"lingjun": lingjun} if lingjun else {}),
            "network": NETWORK,
            "pools": pools,
            "tenants": draw(st.sampled_from([[], [tenant]])),
        }
    )


@st.composite
def _public_pools(draw: st.DrawFn, kind: str, region: str, zones: tuple[str, ...]) -> Declared:
    """A pool of an instance in zones that are not known to be without it; its nodes, maybe scaling around them."""
    fitting = {
        name: within
        for name, instance in CATALOGUE.instances[kind].items()
        if (within := [zone for zone in zones if zone in _offered(instance, region, zones)])
    }
    name = draw(st.sampled_from(sorted(fitting)))
    nodes = draw(st.integers(3, 40))
    bounds = st.fixed_dictionaries({"min": st.integers(0, nodes), "max": st.integers(nodes, 60)})
    # Lingjun machines are bought, and their pools do not scale.
    scale = None if name.startswith("lingjun.") else draw(st.none() | bounds)
    return {"instance": name, "nodes": nodes, "zones": fitting[name]} | ({"scale": scale} if scale else {})


def _offered(instance: Instance, region: str, zones: tuple[str, ...]) -> tuple[str, ...]:
    """Where the instance may be had; any of the zones where nothing is known."""
    if instance.zones is None:
        return zones
    return instance.zones.get(region, ()) or (zones if region in instance.zones else ())


def _has_accelerators(pool: Declared) -> bool:
    return bool("instance" in pool and CATALOGUE.instances["local"][pool["instance"]].accelerator)


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
    # Where the catalogue has no image of any engine, a user names their own.
    engine = {"engine": draw(st.sampled_from(sorted(known.serving)))} if known.serving else {"image": IMAGE}
    splits = engine.get("engine") == "sglang" and known.vendor != "huawei" and most > 1 and draw(st.booleans())
    prefill = draw(st.integers(1, most - 1)) if splits else 0
    return [
        {
            "source": "Qwen/Qwen3-8B",
            **engine,
            "accelerator": accelerator,
            "parallel": {"tensor": tensor, "pipeline": count // tensor},
            **(
                {"disaggregation": {"prefill": prefill, "decode": most - prefill}}
                if splits
                else {"replicas": {"min": 1, "max": most}}
            ),
        }
    ]


CPU_MODELS = st.fixed_dictionaries(
    {
        "source": st.just("a/b"),
        "engine": st.just("llama-cpp"),
        "image": st.just(IMAGE),
        "resources": st.just({"cpu": "500m", "memory": "512Mi"}),
    },
    optional={"replicas": st.just({"min": 1, "max": 2})},
)
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
INSTANCES = st.sampled_from(sorted(name for name, found in CATALOGUE.instances["local"].items() if not found.real))
POOLS = st.fixed_dictionaries({"nodes": st.integers(1, 40), "instance": INSTANCES}) | st.fixed_dictionaries(
    {"nodes": st.integers(1, 40), "node": SHAPES}
)
