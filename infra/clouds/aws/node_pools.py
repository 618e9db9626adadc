"""The nodes: a managed node group for each pool, one for each of its zones where EFA binds it to one, and the system's.

A pool that scales keeps its bounds here; the cluster autoscaler moves the size between them (`autoscaling`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import pulumi
from pulumi_aws import ec2, eks

from infra import names
from infra.clouds.aws import launch_templates
from infra.clouds.aws.cluster import ClusterParts
from infra.clouds.aws.keys import KeyRing
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.roles import service_role
from infra.clouds.aws.scope import Scope
from infra.clouds.public import pool_tags
from infra.plan import PoolPlan

SYSTEM_INSTANCE = "m7i.xlarge"
"""For what the cluster itself runs: DNS, drivers' controllers, operators. Tenants' pools may be empty or tainted."""
SYSTEM_NODES = 3
RESERVED_LABELS = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
"""Domains of labels that the kubelet or EKS set themselves and refuse from others.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction"""
_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}
_IMAGES = {"nvidia.com/gpu": "AL2023_x86_64_NVIDIA", "aws.amazon.com/neuron": "AL2023_x86_64_NEURON"}
"""EKS' machine images with an accelerator's driver, by resource; without the device plugin."""
_PLAIN_IMAGE = "AL2023_x86_64_STANDARD"
_NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""Not the CNI's: the add-on has a role of its own."""
_MAX_UNAVAILABLE_PERCENT = 10


@dataclass(frozen=True)
class PoolsOut:
    """The nodes, for what runs on them."""

    system: eks.NodeGroup
    scaling: tuple[eks.NodeGroup, ...]
    """Those whose size somebody else sets."""


@dataclass(frozen=True)
class _Group:
    """A node group: a pool, or what of it is in one zone."""

    role: str
    pool: PoolPlan


def build(
    scope: Scope, network: NetworkOut, keys: KeyRing, parts: ClusterParts, ready: tuple[pulumi.Resource, ...]
) -> PoolsOut:
    """Register the node groups; nodes need `ready` to work."""
    machines = launch_templates.Machines(scope, parts.security_group, keys.disks, _efa(scope, network))
    role = service_role(scope, "node", "ec2.amazonaws.com", managed=_NODE_POLICIES)

    def register(group: _Group) -> eks.NodeGroup:
        return eks.NodeGroup(
            f"pool-{group.role}",
            cluster_name=parts.cluster.name,
            node_group_name=group.role,
            node_role_arn=role.arn,
            subnet_ids=[network.subnets[zone].id for zone in group.pool.zones],
            launch_template=_template(machines, group),
            **_settings(scope, group.pool),
            tags=pool_tags(scope.plan, group.pool),
            opts=scope.options(*role.ready, *ready, ignore=("scalingConfig.desiredSize",) if group.pool.scales else ()),
        )

    made = [(group, register(group)) for pool in scope.plan.pools for group in _groups(pool)]
    return PoolsOut(
        system=register(_Group("system", _system_pool(scope))),
        scaling=tuple(node_group for group, node_group in made if group.pool.scales),
    )


def labels(pool: PoolPlan) -> dict[str, str]:
    """The plan's, with the pool's name, without those that a node has anyway."""
    own = {key: value for key, value in pool.labels.items() if not _is_reserved(key)}
    return {**own, names.POOL: pool.name}


def _is_reserved(key: str) -> bool:
    domain = key.rpartition("/")[0]
    return any(domain == reserved or domain.endswith(f".{reserved}") for reserved in RESERVED_LABELS)


def _groups(pool: PoolPlan) -> Iterator[_Group]:
    """The pool as it is, or cut by zones: machines that EFA ties together are in one."""
    if not launch_templates.has_efa(pool):
        yield _Group(pool.name, pool)
        return
    for index, zone in enumerate(pool.zones):
        yield _Group(
            f"{pool.name}-{zone}",
            replace(
                pool,
                zones=(zone,),
                nodes=_share(pool.nodes, index, len(pool.zones)),
                min_nodes=_share(pool.min_nodes, index, len(pool.zones)),
                max_nodes=_share(pool.max_nodes, index, len(pool.zones)),
            ),
        )


def _share(nodes: int, index: int, zones: int) -> int:
    """Of the zone at `index`, when nodes are dealt to zones in turn."""
    return (nodes - index + zones - 1) // zones


def _efa(scope: Scope, network: NetworkOut) -> ec2.SecurityGroup | None:
    return launch_templates.efa_group(scope, network) if any(map(launch_templates.has_efa, scope.plan.pools)) else None


def _template(machines: launch_templates.Machines, group: _Group) -> eks.NodeGroupLaunchTemplateArgs:
    template = launch_templates.template(machines, group.pool, group.role)
    return eks.NodeGroupLaunchTemplateArgs(id=template.id, version=pulumi.Output.format("{}", template.latest_version))


def _settings(scope: Scope, pool: PoolPlan) -> dict[str, Any]:
    """What the pool says about its nodes."""
    return {
        "ami_type": _IMAGES.get(pool.resource or "", _PLAIN_IMAGE),
        "capacity_type": _capacity_type(scope, pool),
        "scaling_config": eks.NodeGroupScalingConfigArgs(
            desired_size=pool.nodes, min_size=pool.min_nodes, max_size=pool.max_nodes
        ),
        "labels": labels(pool),
        "taints": [
            eks.NodeGroupTaintArgs(key=taint.key, value=taint.value, effect=_EFFECTS[taint.effect])
            for taint in pool.taints
        ],
        # Machines that are hard to come by go before their successors start: there may be no others.
        "update_config": eks.NodeGroupUpdateConfigArgs(
            max_unavailable_percentage=_MAX_UNAVAILABLE_PERCENT,
            update_strategy="MINIMAL" if pool.accelerator else "DEFAULT",
        ),
        "node_repair_config": eks.NodeGroupNodeRepairConfigArgs(enabled=True),
    }


def _capacity_type(scope: Scope, pool: PoolPlan) -> str:
    if launch_templates.is_capacity_block(scope.cloud.reservations.get(pool.name)):
        return "CAPACITY_BLOCK"
    return "SPOT" if pool.spot else "ON_DEMAND"


def _system_pool(scope: Scope) -> PoolPlan:
    """The cluster's own nodes, which no plan declares."""
    return PoolPlan(
        name="system",
        instance=SYSTEM_INSTANCE,
        nodes=SYSTEM_NODES,
        zones=scope.cloud.zones,
        nodes_per_rack=SYSTEM_NODES,
        cpu_cores=Fraction(4),
        memory_bytes=Fraction(16 * 1024**3),
        network_gbps=None,
        accelerator=None,
        accelerators_per_node=0,
        resource=None,
        labels={names.ROLE: "system"},
        taints=(),
        min_nodes=SYSTEM_NODES,
        max_nodes=SYSTEM_NODES,
        spot=False,
        owner=scope.cloud.owner,
    )
