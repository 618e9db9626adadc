"""Buckets, keys and file systems on Google Cloud."""

from __future__ import annotations

from typing import Any

import pytest

from aicc.offline.record import Recording
from aicc.offline.values import LATER
from infra.clouds.gcp.storage import lustre_gib, share_gib
from tests.clouds.conftest import needs
from tests.clouds.gcp.example import cluster, declared, made, of

# The SDK's own modules warn of each other when they are imported.
pytestmark = pytest.mark.filterwarnings(r"ignore:gcp\..* has been deprecated in favor of gcp:DeprecationWarning")


def test_no_bucket_can_be_made_public(recording: Recording) -> None:
    for inputs in of(recording, "storage/bucket").values():
        assert inputs["publicAccessPrevention"] == "enforced"
        assert inputs["uniformBucketLevelAccess"] is True


def test_a_bucket_takes_nothing_that_another_key_encrypted(recording: Recording) -> None:
    for inputs in of(recording, "storage/bucket").values():
        assert inputs["encryption"]["defaultKmsKeyName"] == LATER
        assert inputs["encryption"]["googleManagedEncryptionEnforcementConfig"] == {
            "restrictionMode": "FullyRestricted"
        }


def test_objects_grow_cold_and_go_as_declared_and_old_versions_do_not_stay_for_ever(recording: Recording) -> None:
    rules = {name: inputs["lifecycleRules"] for name, inputs in of(recording, "storage/bucket").items()}
    cold = {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}}
    assert [rule["condition"]["age"] for rule in rules["bucket-datasets"] if rule | cold == rule] == [90]
    live = [rule for rule in rules["bucket-checkpoints-research"] if rule["condition"].get("withState") == "LIVE"]
    assert live == [{"action": {"type": "Delete"}, "condition": {"age": 90, "withState": "LIVE"}}]
    for found in rules.values():
        assert {
            "action": {"type": "Delete"},
            "condition": {"daysSinceNoncurrentTime": 30, "withState": "ARCHIVED"},
        } in found


def test_a_deleted_object_can_be_brought_back_for_a_week(recording: Recording) -> None:
    assert {
        inputs["softDeletePolicy"]["retentionDurationSeconds"] for inputs in of(recording, "storage/bucket").values()
    } == {7 * 24 * 3600}


def test_secrets_are_encrypted_with_the_centre_s_key(recording: Recording) -> None:
    [gke] = made(recording, "container/cluster")
    assert gke.inputs["databaseEncryption"] == {"state": "ENCRYPTED", "keyName": LATER}
    assert "key-secrets-container" in needs(recording, gke)


@pytest.mark.parametrize(
    ("kind", "grant"),
    [
        ("container/nodePool", "key-disks-compute"),
        ("storage/bucket", "key-buckets-storage"),
        ("artifactregistry/repository", "key-images-artifactregistry"),
        ("filestore/instance", "key-shared-files-file"),
        ("lustre/instance", "key-parallel-files-lustre"),
    ],
)
def test_what_is_encrypted_waits_until_its_service_may_use_the_key(recording: Recording, kind: str, grant: str) -> None:
    found = made(recording, kind)
    assert found
    assert [resource.name for resource in found if grant not in needs(recording, resource)] == []


def test_every_key_is_rotated_and_used_by_one_service(recording: Recording) -> None:
    keys = made(recording, "kms/cryptoKey")
    assert {key.inputs["rotationPeriod"] for key in keys} == {"7776000s"}
    for key in keys:
        users = [grant for grant in made(recording, "kms/cryptoKeyIAMMember") if key.urn in grant.dependencies]
        assert [user.inputs["role"] for user in users] == ["roles/cloudkms.cryptoKeyEncrypterDecrypter"]


def test_without_protection_nothing_refuses_to_go(recording: Recording) -> None:
    open_ = declared(deletionProtection=False)
    assert cluster(recording)["deletionProtection"] is True
    assert of(recording, "filestore/instance")["shared"]["deletionProtectionEnabled"] is True
    assert cluster(open_)["deletionProtection"] is False
    assert of(open_, "filestore/instance")["shared"]["deletionProtectionEnabled"] is False

    def policies(found: Recording) -> set[Any]:
        return {each.inputs["deletionPolicy"] for each in found.resources if "deletionPolicy" in each.inputs}

    assert policies(recording) == {"PREVENT"}
    assert policies(open_) == {"DELETE"}


@pytest.mark.parametrize(
    ("declared_capacity", "share", "lustre"),
    [("100Gi", 1_024, 9_000), ("10239Gi", 10_239, 18_000), ("10Ti", 10_240, 18_000), ("10241Gi", 12_800, 18_000)],
)
def test_file_systems_are_as_large_as_declared_in_sizes_that_are_sold(
    declared_capacity: str, share: int, lustre: int
) -> None:
    assert (share_gib(declared_capacity), lustre_gib(declared_capacity)) == (share, lustre)


def test_only_nodes_mount_the_shared_files_and_both_wait_for_the_peering(recording: Recording) -> None:
    [shared] = made(recording, "filestore/instance")
    [parallel] = made(recording, "lustre/instance")
    assert [option["ipRanges"] for option in shared.inputs["fileShares"]["nfsExportOptions"]] == [["10.32.0.0/14"]]
    assert {"peering"} <= needs(recording, shared) & needs(recording, parallel)


def test_tags_that_never_move_and_images_that_never_go(recording: Recording) -> None:
    inputs = of(recording, "artifactregistry/repository")["registry"]
    assert inputs["dockerConfig"] == {"immutableTags": True}
    assert "cleanupPolicies" not in inputs
