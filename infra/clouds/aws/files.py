"""The file systems: EFS for general files, in every zone, and FSx for Lustre for training, in one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, efs, fsx, vpc

from infra import quantity
from infra.clouds.aws.cluster import ClusterParts
from infra.clouds.aws.keys import KeyRing
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.scope import Scope
from infra.config.storage import FileSystem

_NFS = 2049
_LUSTRE = ((988, 988), (1018, 1023))
_LUSTRE_SMALLEST_GIB, _LUSTRE_STEP_GIB = 1_200, 2_400
"""https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystem.html, StorageCapacity of PERSISTENT_2."""
_LUSTRE_MBPS_PER_TIB = 250
_BACKUP_DAYS = 7


@dataclass(frozen=True)
class FilesOut:
    """The file systems, for what mounts them."""

    shared: pulumi.Output[str] | None
    """Its id; None where none is declared."""
    exports: Mapping[str, pulumi.Input[str]]


def build(scope: Scope, network: NetworkOut, keys: KeyRing, parts: ClusterParts) -> FilesOut:
    """Register the declared file systems."""
    storage = scope.plan.storage
    shared, exports = None, {}
    if storage and storage.shared:
        shared = _shared(scope, network, keys, parts).id
        exports["sharedFileSystemId"] = shared
    if storage and storage.parallel:
        parallel = _parallel(scope, network, keys, parts, storage.parallel)
        exports["parallelFileSystemId"] = parallel.id
        exports["parallelFileSystemDnsName"] = parallel.dns_name
        exports["parallelFileSystemMountName"] = parallel.mount_name
    return FilesOut(shared, exports)


def lustre_gib(declared: FileSystem) -> int:
    """What FSx sells that is not less than what was declared."""
    wanted = math.ceil(quantity.parse(declared.capacity) / 1024**3)
    if wanted <= _LUSTRE_SMALLEST_GIB:
        return _LUSTRE_SMALLEST_GIB
    return math.ceil(wanted / _LUSTRE_STEP_GIB) * _LUSTRE_STEP_GIB


def _shared(scope: Scope, network: NetworkOut, keys: KeyRing, parts: ClusterParts) -> efs.FileSystem:
    """EFS grows by itself: the declared capacity is for the estimate."""
    system = efs.FileSystem(
        "files-shared",  # CRITICAL: stateful
        creation_token=scope.name("shared"),
        encrypted=True,
        kms_key_id=keys.storage.arn,
        performance_mode="generalPurpose",
        throughput_mode="elastic",
        protection=efs.FileSystemProtectionArgs(replication_overwrite="ENABLED"),
        tags=scope.named("shared"),
        opts=scope.stateful(),
    )
    efs.BackupPolicy(
        "files-shared",
        file_system_id=system.id,
        backup_policy=efs.BackupPolicyBackupPolicyArgs(status="ENABLED"),
        opts=scope.options(),
    )
    group = _security_group(scope, network, "shared")
    vpc.SecurityGroupIngressRule(
        "files-shared",
        security_group_id=group.id,
        referenced_security_group_id=parts.security_group,
        ip_protocol="tcp",
        from_port=_NFS,
        to_port=_NFS,
        tags=scope.tags(),
        opts=scope.options(),
    )
    for zone, subnet in network.subnets.items():
        efs.MountTarget(
            f"files-shared-{zone}",
            file_system_id=system.id,
            subnet_id=subnet.id,
            security_groups=[group.id],
            opts=scope.options(),
        )
    return system


def _parallel(
    scope: Scope, network: NetworkOut, keys: KeyRing, parts: ClusterParts, declared: FileSystem
) -> fsx.LustreFileSystem:
    """In the cloud's first zone: a file system that moved with a pool's zones would be another one."""
    group = _security_group(scope, network, "parallel")
    return fsx.LustreFileSystem(
        "files-parallel",  # CRITICAL: stateful
        subnet_ids=network.subnets[scope.cloud.zones[0]].id,
        deployment_type="PERSISTENT_2",
        storage_type="SSD",
        storage_capacity=lustre_gib(declared),
        per_unit_storage_throughput=_LUSTRE_MBPS_PER_TIB,
        file_system_type_version="2.15",
        metadata_configuration=fsx.LustreFileSystemMetadataConfigurationArgs(mode="AUTOMATIC"),
        data_compression_type="LZ4",
        kms_key_id=keys.storage.arn,
        security_group_ids=[group.id],
        automatic_backup_retention_days=_BACKUP_DAYS,
        copy_tags_to_backups=True,
        skip_final_backup=not scope.cloud.deletion_protection,
        tags=scope.named("parallel"),
        # FSx refuses a group that does not let Lustre through yet.
        opts=scope.stateful(*_lustre_rules(scope, group, parts.security_group)),
    )


def _lustre_rules(scope: Scope, servers: ec2.SecurityGroup, nodes: pulumi.Output[str]) -> tuple[pulumi.Resource, ...]:
    """Servers and clients call each other, and servers their like."""
    lets_in, lets_out = vpc.SecurityGroupIngressRule, vpc.SecurityGroupEgressRule
    ways = {
        "from-nodes": (lets_in, servers.id, nodes),
        "from-servers": (lets_in, servers.id, servers.id),
        "to-nodes": (lets_out, servers.id, nodes),
        "to-servers": (lets_out, servers.id, servers.id),
        "nodes-from-servers": (lets_in, nodes, servers.id),
    }
    return tuple(
        rule(
            f"files-parallel-{way}-{first}",
            security_group_id=group,
            referenced_security_group_id=peer,
            ip_protocol="tcp",
            from_port=first,
            to_port=last,
            tags=scope.tags(),
            opts=scope.options(),
        )
        for way, (rule, group, peer) in ways.items()
        for first, last in _LUSTRE
    )


def _security_group(scope: Scope, network: NetworkOut, role: str) -> ec2.SecurityGroup:
    return ec2.SecurityGroup(
        f"files-{role}",
        name=scope.name("files", role),
        description=f"The {role} file system.",
        vpc_id=network.vpc.id,
        tags=scope.named("files", role),
        opts=scope.options(),
    )
