"""The nodes: for each pool of the plan GKE node pools, and a small pool for the cluster's own services.

Which machines go where is in `machines`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import container

from infra import names
from infra.catalogue.schema import Taint
from infra.clouds.gcp import machines
from infra.clouds.gcp.machines import Group
from infra.clouds.gcp.naming import labels
from infra.clouds.public import declared, pool_tags, tags
from infra.clouds.scope import short
from infra.config.clouds import GcpCloud
from infra.plan import CenterPlan, PoolPlan

RESERVED_LABELS = ("cloud.google.com", "kubernetes.io", "k8s.io")
"""Domains of labels that a node pool may not set, or that GKE sets itself:
https://www.pulumi.com/registry/packages/gcp/api-docs/container/nodepool/ (nodeConfig.labels)"""

_SYSTEM_MACHINE = "e2-standard-8"
"""Room for the operators, Prometheus and kube-dns; one in each of up to three zones."""
_SYSTEM_ZONES = 3
_NAME_LIMIT = 40
_CPU_DISK_GB, _ACCELERATOR_DISK_GB = 200, 500
"""Images with an engine and its libraries have tens of gigabytes."""
_PROCESSES_PER_POD = 16_384
"""Data loaders and collective communication start thousands of threads."""
_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}


@dataclass(frozen=True)
class _Common:
    """What all node pools have in common."""

    plan: CenterPlan
    cluster: container.Cluster
    disk_key: pulumi.Output[str]
    account: pulumi.Output[str]


def build(
    plan: CenterPlan, cluster: container.Cluster, disk_key: pulumi.Output[str], account: pulumi.Output[str]
) -> container.NodePool:
    """All node pools; the system's, without which nothing else in the cluster can start, is handed back."""
    common = _Common(plan, cluster, disk_key, account)
    for pool in plan.pools:
        for group in machines.groups(pool):
            _node_pool(common, pool, group)
    return _system(common)


def _system(common: _Common) -> container.NodePool:
    cloud, cluster = declared(common.plan, GcpCloud), common.cluster
    return container.NodePool(
        "pool-system",
        project=cluster.project,
        cluster=cluster.name,
        location=cloud.region,
        name="system",
        node_locations=cloud.zones[:_SYSTEM_ZONES],
        node_count=1,
        node_config=container.NodePoolNodeConfigArgs(
            machine_type=_SYSTEM_MACHINE,
            labels={names.ROLE: "system"},
            resource_labels=labels(tags(common.plan, pool="system")),
            boot_disk=container.NodePoolNodeConfigBootDiskArgs(size_gb=_CPU_DISK_GB),
            boot_disk_kms_key=common.disk_key,
            service_account=common.account,
            **_hardened(),
        ),
        network_config=container.NodePoolNetworkConfigArgs(enable_private_nodes=True),
        management=_management(),
        upgrade_settings=_upgrades(spare=1),
    )


def _node_pool(common: _Common, pool: PoolPlan, group: Group) -> None:
    plan, cluster = common.plan, common.cluster
    fast = machines.has_fast_network(pool)
    container.NodePool(
        f"pool-{pool.name}-{group.suffix}",
        project=cluster.project,
        cluster=cluster.name,
        location=declared(plan, GcpCloud).region,
        name=short(f"{pool.name}-{group.suffix}", _NAME_LIMIT),
        node_locations=[group.zone],
        node_count=None if pool.scales else group.nodes,
        initial_node_count=group.nodes if pool.scales else None,
        autoscaling=_autoscaling(pool, group) if pool.scales else None,
        placement_policy=_placement(plan, pool, group),
        node_config=_node_config(common, pool),
        network_config=container.NodePoolNetworkConfigArgs(
            enable_private_nodes=True, accelerator_network_profile="auto" if fast else None
        ),
        management=_management(),
        # Nobody keeps a spare accelerator node: one after the other leaves and comes back.
        upgrade_settings=_upgrades(spare=0 if pool.accelerator else 1),
        # How many it began with is history, and another number would replace the node pool.
        opts=pulumi.ResourceOptions(ignore_changes=["initialNodeCount"] if pool.scales else []),
    )


def _node_config(common: _Common, pool: PoolPlan) -> container.NodePoolNodeConfigArgs:
    plan = common.plan
    ssds = machines.local_ssds(pool)
    return container.NodePoolNodeConfigArgs(
        machine_type=pool.instance,
        spot=pool.spot,
        labels=node_labels(pool),
        taints=[_taint(taint) for taint in pool.taints],
        resource_labels=labels(pool_tags(plan, pool)),
        boot_disk=container.NodePoolNodeConfigBootDiskArgs(
            size_gb=_ACCELERATOR_DISK_GB if pool.accelerator else _CPU_DISK_GB
        ),
        boot_disk_kms_key=common.disk_key,
        ephemeral_storage_local_ssd_config=(
            container.NodePoolNodeConfigEphemeralStorageLocalSsdConfigArgs(local_ssd_count=ssds) if ssds else None
        ),
        guest_accelerators=_gpus(pool),
        reservation_affinity=_reservation(declared(plan, GcpCloud).reservations.get(pool.name)),
        service_account=common.account,
        **_hardened(),
    )


def node_labels(pool: PoolPlan) -> Mapping[str, str]:
    """The pool's labels without those that GKE sets itself, and what GKE's network driver looks for."""
    kept = {key: value for key, value in pool.labels.items() if not _reserved(key)}
    driver = {"cloud.google.com/gke-networking-dra-driver": "true"} if machines.has_fast_network(pool) else {}
    return {names.POOL: pool.name, **kept, **driver}


def _reserved(key: str) -> bool:
    domain = key.rpartition("/")[0]
    return any(domain == reserved or domain.endswith(f".{reserved}") for reserved in RESERVED_LABELS)


def _taint(taint: Taint) -> container.NodePoolNodeConfigTaintArgs:
    return container.NodePoolNodeConfigTaintArgs(key=taint.key, value=taint.value, effect=_EFFECTS[taint.effect])


def _gpus(pool: PoolPlan) -> list[container.NodePoolNodeConfigGuestAcceleratorArgs] | None:
    gpu = machines.gpu_type(pool)
    if gpu is None:
        return None
    driver = container.NodePoolNodeConfigGuestAcceleratorGpuDriverInstallationConfigArgs(gpu_driver_version="DEFAULT")
    return [
        container.NodePoolNodeConfigGuestAcceleratorArgs(
            type=gpu, count=pool.accelerators_per_node, gpu_driver_installation_config=driver
        )
    ]


def _reservation(name: str | None) -> container.NodePoolNodeConfigReservationAffinityArgs | None:
    if name is None:
        return None
    return container.NodePoolNodeConfigReservationAffinityArgs(
        consume_reservation_type="SPECIFIC_RESERVATION", key="compute.googleapis.com/reservation-name", values=[name]
    )


def _placement(plan: CenterPlan, pool: PoolPlan, group: Group) -> container.NodePoolPlacementPolicyArgs | None:
    """Accelerator nodes stand together, unless their reservation has already placed them."""
    if group.topology:
        return container.NodePoolPlacementPolicyArgs(type="COMPACT", tpu_topology=group.topology)
    if pool.resource == machines.GPU and group.most > 1 and pool.name not in declared(plan, GcpCloud).reservations:
        return container.NodePoolPlacementPolicyArgs(type="COMPACT")
    return None


def _autoscaling(pool: PoolPlan, group: Group) -> container.NodePoolAutoscalingArgs:
    return container.NodePoolAutoscalingArgs(
        total_min_node_count=group.least,
        total_max_node_count=group.most,
        location_policy="ANY" if pool.spot else "BALANCED",
    )


def _hardened() -> dict[str, object]:
    """What holds for every node."""
    return {
        "image_type": "COS_CONTAINERD",
        "gvnic": container.NodePoolNodeConfigGvnicArgs(enabled=True),
        "shielded_instance_config": container.NodePoolNodeConfigShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
        # Pods see their own identity at the metadata address, and never the node's.
        "workload_metadata_config": container.NodePoolNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
        "metadata": {"disable-legacy-endpoints": "true"},
        "kubelet_config": container.NodePoolNodeConfigKubeletConfigArgs(
            insecure_kubelet_readonly_port_enabled="FALSE", pod_pids_limit=_PROCESSES_PER_POD
        ),
        # What a node may do is decided by its account's roles.
        "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
    }


def _management() -> container.NodePoolManagementArgs:
    """A release channel demands both; the cluster's exclusion keeps upgrades to patches."""
    return container.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True)


def _upgrades(*, spare: int) -> container.NodePoolUpgradeSettingsArgs:
    return container.NodePoolUpgradeSettingsArgs(strategy="SURGE", max_surge=spare, max_unavailable=1 - spare)
