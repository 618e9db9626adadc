"""What the centre keeps: buckets and file systems. Who may use a bucket is in `identity`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

import pulumi
from pulumi_gcp import filestore, lustre, storage

from infra import quantity
from infra.clouds.base import VolumeClass
from infra.clouds.gcp.keys import Keys, deletion_policy
from infra.clouds.gcp.naming import labels
from infra.clouds.gcp.network import NetworkOut
from infra.clouds.gcp.project import ProjectOut
from infra.clouds.public import declared, stateful, tags
from infra.clouds.scope import short
from infra.config.clouds import GcpCloud
from infra.config.storage import Bucket
from infra.plan import CenterPlan

_BUCKET_NAME_LIMIT = 63
_SOFT_DELETED_SECONDS = 7 * 24 * 3600
_OLD_VERSIONS_DAYS = 30
_ABANDONED_UPLOAD_DAYS = 7

SHARE = "files"
"""The file share of the shared file system."""
_LARGE_SHARE_GIB, _SHARE_STEP_GIB, _LEAST_SHARE_GIB = 10_240, 2_560, 1_024
"""Filestore's regional tier: any size from the least, in steps from the large."""
_LUSTRE_THROUGHPUT, _LUSTRE_STEP_GIB, _LUSTRE_NAME = 1_000, 9_000, "centre"
"""MB/s for each TiB, and the sizes that are sold with it:
https://docs.cloud.google.com/managed-lustre/docs/increase-capacity"""


@dataclass(frozen=True)
class StorageOut:
    """What was made."""

    buckets: Mapping[str, storage.Bucket] = field(default_factory=dict)
    """By role."""
    shared: pulumi.Output[str] | None = None
    """The instance's id."""
    parallel: pulumi.Output[str] | None = None
    """What nodes mount: address and file system."""


def build(plan: CenterPlan, project: ProjectOut, net: NetworkOut, keys: Keys) -> StorageOut:
    """Register everything that the plan keeps."""
    if plan.storage is None:
        return StorageOut()
    return StorageOut(
        buckets={each.name: _bucket(plan, each, project, keys) for each in plan.storage.buckets},
        shared=_shared(plan, plan.storage.shared.capacity, project, net, keys) if plan.storage.shared else None,
        parallel=_parallel(plan, plan.storage.parallel.capacity, project, net, keys) if plan.storage.parallel else None,
    )


def disks(key: pulumi.Output[str]) -> VolumeClass:
    """Balanced disks, encrypted with the centre's key. Machines that take Hyperdisk only cannot attach them.

    https://github.com/kubernetes-sigs/gcp-compute-persistent-disk-csi-driver
    """
    parameters: dict[str, pulumi.Input[str]] = {"type": "pd-balanced", "disk-encryption-kms-key": key}
    return VolumeClass("pd.csi.storage.gke.io", parameters, zonal=True)


def _bucket(plan: CenterPlan, bucket: Bucket, project: ProjectOut, keys: Keys) -> storage.Bucket:
    cloud = declared(plan, GcpCloud)
    # CRITICAL: stateful. Names are the whole world's; the project's id is unique in it.
    return storage.Bucket(
        f"bucket-{bucket.name}",
        project=project.ids["storage"],
        name=short(f"{cloud.project}-{plan.name}-{bucket.name}", _BUCKET_NAME_LIMIT),
        location=cloud.region,
        storage_class="STANDARD",
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        versioning=storage.BucketVersioningArgs(enabled=True),
        encryption=storage.BucketEncryptionArgs(
            default_kms_key_name=keys["storage"],
            google_managed_encryption_enforcement_config=(
                storage.BucketEncryptionGoogleManagedEncryptionEnforcementConfigArgs(restriction_mode="FullyRestricted")
            ),
        ),
        soft_delete_policy=storage.BucketSoftDeletePolicyArgs(
            retention_duration_seconds=_SOFT_DELETED_SECONDS if cloud.deletion_protection else 0
        ),
        lifecycle_rules=list(_lifecycle(bucket)),
        force_destroy=False,
        deletion_policy=deletion_policy(plan),
        labels=labels(tags(plan, bucket=bucket.name)),
        opts=stateful(plan),
    )


def _lifecycle(bucket: Bucket) -> Iterable[storage.BucketLifecycleRuleArgs]:
    delete = storage.BucketLifecycleRuleActionArgs(type="Delete")
    if bucket.cold_after_days:
        yield storage.BucketLifecycleRuleArgs(
            action=storage.BucketLifecycleRuleActionArgs(type="SetStorageClass", storage_class="NEARLINE"),
            condition=storage.BucketLifecycleRuleConditionArgs(
                age=bucket.cold_after_days, matches_storage_classes=["STANDARD"]
            ),
        )
    if bucket.expire_after_days:
        yield storage.BucketLifecycleRuleArgs(
            action=delete,
            condition=storage.BucketLifecycleRuleConditionArgs(age=bucket.expire_after_days, with_state="LIVE"),
        )
    yield storage.BucketLifecycleRuleArgs(
        action=delete,
        condition=storage.BucketLifecycleRuleConditionArgs(
            days_since_noncurrent_time=_OLD_VERSIONS_DAYS, with_state="ARCHIVED"
        ),
    )
    yield storage.BucketLifecycleRuleArgs(
        action=storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
        condition=storage.BucketLifecycleRuleConditionArgs(age=_ABANDONED_UPLOAD_DAYS),
    )


def _shared(plan: CenterPlan, capacity: str, project: ProjectOut, net: NetworkOut, keys: Keys) -> pulumi.Output[str]:
    cloud = declared(plan, GcpCloud)
    # CRITICAL: stateful
    instance = filestore.Instance(
        "shared",
        project=project.ids["file"],
        name=plan.name,
        location=cloud.region,
        tier="REGIONAL",
        kms_key_name=keys["file"],
        file_shares=filestore.InstanceFileSharesArgs(
            name=SHARE,
            capacity_gb=share_gib(capacity),
            # Nodes mount; pods have no business with the server.
            nfs_export_options=[
                filestore.InstanceFileSharesNfsExportOptionArgs(
                    ip_ranges=[plan.network.node_cidr], access_mode="READ_WRITE"
                )
            ],
        ),
        networks=[
            filestore.InstanceNetworkArgs(
                network=_peered(net), modes=["MODE_IPV4"], connect_mode="PRIVATE_SERVICE_ACCESS"
            )
        ],
        deletion_protection_enabled=cloud.deletion_protection,
        deletion_protection_reason="the centre's files" if cloud.deletion_protection else None,
        labels=labels(tags(plan)),
        opts=stateful(plan),
    )
    # Not its address: the mount target is a nested part, of which a plan offline knows what was declared and no more.
    return pulumi.Output.from_input(instance.id)


def _parallel(plan: CenterPlan, capacity: str, project: ProjectOut, net: NetworkOut, keys: Keys) -> pulumi.Output[str]:
    cloud = declared(plan, GcpCloud)
    # CRITICAL: stateful. It is in one zone: that of the list which never moves.
    instance = lustre.Instance(
        "parallel",
        project=project.ids["lustre"],
        instance_id=plan.name,
        location=cloud.zones[0],
        filesystem=_LUSTRE_NAME,
        capacity_gib=str(lustre_gib(capacity)),
        per_unit_storage_throughput=str(_LUSTRE_THROUGHPUT),
        network=_peered(net),
        kms_key=keys["lustre"],
        deletion_policy=deletion_policy(plan),
        labels=labels(tags(plan)),
        opts=stateful(plan),
    )
    return pulumi.Output.from_input(instance.mount_point)


def _peered(net: NetworkOut) -> pulumi.Output[str]:
    if net.peered is None:
        raise TypeError("the network was built without file services")
    return net.peered


def share_gib(capacity: str) -> int:
    """What the regional tier sells that holds `capacity`."""
    wanted = max(_gib(capacity), _LEAST_SHARE_GIB)
    return wanted if wanted < _LARGE_SHARE_GIB else ceil(wanted / _SHARE_STEP_GIB) * _SHARE_STEP_GIB


def lustre_gib(capacity: str) -> int:
    """Likewise of Managed Lustre."""
    return ceil(_gib(capacity) / _LUSTRE_STEP_GIB) * _LUSTRE_STEP_GIB


def _gib(capacity: str) -> int:
    return ceil(quantity.parse(capacity) / Fraction(1024**3))
