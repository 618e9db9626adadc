"""What machines a pool is made of, and how they are dealt to GKE node pools: pure, nothing is made here.

Each node pool is in one zone. GKE counts nodes per zone, places them together in one zone only, and reserves them by
zone; and a pool that grows by one node must not become different node pools.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from infra.plan import PoolPlan

GPU, TPU = "nvidia.com/gpu", "google.com/tpu"
TPU_TOPOLOGY = "cloud.google.com/gke-tpu-topology"
"""The label that GKE gives to TPU nodes; a pool that declares it, such as 4x4, is made of slices of that shape."""

GPU_TYPES = {
    "a2-highgpu": "nvidia-tesla-a100",
    "a2-megagpu": "nvidia-tesla-a100",
    "a2-ultragpu": "nvidia-a100-80gb",
    "a3-highgpu": "nvidia-h100-80gb",
    "a3-megagpu": "nvidia-h100-mega-80gb",
    "a3-ultragpu": "nvidia-h200-141gb",
    "a4-highgpu": "nvidia-b200",
    "a4x-highgpu": "nvidia-gb200",
    "g2-standard": "nvidia-l4",
}
"""By machine series, as Compute Engine names them: https://docs.cloud.google.com/compute/docs/gpus"""

_LOCAL_SSDS = {"a3-highgpu": 16, "a3-megagpu": 16, "a3-ultragpu": 32, "a4-highgpu": 32}
"""Disks that the machine comes with: GoogleCloudPlatform/cluster-toolkit modules/compute/gke-node-pool."""

_FAST_NETWORK = ("a3", "a4", "a4x", "ct6e", "tpu7x")
"""Families whose further network cards GKE attaches by itself; same source."""


@dataclass(frozen=True)
class Group:
    """One GKE node pool: a part of a pool, in one zone."""

    suffix: str
    zone: str
    nodes: int
    least: int
    most: int
    topology: str | None = None
    """Of the TPU slice that its nodes are together; None where each node is on its own."""


def groups(pool: PoolPlan) -> tuple[Group, ...]:
    """The pool's node pools: one for each slice where its nodes are slices, else one for each zone."""
    topology = pool.labels.get(TPU_TOPOLOGY) if pool.resource == TPU else None
    hosts = _hosts(topology, pool.accelerators_per_node) if topology else 1
    if hosts > 1:
        return _slices(pool, str(topology), hosts)
    shares = zip(
        pool.zones,
        _dealt(pool.nodes, len(pool.zones)),
        _dealt(pool.min_nodes, len(pool.zones)),
        _dealt(pool.max_nodes, len(pool.zones)),
        strict=True,
    )
    return tuple(Group(zone, zone, nodes, least, most) for zone, nodes, least, most in shares)


def _dealt(count: int, hands: int) -> list[int]:
    """As many as there are, in turn: 7 to 3 hands are 3, 2 and 2."""
    whole, rest = divmod(count, hands)
    return [whole + (hand < rest) for hand in range(hands)]


def _hosts(topology: str, chips_per_host: int) -> int:
    """Machines that a slice takes: 4x4 is 16 chips, on machines of 4 therefore 4."""
    return prod(int(side) for side in topology.split("x")) // chips_per_host


def _slices(pool: PoolPlan, topology: str, hosts: int) -> tuple[Group, ...]:
    """A slice is there as a whole or not at all, so the pool grows and shrinks by slices."""
    if pool.nodes % hosts or pool.min_nodes % hosts or pool.max_nodes % hosts:
        raise ValueError(f"pool {pool.name} must have a multiple of {hosts} nodes, the machines of a {topology} slice")
    return tuple(
        Group(
            suffix=f"slice-{index}",
            zone=pool.zones[index % len(pool.zones)],
            nodes=hosts if index < pool.nodes // hosts else 0,
            least=hosts if index < pool.min_nodes // hosts else 0,
            most=hosts,
            topology=topology,
        )
        for index in range(pool.max_nodes // hosts)
    )


def gpu_type(pool: PoolPlan) -> str | None:
    """The accelerator type of its machines, where those have GPUs."""
    return GPU_TYPES[series(str(pool.instance))] if pool.resource == GPU else None


def local_ssds(pool: PoolPlan) -> int | None:
    """How many disks each of its machines comes with, where that must be said."""
    return _LOCAL_SSDS.get(series(str(pool.instance)))


def has_fast_network(pool: PoolPlan) -> bool:
    """Whether its machines have network cards for their accelerators."""
    return str(pool.instance).partition("-")[0] in _FAST_NETWORK


def series(instance: str) -> str:
    """What comes before a machine's size: a3-highgpu of a3-highgpu-8g."""
    return instance.rpartition("-")[0]
