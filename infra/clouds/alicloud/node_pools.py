"""Nodes: a small pool for the cluster's own services, a pool for each of the plan's, and the autoscaler.

A Lingjun pool is only the place that machines join. Its node group belongs to a Lingjun cluster in the centre's VPC,
and its machines are added to the pool once that exists, in ACK's console: neither that nor buying them is in the
provider. Terway gives each of their pods a network interface of its own, past the node, so that network policies do
not hold there: docs/adr/2026-11-24-alicloud.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_alicloud import cs

from infra import names
from infra.clouds.alicloud.cluster import ClusterParts
from infra.clouds.alicloud.keys import KeyRing
from infra.clouds.alicloud.network import NetworkOut
from infra.clouds.alicloud.scope import Scope
from infra.clouds.public import pool_tags
from infra.plan import PoolPlan

SYSTEM_INSTANCES = ("ecs.g8i.xlarge", "ecs.g7.xlarge", "ecs.g6.xlarge")
"""4 vCPU and 16 GiB, enough for the add-ons; ACK takes the first that a zone has."""

SERVICE_LABELS = ("aliyun.accelerator/", "alibabacloud.com/", "service.alibabacloud.com/", "k8s.aliyun.com/")
"""Prefixes of labels that ACK sets on nodes itself, from what it finds there.

https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/use-ppu-in-lingjun-node-pool
https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/create-and-manage-lingjun-node-pools
"""
SERVICE_TAINTS = ("node-role.alibabacloud.com/lingjun",)
"""Taints that every Lingjun pool has by ACK's doing; a second one of the same key and effect is no valid node."""

_LEAST_SYSTEM_NODES = 3
"""What ACK asks for beside Lingjun nodes, whose taint keeps its components away."""

_SYSTEM_DISK_GIB, _ACCELERATOR_DISK_GIB = 120, 500
"""Images of inference engines are tens of GiB."""


@dataclass(frozen=True)
class Pools:
    """The pools, for what runs on them."""

    system: cs.NodePool
    exports: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def build(scope: Scope, network: NetworkOut, keys: KeyRing, cluster: ClusterParts) -> Pools:
    """Register the pools."""
    system = _system(scope, network, keys, cluster)
    pools = {
        pool.name: _lingjun(scope, cluster, pool)
        if pool.name in scope.cloud.lingjun
        else _machines(scope, network, keys, cluster, pool)
        for pool in scope.plan.pools
    }
    if any(pool.scales for pool in scope.plan.pools if pool.name not in scope.cloud.lingjun):
        _autoscaler(scope, cluster, system)
    return Pools(system, {f"lingjunPool-{name}": pools[name].node_pool_id for name in scope.cloud.lingjun})


def _system(scope: Scope, network: NetworkOut, keys: KeyRing, cluster: ClusterParts) -> cs.NodePool:
    zones = scope.cloud.zones
    return cs.NodePool(
        "pool-system",
        cluster_id=cluster.id,
        node_pool_name="system",
        vswitch_ids=[network.nodes[zone] for zone in zones],
        multi_az_policy="BALANCE",
        instance_types=list(SYSTEM_INSTANCES),
        desired_size=str(max(_LEAST_SYSTEM_NODES, len(zones))),
        labels=[cs.NodePoolLabelArgs(key=names.ROLE, value="system")],
        tags=scope.tags(pool="system"),
        **_hardened(keys, _SYSTEM_DISK_GIB),
        opts=scope.options(),
    )


def _machines(scope: Scope, network: NetworkOut, keys: KeyRing, cluster: ClusterParts, pool: PoolPlan) -> cs.NodePool:
    return cs.NodePool(
        f"pool-{pool.name}",
        cluster_id=cluster.id,
        node_pool_name=pool.name,
        vswitch_ids=[network.nodes[zone] for zone in pool.zones],
        multi_az_policy="BALANCE",
        instance_types=[str(pool.instance)],
        # The autoscaler's business where there is one.
        desired_size=None if pool.scales else str(pool.nodes),
        scaling_config=_scaling(pool) if pool.scales else None,
        spot_strategy="SpotAsPriceGo" if pool.spot else "NoSpot",
        spot_instance_remedy=True if pool.spot else None,
        resource_pool_options=_reservation(scope, pool),
        labels=_labels(pool),
        taints=_taints(pool),
        tags=pool_tags(scope.plan, pool),
        **_hardened(keys, _ACCELERATOR_DISK_GIB if pool.accelerator else _SYSTEM_DISK_GIB),
        opts=scope.options(),
    )


def _lingjun(scope: Scope, cluster: ClusterParts, pool: PoolPlan) -> cs.NodePool:
    group = scope.cloud.lingjun[pool.name]
    return cs.NodePool(
        f"pool-{pool.name}",
        cluster_id=cluster.id,
        node_pool_name=pool.name,
        type="lingjun",
        eflo_node_group=cs.NodePoolEfloNodeGroupArgs(cluster_id=group.cluster_id, group_id=group.group_id),
        labels=_labels(pool),
        taints=_taints(pool),
        tags=pool_tags(scope.plan, pool),
        opts=scope.options(),
    )


def _hardened(keys: KeyRing, disk_gib: int) -> dict[str, object]:
    """What all machines of ECS have in common: encrypted disks, no plain metadata, repair, no logins."""
    return {
        "image_type": "AliyunLinux3",
        "instance_charge_type": "PostPaid",
        "system_disk_category": "cloud_essd",
        "system_disk_performance_level": "PL1",
        "system_disk_size": disk_gib,
        "system_disk_encrypted": True,
        "system_disk_encrypt_algorithm": "aes-256",
        "system_disk_kms_key": keys.disks.id,
        "instance_metadata_options": cs.NodePoolInstanceMetadataOptionsArgs(http_tokens="required"),
        "install_cloud_monitor": True,
        "management": _management(),
    }


def _management() -> cs.NodePoolManagementArgs:
    """Sick nodes are repaired and patched one at a time; the kubelet changes with a reviewed upgrade only."""
    return cs.NodePoolManagementArgs(
        enable=True,
        max_unavailable=1,
        auto_repair=True,
        auto_repair_policy=cs.NodePoolManagementAutoRepairPolicyArgs(restart_node=True),
        auto_vul_fix=True,
        auto_vul_fix_policy=cs.NodePoolManagementAutoVulFixPolicyArgs(vul_level="asap", restart_node=False),
        auto_upgrade=False,
    )


def _scaling(pool: PoolPlan) -> cs.NodePoolScalingConfigArgs:
    kind = "spot" if pool.spot else "gpu" if pool.accelerator else "cpu"
    return cs.NodePoolScalingConfigArgs(enable=True, min_size=pool.min_nodes, max_size=pool.max_nodes, type=kind)


def _reservation(scope: Scope, pool: PoolPlan) -> cs.NodePoolResourcePoolOptionsArgs | None:
    """The pool's capacity reservation, and nothing else: other machines would be paid for twice."""
    reservation = scope.cloud.reservations.get(pool.name)
    if reservation is None:
        return None
    return cs.NodePoolResourcePoolOptionsArgs(strategy="PrivatePoolOnly", private_pool_ids=[reservation])


def _labels(pool: PoolPlan) -> list[cs.NodePoolLabelArgs]:
    labels = {names.POOL: pool.name, **pool.labels}
    return [
        cs.NodePoolLabelArgs(key=key, value=value)
        for key, value in labels.items()
        if not key.startswith(SERVICE_LABELS)
    ]


def _taints(pool: PoolPlan) -> list[cs.NodePoolTaintArgs]:
    return [
        cs.NodePoolTaintArgs(key=taint.key, value=taint.value, effect=taint.effect)
        for taint in pool.taints
        if taint.key not in SERVICE_TAINTS
    ]


def _autoscaler(scope: Scope, cluster: ClusterParts, system: cs.NodePool) -> None:
    cs.AutoscalingConfig(
        "autoscaler",
        cluster_id=cluster.id,
        scaler_type="goatscaler",
        expander="least-waste",
        scale_down_enabled=True,
        unneeded_duration="10m",
        cool_down_duration="10m",
        utilization_threshold="0.5",
        # A node is taken away only when none of its accelerators is asked for: a model that moves loads for minutes.
        gpu_utilization_threshold="0.1",
        skip_nodes_with_system_pods=True,
        scale_up_from_zero=True,
        opts=scope.options(system),
    )
