"""Buckets, files and images on Azure."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from aicc.offline.record import Recording
from infra.clouds.azure.files import LUSTRE_SIZES, lustre_size
from infra.config.storage import BACKUPS, DATASETS, MODELS
from infra.plan import CenterPlan
from infra.plan.workloads import checkpoints_of
from tests.clouds.azure.example import of


def test_no_bucket_can_be_made_public(recording: Recording) -> None:
    for account in of(recording, "storage:StorageAccount").values():
        assert account["allowBlobPublicAccess"] is False
        assert account["publicNetworkAccess"] == "Disabled"
        assert account["networkRuleSet"] == {"defaultAction": "Deny", "bypass": "None"}
    assert {bucket["publicAccess"] for bucket in of(recording, "storage:BlobContainer").values()} == {"None"}


def test_nobody_gets_in_with_an_account_s_key_or_without_tls(recording: Recording) -> None:
    for account in of(recording, "storage:StorageAccount").values():
        assert account["allowSharedKeyAccess"] is False
        assert account["isLocalUserEnabled"] is False
        assert (account["enableHttpsTrafficOnly"], account["minimumTlsVersion"]) == (True, "TLS1_2")


def test_what_is_deleted_or_written_over_can_be_had_back(recording: Recording) -> None:
    [service] = of(recording, "storage:BlobServiceProperties").values()
    kept = {"enabled": True, "days": 30}
    assert service["isVersioningEnabled"] is True
    assert (service["deleteRetentionPolicy"], service["containerDeleteRetentionPolicy"]) == (kept, kept)


def test_buckets_get_cold_and_expire_as_declared(recording: Recording, plan: CenterPlan) -> None:
    rules = {
        rule["name"]: rule["definition"]
        for rule in of(recording, "storage:ManagementPolicy")["lifecycle"]["policy"]["rules"]
    }
    current = {name: rule["actions"].get("baseBlob") for name, rule in rules.items()}
    assert current == {
        MODELS: None,
        DATASETS: {"tierToCool": {"daysAfterModificationGreaterThan": 90}},
        **{
            checkpoints_of(tenant.name): {"delete": {"daysAfterModificationGreaterThan": 90}} for tenant in plan.tenants
        },
        BACKUPS: {
            "tierToCool": {"daysAfterModificationGreaterThan": 30},
            "delete": {"daysAfterModificationGreaterThan": 400},
        },
    }
    assert {name: rule["filters"]["prefixMatch"] for name, rule in rules.items()} == {
        name: [f"{name}/"] for name in rules
    }


def test_the_registry_is_closed_and_keeps_untagged_images(recording: Recording) -> None:
    [registry] = of(recording, "containerregistry:Registry").values()
    assert registry["publicNetworkAccess"] == "Disabled"
    assert (registry["adminUserEnabled"], registry["anonymousPullEnabled"]) == (False, False)
    # Pods name images by digest: one that lost its tag may be in use.
    assert "retentionPolicy" not in registry["policies"]


def test_every_closed_service_has_an_address_inside(recording: Recording) -> None:
    groups = {
        name: endpoint["privateLinkServiceConnections"][0]["groupIds"]
        for name, endpoint in of(recording, "network:PrivateEndpoint").items()
    }
    assert groups == {
        "endpoint-buckets": ["blob"],
        "endpoint-files": ["file"],
        "endpoint-registry": ["registry"],
        "endpoint-secrets": ["vault"],
    }
    assert set(of(recording, "network:PrivateDnsZoneGroup")) == set(groups)


@given(st.fractions(min_value=Fraction(1, 1024), max_value=768))
def test_lustre_is_never_smaller_than_declared_and_is_a_size_that_is_sold(tebibytes: Fraction) -> None:
    kind, size = lustre_size(tebibytes)
    [(step, largest)] = [(step, largest) for found, step, largest in LUSTRE_SIZES if found == kind]
    assert tebibytes <= size <= largest
    assert size % step == 0
