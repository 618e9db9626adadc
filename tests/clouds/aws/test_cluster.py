"""The EKS cluster: who reaches it, who administers it."""

from __future__ import annotations

import json

import pytest

from aicc.offline.values import Secret
from infra.plan import CenterPlan
from tests.clouds.aws.example import Recorded, planned


@pytest.mark.parametrize("addresses", [[], ["203.0.113.0/28"], ["203.0.113.0/28", "198.51.100.7/32"]])
def test_the_api_server_is_private_unless_addresses_are_allowed(addresses: list[str]) -> None:
    endpoint = planned(apiAccess=addresses).of("Cluster")["cluster"].inputs["vpcConfig"]
    assert endpoint["endpointPrivateAccess"] is True
    assert endpoint["endpointPublicAccess"] is bool(addresses)
    assert endpoint.get("publicAccessCidrs", []) == addresses


def test_nobody_administers_the_cluster_but_those_declared(example: Recorded, plan: CenterPlan) -> None:
    assert example.of("Cluster")["cluster"].inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    admins = {item.inputs["principalArn"] for item in example.of("AccessEntry").values()}
    assert admins == set(plan.cloud.admins) != set()  # type: ignore[union-attr]
    associated = example.of("AccessPolicyAssociation")
    assert {item.inputs["principalArn"] for item in associated.values()} == admins
    assert all(item.inputs["policyArn"].endswith("/AmazonEKSClusterAdminPolicy") for item in associated.values())


def test_the_control_plane_writes_everything_down_where_it_is_kept(example: Recorded) -> None:
    cluster, group = example.of("Cluster")["cluster"], example.of("LogGroup")["logs-audit"]
    assert "audit" in cluster.inputs["enabledClusterLogTypes"]
    assert group.inputs["name"] == f"/aws/eks/{cluster.inputs['name']}/cluster"
    assert group.urn in cluster.dependencies, "EKS would make the group itself, unencrypted and for ever"


def test_network_policies_are_enforced(example: Recorded) -> None:
    add_ons = example.of("Addon")
    assert json.loads(add_ons["add-on-vpc-cni"].inputs["configurationValues"])["enableNetworkPolicy"] == "true"
    for group in example.of("NodeGroup").values():
        assert add_ons["add-on-vpc-cni"].urn in group.dependencies, "a node without it is not ready"


def test_the_kubeconfig_is_a_secret(example: Recorded) -> None:
    assert isinstance(example.outputs["kubeconfig"], Secret)
