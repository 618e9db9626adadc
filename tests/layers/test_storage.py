"""A StorageClass for each kind of volume that a cloud offers, under the same name everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from infra.clouds.base import VolumeClass, VolumeKind
from infra.layers.storage import storage_class
from infra.names import OBJECT_STORE, SYSTEM_NAMESPACE
from infra.plan import CenterPlan
from tests.layers.platform import build

KINDS: tuple[VolumeKind, ...] = get_args(VolumeKind)
DEFAULT = "storageclass.kubernetes.io/is-default-class"


def made(kind: VolumeKind, **fields: Any) -> dict[str, Any]:
    return dict(storage_class(kind, VolumeClass("csi.example.com", {"encrypted": "true"}, **fields)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_claim_reads_alike_on_every_cloud(kind: VolumeKind) -> None:
    found = made(kind)
    assert found["metadata"]["name"] == f"aicc-{kind}"
    assert (found["provisioner"], found["parameters"]) == ("csi.example.com", {"encrypted": "true"})


def test_a_claim_that_names_no_class_gets_one_node_s_disk() -> None:
    defaults = [kind for kind in KINDS if made(kind)["metadata"].get("annotations", {}).get(DEFAULT) == "true"]
    assert defaults == ["block"]


def test_files_of_many_nodes_outlive_their_claim() -> None:
    assert {kind: made(kind)["reclaimPolicy"] for kind in KINDS} == {
        "block": "Delete",
        "shared": "Retain",
        "parallel": "Retain",
    }


@pytest.mark.parametrize(("zonal", "mode"), [(True, "WaitForFirstConsumer"), (False, "Immediate")])
def test_a_volume_of_one_zone_is_made_where_its_pod_is(zonal: bool, mode: str) -> None:
    """Or its pod could never reach it."""
    assert made("block", zonal=zonal)["volumeBindingMode"] == mode


def test_mount_options_and_growth_are_the_driver_s() -> None:
    assert "mountOptions" not in made("shared")
    found = made("shared", mount_options=("nfsvers=4.1",), expandable=False)
    assert (found["mountOptions"], found["allowVolumeExpansion"]) == (["nfsvers=4.1"], False)


def test_only_the_kinds_that_the_cloud_offers_are_made(local_plan: CenterPlan) -> None:
    offered = {"block": VolumeClass("disk.example.com"), "shared": VolumeClass("files.example.com")}
    assert set(build(local_plan, volumes=offered).of("StorageClass")) == {"aicc-block", "aicc-shared"}
    assert build(local_plan).of("StorageClass") == {}


def test_the_own_store_runs_after_its_disk_s_class_and_names_its_keys_without_holding_them(
    local_plan: CenterPlan,
) -> None:
    built = build(local_plan, volumes={"block": VolumeClass("disk.example.com")}, service_nodes={"runs": "here"})
    [chart] = [item for item in built.resources.values() if item.name == OBJECT_STORE and "chart" in item.inputs]
    values = chart.inputs["values"]
    assert built.of("StorageClass")["aicc-block"].urn in built.before(chart)
    assert values["storageClassName"] == "aicc-block"
    assert values["nodeSelector"] == {"runs": "here"}
    assert (values["credentials"], chart.inputs["namespace"]) == (OBJECT_STORE, SYSTEM_NAMESPACE)
    assert values["image"]["repository"]
    assert built.of("Secret") == {}


def test_where_no_class_is_made_the_store_takes_the_cluster_s_default(local_plan: CenterPlan) -> None:
    [chart] = [item for item in build(local_plan).resources.values() if item.name == OBJECT_STORE]
    assert chart.inputs["values"]["storageClassName"] == ""


def test_no_store_is_run_where_no_model_is_in_it(local_plan: CenterPlan) -> None:
    built = build(replace(local_plan, own_store=False, caches=(), models=()))
    assert not [item for item in built.resources.values() if item.name == OBJECT_STORE]
