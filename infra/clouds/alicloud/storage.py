"""Object buckets: encrypted with the centre's key, versioned, logged, and closed to the public and to plain HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_alicloud import oss

from infra.clouds.alicloud.keys import KeyRing
from infra.clouds.alicloud.scope import Scope
from infra.clouds.base import ObjectStore
from infra.config.storage import Bucket, Storage

ACCESS_LOGS, IMAGES = "access-logs", "images"
"""The centre's own buckets, beside the declared ones."""
_REGISTRY_PREFIX = "cri"
"""ACR reaches only buckets whose names start with it."""
_LONGEST_NAME = 63 - len("cri-")
_LOG_DAYS, _OLD_VERSION_DAYS, _BROKEN_UPLOAD_DAYS = 365, 30, 7


@dataclass(frozen=True)
class Buckets:
    """The buckets, for those who read and write them."""

    names: Mapping[str, pulumi.Output[str]]
    """Physical names of the declared ones, by role."""
    images: pulumi.Output[str] | None
    """The registry's."""
    object_store: ObjectStore


def build(scope: Scope, keys: KeyRing) -> Buckets:
    """Register the buckets."""
    storage = scope.plan.storage or Storage()
    logs = _bucket(scope, Bucket(name=ACCESS_LOGS, expireAfterDays=_LOG_DAYS), None, None)
    names = {bucket.name: _bucket(scope, bucket, keys, logs) for bucket in storage.buckets}
    images = _bucket(scope, Bucket(name=IMAGES), keys, logs, prefix=_REGISTRY_PREFIX) if storage.registry else None
    return Buckets(
        names=names,
        images=images,
        object_store=ObjectStore(
            scheme="oss",
            region=scope.cloud.region,
            endpoint=f"oss-{scope.cloud.region}-internal.aliyuncs.com",
            buckets=names,
        ),
    )


def _bucket(
    scope: Scope, bucket: Bucket, keys: KeyRing | None, logs: pulumi.Output[str] | None, *, prefix: str = ""
) -> pulumi.Output[str]:
    """A bucket, and its name; without `keys`, OSS encrypts with a key of its own."""
    # Names are everybody's: whose it is and where it is keep it apart.
    name = "-".join(filter(None, (prefix, scope.name(bucket.name, scope.cloud.region, limit=_LONGEST_NAME))))
    made = oss.Bucket(
        f"bucket-{bucket.name}",  # CRITICAL: stateful
        bucket=name,
        storage_class="Standard",
        redundancy_type="ZRS",
        versioning=oss.BucketVersioningArgs(status="Enabled"),
        server_side_encryption_rule=oss.BucketServerSideEncryptionRuleArgs(
            sse_algorithm="KMS" if keys else "AES256", kms_master_key_id=keys.storage.id if keys else None
        ),
        lifecycle_rules=_lifecycle(bucket),
        logging=oss.BucketLoggingArgs(target_bucket=logs, target_prefix=f"{bucket.name}/") if logs else None,
        force_destroy=False,
        tags=scope.tags(bucket=bucket.name),
        opts=scope.stateful(ignore=("policy", "acl")),
    )
    _closed(scope, bucket.name, name, made)
    return pulumi.Output.from_input(made.bucket)


def _closed(scope: Scope, role: str, name: str, made: oss.Bucket) -> None:
    oss.BucketPublicAccessBlock(f"bucket-{role}", bucket=made.bucket, block_public_access=True, opts=scope.options())
    whole = [f"acs:oss:*:*:{name}", f"acs:oss:*:*:{name}/*"]
    plain_http = {
        "Effect": "Deny",
        "Principal": ["*"],
        "Action": ["oss:*"],
        "Resource": whole,
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    }
    oss.BucketPolicy(
        f"bucket-{role}",
        bucket=made.bucket,
        policy=json.dumps({"Version": "1", "Statement": [plain_http]}),
        opts=scope.options(),
    )


def _lifecycle(bucket: Bucket) -> list[oss.BucketLifecycleRuleArgs]:
    cold, expire = bucket.cold_after_days, bucket.expire_after_days
    return [
        oss.BucketLifecycleRuleArgs(
            id="center",
            prefix="",
            enabled=True,
            transitions=[oss.BucketLifecycleRuleTransitionArgs(days=cold, storage_class="IA")] if cold else None,
            expirations=[oss.BucketLifecycleRuleExpirationArgs(days=expire)] if expire else None,
            noncurrent_version_expirations=[
                oss.BucketLifecycleRuleNoncurrentVersionExpirationArgs(days=_OLD_VERSION_DAYS)
            ],
            abort_multipart_uploads=[oss.BucketLifecycleRuleAbortMultipartUploadArgs(days=_BROKEN_UPLOAD_DAYS)],
        )
    ]
