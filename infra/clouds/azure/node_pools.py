"""Nodes: a small pool for the cluster's own services, and one for each of the plan's.

AKS installs NVIDIA's driver, and neither a device plugin nor what InfiniBand needs: those are operators' work.
"""

from __future__ import annotations

import re
from hashlib import sha256

import pulumi
from pulumi_azure_native import compute, containerservice

from infra import names
from infra.clouds.azure.network import NetworkOut
from infra.clouds.azure.scope import Scope
from infra.clouds.public import pool_tags
from infra.plan import PoolPlan

SYSTEM, _SYSTEM_INSTANCE = "system", "Standard_D4s_v5"
"""4 vCPU and 16 GiB: what AKS advises for a system pool of three nodes.

https://learn.microsoft.com/en-us/azure/aks/use-system-pools"""

RESERVED_LABELS = ("kubernetes.azure.com/", "kubernetes.io/")
"""Prefixes of labels that only AKS sets: https://learn.microsoft.com/en-us/azure/aks/use-labels."""

_DISK_GIB, _ACCELERATOR_DISK_GIB = 128, 512
"""Images of inference engines are tens of GiB."""
_PODS = 110
_LONGEST_NAME, _DIGEST_LENGTH = 12, 4
_RDMA = re.compile(r"^Standard_[A-Z]+\d+[a-z]*r")
"""`r` among a size's features: https://learn.microsoft.com/en-us/azure/virtual-machines/vm-naming-conventions."""


def system(scope: Scope, networked: NetworkOut) -> containerservice.ManagedClusterAgentPoolProfileArgs:
    """The pool without which AKS makes no cluster; nothing else is scheduled on it."""
    return containerservice.ManagedClusterAgentPoolProfileArgs(
        name=SYSTEM,
        mode=containerservice.AgentPoolMode.SYSTEM,
        vm_size=_SYSTEM_INSTANCE,
        count=max(3, len(scope.cloud.zones)),
        availability_zones=list(scope.cloud.zones),
        node_labels={names.ROLE: "system"},
        node_taints=["CriticalAddonsOnly=true:NoSchedule"],
        upgrade_settings=_surging(),
        **_hardened(networked, _DISK_GIB),
        security_profile=_boot(signed=True),
        tags=scope.tags(pool=SYSTEM),
    )


def build(scope: Scope, networked: NetworkOut, cluster: containerservice.ManagedCluster) -> None:
    """Register the plan's pools."""
    for pool in scope.plan.pools:
        _pool(scope, networked, cluster, pool)


def _pool(scope: Scope, networked: NetworkOut, cluster: containerservice.ManagedCluster, pool: PoolPlan) -> None:
    # From then on the count is the autoscaler's; a replaced pool has the same name, so the old one goes first.
    changes = pulumi.ResourceOptions(
        ignore_changes=["count"] if pool.scales else None, delete_before_replace=True, depends_on=[cluster]
    )
    containerservice.AgentPool(
        f"pool-{pool.name}",
        resource_group_name=scope.group,
        resource_name_=cluster.name,
        agent_pool_name=physical_name(pool.name),
        mode=containerservice.AgentPoolMode.USER,
        vm_size=pool.instance,
        count=pool.nodes,
        enable_auto_scaling=pool.scales,
        min_count=pool.min_nodes if pool.scales else None,
        max_count=pool.max_nodes if pool.scales else None,
        availability_zones=list(pool.zones),
        orchestrator_version=scope.plan.kubernetes_version,
        node_labels=_labels(pool),
        node_taints=[f"{taint.key}={taint.value}:{taint.effect}" for taint in pool.taints],
        gpu_profile=_driver(pool),
        capacity_reservation_group_id=scope.cloud.reservations.get(pool.name),
        proximity_placement_group_id=_placement(scope, pool),
        **_spare_capacity(pool),
        upgrade_settings=_upgrades(pool),
        **_hardened(networked, _ACCELERATOR_DISK_GIB if pool.accelerator else _DISK_GIB),
        security_profile=_boot(signed=not pool.accelerator),
        tags=pool_tags(scope.plan, pool),
        opts=pulumi.ResourceOptions.merge(scope.options(), changes),
    )


def physical_name(pool: str) -> str:
    """At most twelve letters and digits, with a letter in front; a digest keeps apart what that makes alike."""
    plain = "".join(character for character in pool if character.isalnum())
    if plain == pool and len(pool) <= _LONGEST_NAME and pool[0].isalpha() and pool != SYSTEM:
        return pool
    digest = sha256(pool.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{plain.lstrip('0123456789')[: _LONGEST_NAME - _DIGEST_LENGTH] or 'p'}{digest}"


def _hardened(networked: NetworkOut, disk_gib: int) -> dict[str, object]:
    """What all nodes have in common: private addresses, disks encrypted with the centre's key up to the host."""
    return {
        "type": containerservice.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        "vnet_subnet_id": networked.subnets["nodes"],
        "enable_node_public_ip": False,
        "enable_encryption_at_host": True,
        "os_type": containerservice.OSType.LINUX,
        "os_sku": containerservice.OSSKU.UBUNTU,
        # A local disk would have to be made anew, node by node, whenever the key is rotated.
        "os_disk_type": containerservice.OSDiskType.MANAGED,
        "os_disk_size_gb": disk_gib,
        "max_pods": _PODS,
    }


def _boot(*, signed: bool) -> containerservice.AgentPoolSecurityProfileArgs:
    """No logins, and only signed kernels; accelerators' drivers are not signed for it."""
    return containerservice.AgentPoolSecurityProfileArgs(
        ssh_access=containerservice.AgentPoolSSHAccess.DISABLED, enable_secure_boot=signed, enable_vtpm=signed
    )


def _labels(pool: PoolPlan) -> dict[str, str]:
    labels = {names.POOL: pool.name, **pool.labels}
    return {key: value for key, value in labels.items() if not key.startswith(RESERVED_LABELS)}


def _driver(pool: PoolPlan) -> containerservice.GPUProfileArgs | None:
    if pool.accelerator is None:
        return None
    driver = containerservice.GPUDriver
    nvidia = pool.resource == "nvidia.com/gpu"
    return containerservice.GPUProfileArgs(driver=driver.INSTALL if nvidia else driver.NONE)


def _spare_capacity(pool: PoolPlan) -> dict[str, object]:
    if not pool.spot:
        return {"scale_set_priority": containerservice.ScaleSetPriority.REGULAR}
    return {
        "scale_set_priority": containerservice.ScaleSetPriority.SPOT,
        "scale_set_eviction_policy": containerservice.ScaleSetEvictionPolicy.DELETE,
        "spot_max_price": -1.0,
    }


def _placement(scope: Scope, pool: PoolPlan) -> pulumi.Output[str] | None:
    """Machines with InfiniBand stand close together, where they are in one zone.

    Those of a reservation stand where it is: Azure takes no placement group beside one.
    https://learn.microsoft.com/en-us/azure/virtual-machines/capacity-reservation-overview
    """
    together = _RDMA.match(str(pool.instance)) and len(pool.zones) == 1 and pool.name not in scope.cloud.reservations
    if not together:
        return None
    group = compute.ProximityPlacementGroup(
        f"placement-{pool.name}",
        resource_group_name=scope.group,
        proximity_placement_group_name=scope.name(pool.name),
        location=scope.cloud.region,
        proximity_placement_group_type=compute.ProximityPlacementGroupType.STANDARD,
        zones=list(pool.zones),
        intent=compute.ProximityPlacementGroupPropertiesIntentArgs(vm_sizes=[str(pool.instance)]),
        tags=pool_tags(scope.plan, pool),
        opts=scope.options(),
    )
    identifier: pulumi.Output[str] = group.id
    return identifier


def _surging() -> containerservice.AgentPoolUpgradeSettingsArgs:
    return containerservice.AgentPoolUpgradeSettingsArgs(
        max_surge="10%",
        drain_timeout_in_minutes=30,
        undrainable_node_behavior=containerservice.UndrainableNodeBehavior.CORDON,
    )


def _upgrades(pool: PoolPlan) -> containerservice.AgentPoolUpgradeSettingsArgs | None:
    if pool.spot:
        return None  # AKS evicts, and takes no settings.
    if not pool.accelerator:
        return _surging()
    return containerservice.AgentPoolUpgradeSettingsArgs(
        # Nobody has a spare eight-GPU machine: one is given up at a time, after its jobs had an hour.
        max_surge="0",
        max_unavailable="1",
        drain_timeout_in_minutes=60,
        undrainable_node_behavior=containerservice.UndrainableNodeBehavior.CORDON,
    )
