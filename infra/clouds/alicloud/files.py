"""File systems: extreme NAS for general files, CPFS for training, reached from the nodes and pods of the VPC only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

import pulumi
from pulumi_alicloud import nas

from infra import quantity
from infra.clouds.alicloud.keys import KeyRing
from infra.clouds.alicloud.network import NetworkOut
from infra.clouds.alicloud.scope import Scope
from infra.clouds.base import VolumeClass, VolumeKind
from infra.config.storage import FileSystem

_GIB = 1024**3
_NAS_LEAST_GIB = 100
_CPFS_LEAST_GIB, _CPFS_STEP_GIB = 3_600, 1_200
_USER_MANAGED_KEY = 2


@dataclass(frozen=True)
class Files:
    """Where the file systems are mounted from."""

    volumes: Mapping[VolumeKind, VolumeClass]
    exports: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def build(scope: Scope, network: NetworkOut, keys: KeyRing) -> Files:
    """Register what is declared."""
    storage = scope.plan.storage
    exports: dict[str, pulumi.Input[str]] = {}
    volumes: dict[VolumeKind, VolumeClass] = {"block": _disks(keys)}
    if storage and storage.shared:
        target = _shared(scope, network, keys, storage.shared)
        exports["sharedFiles"] = target
        volumes["shared"] = _folders(target)
    if storage and storage.parallel:
        exports["parallelFiles"] = _parallel(scope, network, storage.parallel)
    return Files(volumes, exports)


def _disks(keys: KeyRing) -> VolumeClass:
    """Disks with the centre's key, which those of ACK's own classes are without.

    https://help.aliyun.com/en/ack/ack-managed-and-ack-dedicated/user-guide/encrypt-cloud-disk-storage-volumes
    """
    parameters: dict[str, pulumi.Input[str]] = {
        "type": "cloud_essd",
        "performanceLevel": "PL1",
        "fstype": "ext4",
        "encrypted": "true",
        "kmsKeyId": keys.disks.id,
    }
    return VolumeClass("diskplugin.csi.alibabacloud.com", parameters, zonal=True)


def _folders(target: pulumi.Output[str]) -> VolumeClass:
    """A folder of the shared file system for each claim; extreme NAS has its root at /share.

    https://www.alibabacloud.com/help/en/container-service-for-kubernetes/latest/mount-a-dynamically-provisioned-nas-volume-1
    """
    return VolumeClass(
        "nasplugin.csi.alibabacloud.com",
        {"volumeAs": "subpath", "server": pulumi.Output.concat(target, ":/share")},
        mount_options=("nolock,tcp,noresvport", "vers=3"),
        expandable=False,
    )


def _gib(system: FileSystem) -> int:
    return ceil(quantity.parse(system.capacity) / _GIB)


def _shared(scope: Scope, network: NetworkOut, keys: KeyRing, system: FileSystem) -> pulumi.Output[str]:
    """Extreme NAS: the only kind that takes the centre's own key. One mount target serves every zone of the VPC."""
    zone = scope.cloud.zones[0]
    made = nas.FileSystem(
        "files-shared",  # CRITICAL: stateful
        file_system_type="extreme",
        protocol_type="NFS",
        storage_type="advance",
        zone_id=zone,
        capacity=max(_gib(system), _NAS_LEAST_GIB),
        encrypt_type=_USER_MANAGED_KEY,
        kms_key_id=keys.storage.id,
        description=scope.name("shared"),
        tags=scope.tags(files="shared"),
        opts=scope.stateful(),
    )
    group = nas.AccessGroup(
        "files-shared",
        access_group_name=scope.name("shared"),
        access_group_type="Vpc",
        file_system_type="extreme",
        opts=scope.options(),
    )
    ranges = {"nodes": scope.plan.network.node_cidr, "pods": scope.plan.network.pod_cidr}
    rules = [
        nas.AccessRule(
            f"files-shared-{role}",
            access_group_name=group.access_group_name,
            file_system_type="extreme",
            source_cidr_ip=cidr,
            rw_access_type="RDWR",
            user_access_type="no_squash",
            priority=1,
            opts=scope.options(),
        )
        for role, cidr in ranges.items()
    ]
    target = nas.MountTarget(
        "files-shared",
        file_system_id=made.id,
        access_group_name=group.access_group_name,
        network_type="Vpc",
        vpc_id=network.vpc_id,
        vswitch_id=network.nodes[zone],
        opts=scope.options(*rules),
    )
    return pulumi.Output.from_input(target.mount_target_domain)


def _parallel(scope: Scope, network: NetworkOut, system: FileSystem) -> pulumi.Output[str]:
    """CPFS, beside the first pool with accelerators; the service takes no key of the centre's for it."""
    zone = next((pool.zones[0] for pool in scope.plan.pools if pool.accelerator), scope.cloud.zones[0])
    steps = ceil(max(_gib(system) - _CPFS_LEAST_GIB, 0) / _CPFS_STEP_GIB)
    made = nas.FileSystem(
        "files-parallel",  # CRITICAL: stateful
        file_system_type="cpfs",
        protocol_type="cpfs",
        storage_type="advance_200",
        zone_id=zone,
        vpc_id=network.vpc_id,
        vswitch_id=network.nodes[zone],
        capacity=_CPFS_LEAST_GIB + steps * _CPFS_STEP_GIB,
        description=scope.name("parallel"),
        tags=scope.tags(files="parallel"),
        opts=scope.stateful(),
    )
    return pulumi.Output.from_input(made.id)
