"""Buckets, keys and file systems on AWS."""

from __future__ import annotations

import pytest

from infra.clouds.aws import files
from infra.config.storage import FileSystem
from tests.clouds.aws.example import Recorded, needs


def test_no_bucket_can_be_made_public(example: Recorded) -> None:
    blocks = example.of("BucketPublicAccessBlock")
    assert set(blocks) == set(example.of("Bucket"))
    for block in blocks.values():
        assert [value for key, value in block.inputs.items() if key != "bucket"] == [True] * 4
    for owner in example.of("BucketOwnershipControls").values():
        assert owner.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_every_bucket_is_versioned_and_encrypted_with_the_centre_s_key(example: Recorded) -> None:
    buckets = set(example.of("Bucket"))
    versioning, encryption = example.of("BucketVersioning"), example.of("BucketServerSideEncryptionConfiguration")
    assert buckets == set(versioning) == set(encryption) != set()
    for name in buckets:
        assert versioning[name].inputs["versioningConfiguration"] == {"status": "Enabled"}
        (rule,) = encryption[name].inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        assert rule["bucketKeyEnabled"] is True
        assert needs(encryption[name], "Key", "key-storage")


def test_objects_move_and_go_when_the_stack_says(example: Recorded) -> None:
    rules = {name: item.inputs["rules"][0] for name, item in example.of("BucketLifecycleConfiguration").items()}
    assert rules["bucket-checkpoints-research"]["transitions"] == [{"days": 30, "storageClass": "STANDARD_IA"}]
    assert rules["bucket-checkpoints-research"]["expiration"] == {"days": 180}
    assert "expiration" not in rules["bucket-datasets"]
    assert "transitions" not in rules["bucket-models"]
    assert all(rule["noncurrentVersionExpiration"] for rule in rules.values())


def test_secrets_are_encrypted_with_the_centre_s_key(example: Recorded) -> None:
    cluster = example.of("Cluster")["cluster"]
    assert cluster.inputs["encryptionConfig"]["resources"] == ["secrets"]
    assert needs(cluster, "Key", "key-secrets")


def test_every_key_rotates(example: Recorded) -> None:
    keys = example.of("Key")
    assert set(keys) == {"key-secrets", "key-disks", "key-storage", "key-logs"}
    assert all(key.inputs["enableKeyRotation"] is True for key in keys.values())


def test_files_images_and_logs_are_encrypted_with_the_centre_s_keys(example: Recorded) -> None:
    assert needs(example.of("FileSystem")["files-shared"], "Key", "key-storage")
    assert example.of("FileSystem")["files-shared"].inputs["encrypted"] is True
    assert needs(example.of("LustreFileSystem")["files-parallel"], "Key", "key-storage")
    repositories = example.of("Repository")
    assert {name.removeprefix("repository-") for name in repositories} == {
        "engines",
        "tenant-research",
        "tenant-enterprise",
        "tenant-cloud",
    }
    for repository in repositories.values():
        assert needs(repository, "Key", "key-storage")
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    assert all(needs(group, "Key", "key-logs") for group in example.of("LogGroup").values())


def test_claimed_disks_are_encrypted_with_the_centre_s_key(example: Recorded) -> None:
    block = example.classes["aicc-block"]
    assert block.inputs["provisioner"] == "ebs.csi.aws.com"
    assert block.inputs["parameters"]["encrypted"] == "true"
    assert needs(block, "Key", "key-disks")
    assert needs(example.classes["aicc-shared"], "FileSystem", "files-shared")


@pytest.mark.parametrize(
    ("declared", "sold"), [("1Gi", 1_200), ("1200Gi", 1_200), ("1201Gi", 2_400), ("48Ti", 50_400), ("50400Gi", 50_400)]
)
def test_lustre_is_as_large_as_declared_in_sizes_that_are_sold(declared: str, sold: int) -> None:
    assert files.lustre_gib(FileSystem(capacity=declared)) == sold
