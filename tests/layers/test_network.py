from __future__ import annotations

from typing import Any

import pytest

from aicc.offline.graph import Graph
from infra.layers.network import allow_within, default_deny


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


def test_a_policy_is_in_the_namespace_it_closes() -> None:
    for policy in (default_deny("a"), allow_within("a")):
        assert policy["metadata"]["namespace"] == "a"


def test_every_namespace_of_the_centre_denies_by_default(local_graph: Graph) -> None:
    namespaces = {manifest.name for manifest in local_graph.manifests if manifest.kind == "Namespace"}
    closed = {manifest.namespace for manifest in local_graph.manifests if manifest.name == "default-deny"}
    assert closed == namespaces
