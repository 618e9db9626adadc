"""Buckets, and what is in them, are never public."""

from __future__ import annotations

import json
from collections.abc import Iterator

from policy.model import Messages, Props, ResourceRule, Stack, StackRule, Subject, by_type
from policy.read import is_true, items, value

_BLOCKS = {
    "alicloud:oss/bucket:Bucket": "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucket:Bucket": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
}
"""By type of bucket: the resource that keeps it from being made public later."""
_S3_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_EVERYBODY = ("allUsers", "allAuthenticatedUsers")


def _acl(props: Props) -> Iterator[str]:
    found = str(value(props, "acl") or "private")
    if found.startswith(("public", "authenticated")):
        yield f"is {found}; acl must be private"


def _oss_block(props: Props) -> Iterator[str]:
    if not is_true(props, "blockPublicAccess"):
        yield "does not block public access; blockPublicAccess must be true"


def _s3_block(props: Props) -> Iterator[str]:
    off = [name for name in _S3_SWITCHES if not is_true(props, name)]
    if off:
        yield f"does not block public access; {', '.join(off)} must be true"


def _gcs(props: Props) -> Iterator[str]:
    if value(props, "publicAccessPrevention") != "enforced":
        yield "may be made public; publicAccessPrevention must be enforced"


def _gcp_grant(props: Props) -> Iterator[str]:
    members = [value(props, "member"), *items(props, "members")]
    for everybody in (member for member in _EVERYBODY if member in members):
        yield f"grants a role to {everybody}; name the accounts that need it"


def _azure_account(props: Props) -> Iterator[str]:
    if value(props, "allowBlobPublicAccess") is not False:
        yield "may have public containers; allowBlobPublicAccess must be false"


def _azure_container(props: Props) -> Iterator[str]:
    if value(props, "publicAccess") not in (None, "None"):
        yield "is public; publicAccess must be None"


def _namespace(props: Props) -> Iterator[str]:
    if value(props, "defaultVisibility") != "PRIVATE":
        yield "makes its images public; defaultVisibility must be PRIVATE"


def _policy(props: Props) -> Iterator[str]:
    """A statement for everybody is allowed where it denies, or has a condition."""
    found = value(props, "policy")
    document = json.loads(found) if isinstance(found, str) else found or {}
    for statement in document.get("Statement", ()):
        if statement.get("Effect") == "Allow" and _for_everybody(statement) and not statement.get("Condition"):
            yield "allows everybody what its policy says; Principal must name the accounts that need it"


def _for_everybody(statement: Props) -> bool:
    found = statement.get("Principal")
    accounts = found.values() if isinstance(found, dict) else [found]
    return any("*" in (account if isinstance(account, list) else [account]) for account in accounts)


def _blocked(subject: Subject, stack: Stack) -> Messages:
    companion = _BLOCKS.get(subject.type)
    if companion and not any(stack.companions(subject, companion)):
        yield f"may be made public; give it a {companion.rpartition(':')[2]}"


RULES = (
    ResourceRule(
        "buckets-private",
        "No bucket or image registry is public.",
        "mandatory",
        by_type(
            {
                "alicloud:cs/registryEnterpriseNamespace:RegistryEnterpriseNamespace": _namespace,
                "alicloud:oss/bucket:Bucket": _acl,
                "alicloud:oss/bucketAcl:BucketAcl": _acl,
                "alicloud:oss/bucketPolicy:BucketPolicy": _policy,
                "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock": _oss_block,
                "aws:s3/bucket:Bucket": _acl,
                "aws:s3/bucketAcl:BucketAcl": _acl,
                "aws:s3/bucketPolicy:BucketPolicy": _policy,
                "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _s3_block,
                "azure-native:storage:BlobContainer": _azure_container,
                "azure-native:storage:StorageAccount": _azure_account,
                "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": _gcp_grant,
                "gcp:storage/bucket:Bucket": _gcs,
                "gcp:storage/bucketIAMBinding:BucketIAMBinding": _gcp_grant,
                "gcp:storage/bucketIAMMember:BucketIAMMember": _gcp_grant,
            }
        ),
    ),
    StackRule("buckets-stay-private", "Buckets cannot be made public later.", "mandatory", _blocked),
)
