from __future__ import annotations

from typing import Any

import pytest

from aicc.offline.graph import Graph
from infra import names
from infra.clouds.base import Endpoint
from infra.config.models import Network
from infra.layers.network import allow_cloud, allow_within, default_deny


def test_default_deny_allows_only_dns() -> None:
    spec: dict[str, Any] = default_deny("a")["spec"]
    assert spec["podSelector"] == {}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec
    [rule] = spec["egress"]
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("UDP", 53), ("TCP", 53)}


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_allow_within_opens_nothing_to_another_namespace(direction: str) -> None:
    [rule] = allow_within("a")["spec"][direction]
    [peer] = rule["from" if direction == "ingress" else "to"]
    assert peer == {"podSelector": {}}


def test_pods_that_use_the_cloud_reach_its_services_and_what_identifies_them_and_nothing_inside() -> None:
    network = Network(podCidr="10.64.0.0/14", serviceCidr="10.96.0.0/16")
    spec = allow_cloud("a", network, (Endpoint("169.254.170.23/32", 80),))["spec"]
    assert spec["podSelector"] == {"matchLabels": {names.DATA: "true"}}
    assert spec["policyTypes"] == ["Egress"], "nothing comes in by it"
    services, identity = spec["egress"]
    [peer] = services["to"]
    assert set(peer["ipBlock"]["except"]) == {"10.64.0.0/14", "10.96.0.0/16"}
    assert [port["port"] for port in services["ports"]] == [443]
    assert identity["to"] == [{"ipBlock": {"cidr": "169.254.170.23/32"}}]
    assert [port["port"] for port in identity["ports"]] == [80]


def test_a_policy_is_in_the_namespace_it_closes() -> None:
    for policy in (default_deny("a"), allow_within("a")):
        assert policy["metadata"]["namespace"] == "a"


def test_every_namespace_of_the_centre_denies_by_default(local_graph: Graph) -> None:
    namespaces = {manifest.name for manifest in local_graph.manifests if manifest.kind == "Namespace"}
    closed = {manifest.namespace for manifest in local_graph.manifests if manifest.name == "default-deny"}
    assert closed == namespaces
