"""Node pools on AKS."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aicc.offline.record import Recording
from infra import names
from infra.clouds.azure import node_pools
from infra.clouds.azure.node_pools import SYSTEM, physical_name
from infra.config.load import KEY
from infra.plan import CenterPlan
from tests.clouds.azure.example import CONFIG, cluster, declared, of, rights, with_pool


def test_pools_carry_the_plan_s_labels_and_taints(recording: Recording, plan: CenterPlan) -> None:
    pools = of(recording, "containerservice:AgentPool")
    assert set(pools) == {f"pool-{pool.name}" for pool in plan.pools}
    for pool in plan.pools:
        found = pools[f"pool-{pool.name}"]
        assert found["vmSize"] == pool.instance
        assert found["nodeLabels"] == {names.POOL: pool.name, **pool.labels}
        assert found["nodeTaints"] == [f"{taint.key}={taint.value}:{taint.effect}" for taint in pool.taints]
        assert found["availabilityZones"] == list(pool.zones)
        assert found["tags"]["owner"] == pool.owner


def test_labels_that_aks_keeps_for_itself_are_left_to_it(plan: CenterPlan) -> None:
    """Such as an accelerator's; declared ones are refused (`infra.plan.demands`)."""
    labels = {"kubernetes.azure.com/mode": "system", "example.com/rack": "r1"}
    found = node_pools._labels(replace(plan.pools[0], labels=labels))
    assert found == {names.POOL: plan.pools[0].name, "example.com/rack": "r1"}


def test_pools_scale_between_the_declared_bounds(recording: Recording, plan: CenterPlan) -> None:
    for pool in plan.pools:
        found = of(recording, "containerservice:AgentPool")[f"pool-{pool.name}"]
        assert found["count"] == pool.nodes
        assert found["enableAutoScaling"] is pool.scales
        bounds = (found.get("minCount"), found.get("maxCount"))
        assert bounds == ((pool.min_nodes, pool.max_nodes) if pool.scales else (None, None))


def test_spot_pools_are_evicted_and_take_no_upgrade_settings() -> None:
    found = of(with_pool("general", spot=True), "containerservice:AgentPool")["pool-general"]
    assert (found["scaleSetPriority"], found["scaleSetEvictionPolicy"], found["spotMaxPrice"]) == ("Spot", "Delete", -1)
    assert "upgradeSettings" not in found


def test_upgrades_need_no_spare_accelerators(recording: Recording) -> None:
    pools = of(recording, "containerservice:AgentPool")
    assert pools["pool-h200"]["upgradeSettings"]["maxSurge"] == "0"
    assert pools["pool-h200"]["upgradeSettings"]["maxUnavailable"] == "1"
    assert pools["pool-general"]["upgradeSettings"]["maxSurge"] == "10%"


def test_reserved_machines_are_taken_from_their_reservation(recording: Recording) -> None:
    pools = of(recording, "containerservice:AgentPool")
    field = "capacityReservationGroupID"
    reserved = {name: pool[field] for name, pool in pools.items() if field in pool}
    assert reserved == {"pool-a100": CONFIG[KEY]["cloud"]["reservations"]["a100"]}
    assert ("cluster", "CONTRIBUTOR", "a100") in rights(recording)


def test_machines_with_infiniband_stand_together_in_their_zone(recording: Recording) -> None:
    pools = of(recording, "containerservice:AgentPool")
    together = {name for name, pool in pools.items() if "proximityPlacementGroupID" in pool}
    assert together == {"pool-h200", "pool-h100"}
    group = of(recording, "compute:ProximityPlacementGroup")["placement-h100"]
    assert (group["zones"], group["intent"]) == (["1"], {"vmSizes": ["Standard_ND96isr_H100_v5"]})
    spread = with_pool("h100", zones=["1", "2"])
    assert set(of(spread, "compute:ProximityPlacementGroup")) == {"placement-h200"}


def test_no_pool_has_both_a_reservation_and_a_placement_group() -> None:
    """Azure refuses the two together."""
    group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/capacityReservationGroups/h200"
    reserved = of(declared(reservations={"h200": group}), "containerservice:AgentPool")
    assert "proximityPlacementGroupID" not in reserved["pool-h200"]


def test_the_cluster_s_own_services_have_a_pool_of_their_own(recording: Recording) -> None:
    [system] = cluster(recording)["agentPoolProfiles"]
    assert (system["name"], system["mode"], system["count"]) == (SYSTEM, "System", 3)
    assert system["nodeLabels"] == {names.ROLE: "system"}
    assert system["nodeTaints"] == ["CriticalAddonsOnly=true:NoSchedule"]


@given(st.lists(st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?\Z"), min_size=2, max_size=20, unique=True))
def test_every_pool_has_a_name_that_aks_takes_and_no_other_has(pools: list[str]) -> None:
    found = [physical_name(pool) for pool in pools]
    assert all(re.fullmatch(r"[a-z][a-z0-9]{0,11}", name) for name in found)
    assert len(set(found)) == len(found)
    assert SYSTEM not in found
