from __future__ import annotations

import pytest

from aicc.apply.applyset import (
    ID_LABEL,
    KINDS_ANNOTATION,
    NAMESPACES_ANNOTATION,
    PARENT_NAMESPACE,
    TOOLING_ANNOTATION,
    Scope,
    applyset_id,
)
from aicc.apply.objects import GroupKind
from aicc.errors import ClusterError

from .builders import Stack, config_map, namespace


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        # Values that k8s.io/kubectl v0.37.2 expects of itself (pkg/cmd/apply/apply_test.go).
        (("my-set", "test", "Secret", ""), "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1"),
        (("my-set", "", "ApplySet", "company.com"), "applyset-rhp1a-HVAVT_dFgyEygyA1BEB82HPp2o10UiFTpqtAs-v1"),
    ],
)
def test_the_id_is_the_one_kubectl_computes(parent: tuple[str, str, str, str], expected: str) -> None:
    assert applyset_id(*parent) == expected


@pytest.mark.parametrize("text", ["ConfigMap", "Deployment.apps", "HTTPRoute.gateway.networking.k8s.io"])
def test_a_kind_is_written_and_read_as_kubectl_does(text: str) -> None:
    assert str(GroupKind.parse(text)) == text


@pytest.mark.cluster
def test_the_inventory_says_where_members_are(stack: Stack) -> None:
    stack.apply(namespace("inventory"), config_map("a", "inventory"), config_map("b", PARENT_NAMESPACE))
    parent = stack.kube.get("v1", "ConfigMap", f"aicc-{stack.name}", PARENT_NAMESPACE)
    assert parent is not None
    assert parent["metadata"]["labels"] == {ID_LABEL: stack.applyset.id}
    annotations = parent["metadata"]["annotations"]
    assert annotations[TOOLING_ANNOTATION].startswith("aicc/")
    assert annotations[KINDS_ANNOTATION] == "ConfigMap,Namespace"
    assert annotations[NAMESPACES_ANNOTATION] == "inventory"
    stack.apply(config_map("b", PARENT_NAMESPACE))
    assert stack.applyset.read() == Scope(frozenset({GroupKind("", "ConfigMap")}))


@pytest.mark.cluster
def test_an_inventory_of_another_tool_is_left_alone(stack: Stack) -> None:
    parent = {"name": stack.applyset.parent, "namespace": PARENT_NAMESPACE}
    foreign = {"labels": {ID_LABEL: stack.applyset.id}, "annotations": {TOOLING_ANNOTATION: "kubectl/v1.37.2"}}
    stack.kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": parent | foreign})
    try:
        with pytest.raises(ClusterError, match="it belongs to kubectl"):
            stack.apply(namespace("never"))
        assert stack.kube.get("v1", "Namespace", "never") is None
    finally:
        stack.kube.delete("v1", "ConfigMap", stack.applyset.parent, PARENT_NAMESPACE)
