"""The buckets: in the account's own namespace, encrypted with the centre's key, versioned, closed, over TLS only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from infra.clouds.aws.documents import deny_plain_text, document
from infra.clouds.aws.keys import KeyRing
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.scope import Scope
from infra.clouds.base import ObjectStore
from infra.config.storage import Bucket

_NAME_LIMIT = 63
_ACCOUNT_LENGTH = 12
_OLD_VERSIONS_DAYS = 30
"""How long what was overwritten or deleted can be had back."""
_UNFINISHED_UPLOADS_DAYS = 7


@dataclass(frozen=True)
class StorageOut:
    """The buckets, for whoever is given rights to them."""

    object_store: ObjectStore
    arns: Mapping[str, pulumi.Output[str]]
    """By role."""


def build(scope: Scope, network: NetworkOut, keys: KeyRing) -> StorageOut:
    """Register the buckets."""
    declared = scope.plan.storage.buckets if scope.plan.storage else ()
    buckets = {bucket.name: _bucket(scope, network, keys, bucket) for bucket in declared}
    return StorageOut(
        object_store=ObjectStore(
            scheme="s3",
            region=scope.region,
            endpoint=f"s3.{scope.region}.amazonaws.com",
            buckets={role: bucket.bucket for role, bucket in buckets.items()},
        ),
        arns={role: bucket.arn for role, bucket in buckets.items()},
    )


def _bucket(scope: Scope, network: NetworkOut, keys: KeyRing, declared: Bucket) -> s3.Bucket:
    role = f"bucket-{declared.name}"
    bucket = s3.Bucket(
        role,  # CRITICAL: stateful
        bucket=_physical_name(scope, network, declared),
        bucket_namespace="account-regional",
        force_destroy=False,
        tags=scope.tags(),
        opts=scope.stateful(),
    )
    below = pulumi.ResourceOptions(parent=bucket)
    closed = s3.BucketPublicAccessBlock(
        role,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=below,
    )
    s3.BucketOwnershipControls(
        role,
        bucket=bucket.id,
        rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=below,
    )
    s3.BucketVersioning(
        role,
        bucket=bucket.id,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=below,
    )
    _encrypt(role, bucket, keys, below)
    s3.BucketLifecycleConfiguration(role, bucket=bucket.id, rules=[_lifecycle(declared)], opts=below)
    s3.BucketPolicy(
        role,
        bucket=bucket.id,
        policy=document(deny_plain_text(bucket.arn)),
        # Two changes of a bucket's access at a time are refused.
        opts=pulumi.ResourceOptions(parent=bucket, depends_on=[closed]),
    )
    return bucket


def _physical_name(scope: Scope, network: NetworkOut, declared: Bucket) -> pulumi.Output[str]:
    """Of the account's own namespace: nobody else can have taken it, or take it later."""
    suffix = f"-{scope.region}-an"
    prefix = scope.name(declared.name, limit=_NAME_LIMIT - len(suffix) - _ACCOUNT_LENGTH - 1)
    return pulumi.Output.concat(prefix, "-", network.account, suffix)


def _encrypt(role: str, bucket: s3.Bucket, keys: KeyRing, options: pulumi.ResourceOptions) -> None:
    default = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms", kms_master_key_id=keys.storage.arn
    )
    s3.BucketServerSideEncryptionConfiguration(
        role,
        bucket=bucket.id,
        rules=[
            s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default, bucket_key_enabled=True
            )
        ],
        opts=options,
    )


def _lifecycle(declared: Bucket) -> s3.BucketLifecycleConfigurationRuleArgs:
    cold, expire = declared.cold_after_days, declared.expire_after_days
    return s3.BucketLifecycleConfigurationRuleArgs(
        id="lifecycle",
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        transitions=[s3.BucketLifecycleConfigurationRuleTransitionArgs(days=cold, storage_class="STANDARD_IA")]
        if cold
        else None,
        expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expire) if expire else None,
        noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=_OLD_VERSIONS_DAYS
        ),
        abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=_UNFINISHED_UPLOADS_DAYS
        ),
    )
