"""Public buckets."""

from __future__ import annotations

from tests.policy.build import fails, passes, subject
from tests.policy.tokens import ACCOUNT, GCS, OSS, OSS_BLOCK, S3, S3_BLOCK

EVERYBODY = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}]}'
NOBODY = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}'
ALL_OFF = {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}

CASES = [
    *passes(
        "buckets-private",
        subject(OSS, {"acl": "private"}),
        subject(
            "alicloud:cs/registryEnterpriseNamespace:RegistryEnterpriseNamespace", {"defaultVisibility": "PRIVATE"}
        ),
        subject(OSS_BLOCK, {"blockPublicAccess": True}),
        subject("alicloud:oss/bucketPolicy:BucketPolicy", {"policy": NOBODY}),
        subject(S3_BLOCK, ALL_OFF),
        subject(GCS, {"publicAccessPrevention": "enforced"}),
        subject("gcp:storage/bucketIAMMember:BucketIAMMember", {"member": "serviceAccount:a@b"}),
        subject(ACCOUNT, {"allowBlobPublicAccess": False}),
        subject("azure-native:storage:BlobContainer", {"publicAccess": "None"}),
    ),
    *fails(
        "buckets-private",
        (subject(OSS, {"acl": "public-read"}), "is public-read; acl must be private"),
        (subject("alicloud:oss/bucketAcl:BucketAcl", {"acl": "public-read-write"}), "acl must be private"),
        (
            subject(
                "alicloud:cs/registryEnterpriseNamespace:RegistryEnterpriseNamespace", {"defaultVisibility": "PUBLIC"}
            ),
            "defaultVisibility must be PRIVATE",
        ),
        (subject(OSS_BLOCK, {"blockPublicAccess": False}), "blockPublicAccess must be true"),
        (subject("aws:s3/bucketAcl:BucketAcl", {"acl": "authenticated-read"}), "acl must be private"),
        (subject("aws:s3/bucketPolicy:BucketPolicy", {"policy": EVERYBODY}), "Principal must name the accounts"),
        (subject(S3_BLOCK, {**ALL_OFF, "ignorePublicAcls": False}), "ignorePublicAcls must be true"),
        (subject(GCS), "publicAccessPrevention must be enforced"),
        (subject("gcp:storage/bucketIAMMember:BucketIAMMember", {"member": "allUsers"}), "grants a role to allUsers"),
        (
            subject("gcp:storage/bucketIAMBinding:BucketIAMBinding", {"members": ["allAuthenticatedUsers"]}),
            "grants a role to allAuthenticatedUsers",
        ),
        (subject(ACCOUNT, {"allowBlobPublicAccess": True}), "allowBlobPublicAccess must be false"),
        (subject("azure-native:storage:BlobContainer", {"publicAccess": "Blob"}), "publicAccess must be None"),
    ),
    *passes(
        "buckets-stay-private",
        (subject(OSS, name="models"), subject(OSS_BLOCK, of="models", name="block")),
        (subject(S3, name="models"), subject(S3_BLOCK, of="models", name="block")),
        subject(GCS),
    ),
    *fails(
        "buckets-stay-private",
        (subject(OSS), "give it a BucketPublicAccessBlock"),
        (
            (subject(S3, name="models"), subject(S3_BLOCK, of="other", name="block")),
            "Bucket models (aws): may be made public",
        ),
    ),
]
