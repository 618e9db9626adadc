"""Velero's location and schedule, for every object store that it has a plugin for."""

from __future__ import annotations

from typing import Any

import pytest

from infra.clouds.base import Identity
from infra.layers import backup
from infra.layers.foundation import PLATFORM_NAMESPACES
from infra.plan import CenterPlan
from infra.plan.workloads import VELERO
from tests.layers.platform import Built, build, store

CONFIG: dict[str, dict[str, Any]] = {
    "s3": {"region": "somewhere-1"},
    "gs": {},
    "azblob": {
        "storageAccount": "ccenter",
        "storageAccountURI": "https://storage.example.com",
        "useAAD": "true",
    },
}
"""What each plugin must be told where no key is given."""


def backed_up(plan: CenterPlan, scheme: str) -> Built:
    return build(plan, operators=("velero",), object_store=lambda: store(scheme))


@pytest.mark.parametrize("scheme", CONFIG)
def test_backups_go_to_their_own_bucket_as_the_service_account_itself(local_plan: CenterPlan, scheme: str) -> None:
    [location] = backed_up(local_plan, scheme).of("BackupStorageLocation").values()
    spec = location.inputs["spec"]
    assert spec["provider"] == backup.PROVIDERS[scheme]
    assert spec["objectStorage"]["bucket"] == "c-backups"
    assert spec["default"] is True
    assert spec["config"] == CONFIG[scheme]
    assert "credential" not in spec, "no key is stored"


def test_on_google_cloud_the_plugin_is_told_which_account_it_is(local_plan: CenterPlan) -> None:
    account = "velero@example-center.iam.gserviceaccount.com"
    built = build(
        local_plan,
        operators=("velero",),
        object_store=lambda: store("gs"),
        identities=lambda: {VELERO: Identity({"iam.gke.io/gcp-service-account": account})},
    )
    [location] = built.of("BackupStorageLocation").values()
    assert location.inputs["spec"]["config"] == {"serviceAccount": account}


def test_there_is_a_case_for_every_provider() -> None:
    assert set(CONFIG) == set(backup.PROVIDERS)


@pytest.mark.parametrize(
    "offers",
    [
        {"capabilities": frozenset({"velero"})},
        {"capabilities": frozenset({"velero"}), "object_store": lambda: store("oss")},
        {"object_store": store},
    ],
    ids=["no bucket", "no plugin for the bucket", "no Velero"],
)
def test_nothing_is_backed_up_without_velero_and_a_bucket_that_it_can_reach(
    local_plan: CenterPlan, offers: dict[str, Any]
) -> None:
    built = build(local_plan, **offers)
    assert built.of("BackupStorageLocation") == built.of("Schedule") == {}


@pytest.mark.parametrize("scheme", CONFIG)
def test_the_schedule_waits_for_the_location_that_it_names(local_plan: CenterPlan, scheme: str) -> None:
    built = backed_up(local_plan, scheme)
    [schedule], [location] = built.of("Schedule").values(), built.of("BackupStorageLocation").values()
    assert schedule.inputs["spec"]["template"]["storageLocation"] == location.inputs["metadata"]["name"]
    assert location.urn in built.before(schedule)
    assert {item.inputs["metadata"]["namespace"] for item in (schedule, location)} == {VELERO}


def test_every_tenant_and_the_platform_are_backed_up(local_plan: CenterPlan) -> None:
    template = backup.schedule(local_plan)["spec"]["template"]
    named = set(template["includedNamespaces"])
    assert {tenant.namespace for tenant in local_plan.tenants} <= named
    assert named - {tenant.namespace for tenant in local_plan.tenants} <= set(PLATFORM_NAMESPACES)
    assert template["includeClusterResources"] is True


def test_a_backup_is_daily_and_kept_for_thirty_days(local_plan: CenterPlan) -> None:
    spec = backup.schedule(local_plan)["spec"]
    minute, hour, *rest = spec["schedule"].split()
    assert (int(minute), int(hour), rest) == (0, 18, ["*", "*", "*"])
    assert spec["template"]["ttl"] == "720h0m0s"
