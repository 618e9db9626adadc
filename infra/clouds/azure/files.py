"""File systems: Azure Files over NFS for general use, and Azure Managed Lustre for training at full speed.

Azure Files are sold by the share, and each claim gets one of its own: the declared capacity is not bought beforehand.
The driver of Lustre does not come with AKS, so that no kind of volume is offered for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import pulumi
from pulumi_azure_native import storage, storagecache

from infra import quantity
from infra.clouds.azure import roles
from infra.clouds.azure.access import Access
from infra.clouds.azure.keys import Key, KeyRing
from infra.clouds.azure.network import NetworkOut, private_endpoint
from infra.clouds.azure.roles import Role
from infra.clouds.azure.scope import Scope
from infra.clouds.azure.storage import closed
from infra.clouds.base import VolumeClass, VolumeKind
from infra.config.storage import FileSystem, Storage

DISKS = VolumeClass("disk.csi.azure.com", {"skuName": "Premium_LRS"}, zonal=True)
"""Encrypted with the cluster's disk encryption set, as all of its disks."""
_TIB = 1024**4
_KEPT_DAYS = 30
LUSTRE_SIZES = (("AMLFS-Durable-Premium-250", 8, 128), ("AMLFS-Durable-Premium-40", 48, 768))
"""Kind, step and largest size in TiB; the faster one first.

https://learn.microsoft.com/en-us/azure/azure-managed-lustre/create-file-system-portal"""


@dataclass(frozen=True)
class Files:
    """What volumes can be made of, and where what is not a volume is."""

    volumes: Mapping[VolumeKind, VolumeClass]
    exports: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def build(scope: Scope, networked: NetworkOut, keys: KeyRing, access: Access) -> Files:
    """Register the declared file systems."""
    declared = scope.plan.storage or Storage()
    volumes: dict[VolumeKind, VolumeClass] = {"block": DISKS}
    if declared.shared:
        volumes["shared"] = _shared(scope, networked, keys.files, access)
    if declared.parallel and keys.parallel:
        return Files(volumes, {"parallelFiles": _parallel(scope, networked, keys.parallel, declared.parallel)})
    return Files(volumes)


def _shared(scope: Scope, networked: NetworkOut, key: Key, access: Access) -> VolumeClass:
    """An account for shares; it is not locked: a lock would hold them fast too, when their claims are gone."""
    name = scope.global_name("nfs")
    account = storage.StorageAccount(
        "files",  # CRITICAL: stateful
        account_name=name,
        kind=storage.Kind.FILE_STORAGE,
        sku=storage.SkuArgs(name=storage.SkuName.PREMIUM_ZRS),
        **closed(scope, key),
        opts=scope.stateful(key.granted),
    )
    storage.FileServiceProperties(
        "files",
        resource_group_name=scope.group,
        account_name=account.name,
        file_services_name="default",
        share_delete_retention_policy=storage.DeleteRetentionPolicyArgs(enabled=True, days=_KEPT_DAYS),
        opts=scope.options(),
    )
    private_endpoint(scope, networked, "files", account, "file")
    # The driver's controller is part of the control plane, and makes shares as its identity.
    roles.assign(scope, access.control_plane, Role.STORAGE_CONTRIBUTOR, "files", account.id)
    return VolumeClass(
        "file.csi.azure.com",
        {
            "protocol": "nfs",
            "resourceGroup": scope.plan.name,
            "storageAccount": name,
            # The account takes HTTPS only: NFS comes through TLS or not at all.
            "encryptInTransit": "true",
        },
    )


def _parallel(scope: Scope, networked: NetworkOut, key: Key, declared: FileSystem) -> pulumi.Output[str]:
    kind, capacity = lustre_size(quantity.parse(declared.capacity) / _TIB)
    made = storagecache.AmlFilesystem(
        "files-parallel",  # CRITICAL: stateful
        resource_group_name=scope.group,
        aml_filesystem_name=scope.name("parallel"),
        location=scope.cloud.region,
        sku=storagecache.SkuNameArgs(name=kind),
        storage_capacity_ti_b=float(capacity),
        filesystem_subnet=networked.subnets["parallel"],
        zones=_nearest_zone(scope),
        identity=storagecache.AmlFilesystemIdentityArgs(
            type=storagecache.AmlFilesystemIdentityType.USER_ASSIGNED, user_assigned_identities=[key.identity.id]
        ),
        encryption_settings=storagecache.AmlFilesystemEncryptionSettingsArgs(
            key_encryption_key=storagecache.KeyVaultKeyReferenceArgs(
                key_url=key.key.key_uri_with_version,
                source_vault=storagecache.KeyVaultKeyReferenceSourceVaultArgs(id=key.vault.vault.id),
            )
        ),
        maintenance_window=storagecache.AmlFilesystemMaintenanceWindowArgs(
            day_of_week=storagecache.MaintenanceDayOfWeekType.SUNDAY, time_of_day_utc="02:00"
        ),
        tags=scope.tags(),
        opts=scope.stateful(key.granted),
    )
    scope.lock("files-parallel", made)
    identifier: pulumi.Output[str] = made.id
    return identifier


def lustre_size(tebibytes: Fraction) -> tuple[str, int]:
    """The fastest kind that is large enough, and the next size of it that is sold; at most the largest there is."""
    for kind, step, largest in LUSTRE_SIZES:
        if tebibytes <= largest:
            return kind, step * max(1, math.ceil(tebibytes / step))
    return LUSTRE_SIZES[-1][0], LUSTRE_SIZES[-1][2]


def _nearest_zone(scope: Scope) -> list[str]:
    """One zone: that of the first accelerators, which read from it."""
    zones = next((pool.zones for pool in scope.plan.pools if pool.accelerator), scope.cloud.zones)
    return list(zones[:1])
