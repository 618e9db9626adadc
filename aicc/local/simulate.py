"""The simulated nodes of a plan: exactly its pools' capacity, labels, taints, zones and racks.

A pool that is this machine has a real node where there can be one, and a simulated stand-in elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from aicc.local.nodes import SimulatedNode
from infra import names, quantity
from infra.plan import CenterPlan, PoolPlan

PODS_PER_NODE = "110"
"""The kubelet's default."""


def nodes_of(plan: CenterPlan, *, stand_in: bool) -> list[SimulatedNode]:
    """Every node of every pool; those of a pool that is this machine only with `stand_in`."""
    pools = (pool for pool in plan.pools if stand_in or not pool.real)
    return [node for pool in pools for node in _nodes(pool, plan.name)]


def name_of(pool: PoolPlan, index: int) -> str:
    """The name of a pool's node."""
    return f"{pool.name}-{index:04d}"


def labels_of(pool: PoolPlan, center: str, index: int) -> dict[str, str]:
    """The labels of a pool's node: what the pool says, and where the node is."""
    place, zone = divmod(index, len(pool.zones))
    return {
        "node.kubernetes.io/instance-type": pool.instance or pool.name,
        "topology.kubernetes.io/zone": pool.zones[zone],
        names.CENTER: center,
        names.POOL: pool.name,
        names.RACK: f"{pool.name}-z{zone}-r{place // pool.nodes_per_rack:03d}",
        **pool.labels,
    }


def _nodes(pool: PoolPlan, center: str) -> Iterator[SimulatedNode]:
    capacity = {
        "cpu": quantity.cores(pool.cpu_cores),
        "memory": quantity.mebibytes(pool.memory_bytes),
        "pods": PODS_PER_NODE,
    }
    if pool.resource:
        capacity[pool.resource] = str(pool.accelerators_per_node)
    taints = tuple({"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in pool.taints)
    for index in range(pool.nodes):
        name = name_of(pool, index)
        machine = {"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        labels = {**machine, **labels_of(pool, center, index)}
        yield SimulatedNode(name=name, labels=labels, taints=taints, capacity=capacity)
