"""Subnets, node groups and machines on AWS."""

from __future__ import annotations

from typing import Any

from infra.names import POOL, ROLE
from infra.plan import CenterPlan
from tests.clouds.aws.example import EFA_NODE_GROUPS, Recorded, needs, planned


def test_only_nat_gateways_are_in_public_subnets(example: Recorded) -> None:
    public = {name for name in example.of("Subnet") if name.startswith("public-")}
    assert len(public) == 3
    users = {
        item.type.rpartition(":")[2]
        for item in example.resources
        if any(needs(item, "Subnet", subnet) for subnet in public)
    }
    assert users == {"NatGateway", "RouteTableAssociation"}
    assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in example.of("Subnet").values())


def test_a_zone_that_is_appended_moves_no_subnet(example: Recorded) -> None:
    def ranges(recorded: Recorded) -> set[tuple[str, str]]:
        return {(name, item.inputs["cidrBlock"]) for name, item in recorded.of("Subnet").items()}

    more = planned(zones=["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"])
    assert ranges(example) < ranges(more)
    assert len({cidr for _, cidr in ranges(more)}) == 8


def test_pools_carry_the_plan_s_labels_and_taints(example: Recorded, plan: CenterPlan) -> None:
    groups = example.of("NodeGroup")
    for pool in plan.pools:
        own = [item for name, item in groups.items() if name.startswith(f"pool-{pool.name}")]
        assert own
        for group in own:
            assert group.inputs["labels"] == {**pool.labels, POOL: pool.name}
            assert [(taint["key"], taint["value"], taint["effect"]) for taint in group.inputs["taints"]] == [
                (taint.key, taint.value, "NO_SCHEDULE") for taint in pool.taints
            ]
            assert group.inputs["tags"]["owner"] == pool.owner
    assert groups["pool-system"].inputs["labels"][ROLE] == "system"


def test_every_declared_node_is_in_some_node_group(example: Recorded, plan: CenterPlan) -> None:
    for pool in plan.pools:
        sizes = [
            item.inputs["scalingConfig"]
            for name, item in example.of("NodeGroup").items()
            if name.startswith(f"pool-{pool.name}")
        ]
        assert sum(size["desiredSize"] for size in sizes) == pool.nodes
        assert (sum(size["minSize"] for size in sizes), sum(size["maxSize"] for size in sizes)) == (
            pool.min_nodes,
            pool.max_nodes,
        )


def test_machines_with_efa_have_one_on_every_network_card(example: Recorded) -> None:
    for name, cards in EFA_NODE_GROUPS.items():
        first, *efa = example.of("LaunchTemplate")[f"pool-{name}"].inputs["networkInterfaces"]
        assert (first["interfaceType"], first["associatePublicIpAddress"]) == ("interface", "false")
        assert [(item["interfaceType"], item["networkCardIndex"]) for item in efa] == [
            ("efa-only", card) for card in range(cards)
        ]
        places = [(item["networkCardIndex"], item["deviceIndex"]) for item in (first, *efa)]
        assert len(set(places)) == cards + 1
        assert all(len(item["securityGroups"]) == 2 for item in efa)


def test_machines_with_efa_are_close_together_in_one_zone(example: Recorded) -> None:
    templates, groups = example.of("LaunchTemplate"), example.of("NodeGroup")
    for name in EFA_NODE_GROUPS:
        assert len(groups[f"pool-{name}"].inputs["subnetIds"]) == 1
        reserved = "capacityReservationSpecification" in templates[f"pool-{name}"].inputs
        assert ("placement" in templates[f"pool-{name}"].inputs) is not reserved
    assert all(item.inputs["strategy"] == "cluster" for item in example.of("PlacementGroup").values())


def test_reserved_machines_are_taken_from_their_reservation(example: Recorded) -> None:
    templates, groups = example.of("LaunchTemplate"), example.of("NodeGroup")

    def target(name: str) -> Any:
        return templates[name].inputs["capacityReservationSpecification"]["capacityReservationTarget"]

    assert target("pool-h200-us-west-2a") == {"capacityReservationId": "cr-0123456789abcdef0"}
    assert groups["pool-h200-us-west-2a"].inputs["capacityType"] == "ON_DEMAND"
    assert target("pool-h100-us-west-2b") == {"capacityReservationId": "cr-0fedcba9876543210"}
    assert templates["pool-h100-us-west-2b"].inputs["instanceMarketOptions"] == {"marketType": "capacity-block"}
    assert groups["pool-h100-us-west-2b"].inputs["capacityType"] == "CAPACITY_BLOCK"
    assert groups["pool-batch"].inputs["capacityType"] == "SPOT"


def test_nodes_have_encrypted_disks_and_keep_their_metadata_from_pods(example: Recorded) -> None:
    for template in example.of("LaunchTemplate").values():
        assert template.inputs["metadataOptions"] == {
            "httpEndpoint": "enabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        }
        (disk,) = template.inputs["blockDeviceMappings"]
        assert disk["ebs"]["encrypted"] == "true"
        assert needs(template, "Key", "key-disks")


def test_nodes_repair_themselves_and_scarce_ones_are_not_doubled_for_an_update(
    example: Recorded, plan: CenterPlan
) -> None:
    scarce = {pool.name for pool in plan.pools if pool.accelerator}
    for group in example.of("NodeGroup").values():
        assert group.inputs["nodeRepairConfig"] == {"enabled": True}
        expected = "MINIMAL" if group.inputs["labels"][POOL] in scarce else "DEFAULT"
        assert group.inputs["updateConfig"]["updateStrategy"] == expected


def test_accelerators_have_the_machine_image_with_their_driver(example: Recorded) -> None:
    images = {name.removeprefix("pool-"): item.inputs["amiType"] for name, item in example.of("NodeGroup").items()}
    assert images["h100-us-west-2b"] == images["h200-us-west-2a"] == "AL2023_x86_64_NVIDIA"
    assert images["inferentia"] == "AL2023_x86_64_NEURON"
    assert images["general"] == images["system"] == "AL2023_x86_64_STANDARD"
