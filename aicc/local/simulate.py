"""The simulated nodes of a plan: exactly its pools' capacity, labels, taints, zones and racks."""

from __future__ import annotations

from collections.abc import Iterator

from aicc.local.nodes import SimulatedNode
from infra import names, quantity
from infra.plan import CenterPlan, PoolPlan

PODS_PER_NODE = "110"
"""The kubelet's default."""


def nodes_of(plan: CenterPlan) -> list[SimulatedNode]:
    """Every node of every pool."""
    return [node for pool in plan.pools for node in _nodes(pool, plan.name)]


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
        name = f"{pool.name}-{index:04d}"
        place, zone = divmod(index, len(pool.zones))
        labels = {
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": pool.instance or pool.name,
            "topology.kubernetes.io/zone": pool.zones[zone],
            names.CENTER: center,
            names.POOL: pool.name,
            names.RACK: f"{pool.name}-z{zone}-r{place // pool.nodes_per_rack:03d}",
        }
        yield SimulatedNode(name=name, labels={**labels, **pool.labels}, taints=taints, capacity=capacity)
