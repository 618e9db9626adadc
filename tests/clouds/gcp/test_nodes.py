"""Node pools on GKE."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc.offline.record import Recording
from infra import names
from infra.catalogue import load
from infra.clouds.gcp import machines, node_pools
from infra.plan import CenterPlan
from tests.clouds.gcp.example import of, pool_of, pools

# The SDK's own modules warn of each other when they are imported.
pytestmark = pytest.mark.filterwarnings(r"ignore:gcp\..* has been deprecated in favor of gcp:DeprecationWarning")


def test_pools_carry_the_plan_s_labels_and_taints(recording: Recording, plan: CenterPlan) -> None:
    effects = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}
    for pool in plan.pools:
        expected = {key: value for key, value in pool.labels.items() if not key.startswith("cloud.google.com/")}
        for inputs in pools(recording, pool.name):
            config = inputs["nodeConfig"]
            assert config["labels"] | expected == config["labels"]
            assert config["taints"] == [
                {"key": taint.key, "value": taint.value, "effect": effects[taint.effect]} for taint in pool.taints
            ]


def test_labels_that_gke_sets_itself_are_left_to_it(plan: CenterPlan) -> None:
    given_ = {"cloud.google.com/gke-tpu-topology": "2x4", "topology.kubernetes.io/zone": "a", "example.com/rack": "7"}
    assert node_pools.node_labels(pool_of(plan, "general", labels=given_)) == {
        names.POOL: "general",
        "example.com/rack": "7",
    }


def test_pools_have_exactly_the_plan_s_nodes_in_the_plan_s_zones(recording: Recording, plan: CenterPlan) -> None:
    for pool in plan.pools:
        found = pools(recording, pool.name)
        assert {zone for inputs in found for zone in inputs["nodeLocations"]} == set(pool.zones)
        field = "initialNodeCount" if pool.scales else "nodeCount"
        assert sum(inputs[field] for inputs in found) == pool.nodes
        if pool.scales:
            assert sum(inputs["autoscaling"]["totalMinNodeCount"] for inputs in found) == pool.min_nodes
            assert sum(inputs["autoscaling"]["totalMaxNodeCount"] for inputs in found) == pool.max_nodes


@given(nodes=st.integers(1, 400), zones=st.integers(1, 8), more=st.integers(0, 50))
def test_nodes_are_dealt_in_turn_and_none_is_lost(plan: CenterPlan, nodes: int, zones: int, more: int) -> None:
    pool = pool_of(
        plan,
        "general",
        nodes=nodes,
        min_nodes=0,
        max_nodes=nodes + more,
        zones=tuple(f"z-{index}" for index in range(zones)),
    )
    counts = [group.nodes for group in machines.groups(pool)]
    assert sum(counts) == nodes
    assert counts == sorted(counts, reverse=True)
    assert max(counts) - min(counts) <= 1
    assert all(group.least <= group.nodes <= group.most for group in machines.groups(pool))


def test_a_pool_that_grows_keeps_its_node_pools(plan: CenterPlan) -> None:
    """Others would be made, and these with everything on them deleted."""
    names_ = [
        [group.suffix for group in machines.groups(pool_of(plan, "h100", nodes=nodes, max_nodes=nodes))]
        for nodes in (4, 5)
    ]
    assert names_[0] == names_[1]


def test_a_tpu_slice_is_a_node_pool_of_its_own_and_grows_as_a_whole(plan: CenterPlan) -> None:
    pool = pool_of(
        plan,
        "trillium",
        instance="ct6e-standard-4t",
        accelerators_per_node=4,
        labels={machines.TPU_TOPOLOGY: "4x4"},
        nodes=8,
        min_nodes=4,
        max_nodes=12,
    )
    groups = machines.groups(pool)
    assert [(group.nodes, group.least, group.most) for group in groups] == [(4, 4, 4), (4, 0, 4), (0, 0, 4)]
    assert {group.topology for group in groups} == {"4x4"}
    with pytest.raises(ValueError, match="multiple of 4 nodes"):
        machines.groups(dataclasses.replace(pool, nodes=9))


def test_the_machines_of_a_slice_are_asked_for_together(recording: Recording) -> None:
    slices = pools(recording, "trillium-slices")
    assert [(inputs["nodeCount"], inputs["placementPolicy"]) for inputs in slices] == [
        (4, {"type": "COMPACT", "tpuTopology": "4x4"})
    ] * 2


def test_a_tpu_topology_of_one_machine_makes_no_slices(plan: CenterPlan) -> None:
    pool = pool_of(plan, "trillium", labels={machines.TPU_TOPOLOGY: "2x4"})
    assert [group.topology for group in machines.groups(pool)] == [None]


def test_reserved_machines_come_from_the_reservation_and_others_stand_together(recording: Recording) -> None:
    for inputs in pools(recording, "h100"):
        assert inputs["nodeConfig"]["reservationAffinity"] == {
            "consumeReservationType": "SPECIFIC_RESERVATION",
            "key": "compute.googleapis.com/reservation-name",
            "values": ["jinshan-h100"],
        }
        assert "placementPolicy" not in inputs
    [h200] = pools(recording, "h200")
    assert "reservationAffinity" not in h200["nodeConfig"]
    assert h200["placementPolicy"] == {"type": "COMPACT"}


def test_gpus_have_drivers_their_disks_and_their_network(recording: Recording) -> None:
    [h200] = pools(recording, "h200")
    assert h200["nodeConfig"]["guestAccelerators"] == [
        {"type": "nvidia-h200-141gb", "count": 8, "gpuDriverInstallationConfig": {"gpuDriverVersion": "DEFAULT"}}
    ]
    assert h200["nodeConfig"]["ephemeralStorageLocalSsdConfig"] == {"localSsdCount": 32}
    assert h200["networkConfig"]["acceleratorNetworkProfile"] == "auto"


def test_every_gpu_machine_of_the_catalogue_is_known(plan: CenterPlan) -> None:
    """Its accelerator type is not in the catalogue, but Google Cloud asks for it."""
    accelerators = load().accelerators
    unknown = [
        name
        for name, instance in load().instances["gcp"].items()
        if instance.accelerator
        and accelerators[instance.accelerator].kubernetes.resource == machines.GPU
        and machines.series(name) not in machines.GPU_TYPES
    ]
    assert unknown == []


def test_nodes_have_no_public_address_and_do_not_show_their_identity_to_pods(recording: Recording) -> None:
    found = of(recording, "container/nodePool").values()
    for inputs in found:
        config = inputs["nodeConfig"]
        assert inputs["networkConfig"]["enablePrivateNodes"] is True
        assert config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
        assert config["kubeletConfig"]["insecureKubeletReadonlyPortEnabled"] == "FALSE"
        assert config["shieldedInstanceConfig"] == {"enableSecureBoot": True, "enableIntegrityMonitoring": True}
        assert config["serviceAccount"] == "jinshan-nodes@jinshan-compute.iam.gserviceaccount.com"
        assert inputs["management"] == {"autoRepair": True, "autoUpgrade": True}


def test_an_upgrade_of_accelerator_nodes_needs_no_spare_ones(recording: Recording, plan: CenterPlan) -> None:
    for pool in plan.pools:
        for inputs in pools(recording, pool.name):
            assert inputs["upgradeSettings"]["maxSurge"] == (0 if pool.accelerator else 1)
