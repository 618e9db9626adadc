from __future__ import annotations

import json
import os
import subprocess

import pytest

from aicc.apply.applyset import PART_OF_LABEL, applyset_id
from aicc.errors import ClusterError, NotReadyError
from aicc.kube.client import Kube
from aicc.kube.transport import ApiError
from aicc.local.cluster import LocalCluster
from aicc.manifests import Manifest
from aicc.progress import Reporter
from aicc.toolbox import ensure
from tests.support.centre import eventually

from .builders import Stack, config_map, custom_kind, deployment, manifest, namespace, ref

pytestmark = pytest.mark.cluster


def test_create_nothing_change_prune_destroy(stack: Stack) -> None:
    home, one, two, app = (
        namespace("life"),
        config_map("one", "life"),
        config_map("two", "life"),
        deployment("app", "life", accelerators=1, wave=2),
    )
    assert len(stack.apply(home, one, two, app).created) == 4
    assert len(stack.apply(home, one, two, app).unchanged) == 4

    outcome = stack.apply(home, one, config_map("two", "life", {"key": "other"}), app)
    assert (outcome.changed, len(outcome.unchanged)) == ((ref("ConfigMap", "two", "life"),), 3)

    outcome = stack.apply(home, app)
    assert set(outcome.pruned) == {ref("ConfigMap", "one", "life"), ref("ConfigMap", "two", "life")}
    assert stack.live() == {}

    assert set(stack.destroy().pruned) == {ref("Namespace", "life"), ref("Deployment", "app", "life", "apps")}
    assert stack.kube.get("v1", "Namespace", "life") is None
    assert stack.applyset.read() is None
    assert stack.destroy().pruned == ()


def test_a_field_that_someone_else_changed_is_set_back(stack: Stack) -> None:
    declared = (namespace("drift"), config_map("one", "drift"))
    stack.apply(*declared)
    stack.kube.patch("v1", "ConfigMap", "one", {"data": {"key": "theirs", "more": "kept"}}, "drift")
    assert stack.apply(*declared).changed == (ref("ConfigMap", "one", "drift"),)
    assert stack.live()["drift/one"]["data"] == {"key": "value", "more": "kept"}


def test_a_namespaced_object_without_a_namespace_is_not_pruned_as_another(stack: Stack) -> None:
    plain = manifest("ConfigMap", "no-namespace", data={})
    stack.apply(plain)
    outcome = stack.apply(plain)
    assert (outcome.unchanged, outcome.pruned) == ((ref("ConfigMap", "no-namespace", "default"),), ())


def test_a_kind_is_defined_used_and_removed_in_one_run_each(stack: Stack, cluster: LocalCluster) -> None:
    group = "define.example.com"
    widget = manifest("Widget", "w", "custom", apiVersion=f"{group}/v1", spec={"size": 1})
    assert len(stack.apply(custom_kind(group), namespace("custom"), widget).created) == 3
    assert len(stack.apply(custom_kind(group), namespace("custom"), widget).unchanged) == 3
    assert stack.destroy().pruned == (
        ref("Widget", "w", "custom", group),
        ref("CustomResourceDefinition", f"widgets.{group}", group="apiextensions.k8s.io"),
        ref("Namespace", "custom"),
    )
    with Kube.from_kubeconfig(cluster.kubeconfig) as fresh:
        assert fresh.find_resource(group, "Widget") is None


def test_copies_that_a_controller_makes_are_not_pruned(stack: Stack) -> None:
    """The EndpointSlice of a Service carries the Service's labels, the set's among them."""
    service = manifest("Service", "web", "slices", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    own = manifest(
        "EndpointSlice", "own", "slices", apiVersion="discovery.k8s.io/v1", addressType="IPv4", endpoints=[], ports=[]
    )
    stack.apply(namespace("slices"), service, deployment("web", "slices"), own)
    assert len(stack.live("discovery.k8s.io/v1", "EndpointSlice")) == 2
    assert stack.apply(namespace("slices"), service, deployment("web", "slices"), own).pruned == ()


def test_an_object_of_another_set_is_refused_by_name(stack: Stack, reporter: Reporter) -> None:
    other = Stack(stack.kube, "the-owner", reporter)
    other.apply(namespace("owned"), config_map("theirs", "owned"))
    with pytest.raises(ClusterError, match=r"ConfigMap owned/theirs belongs to .* kube-system/aicc-the-owner"):
        stack.apply(namespace("untouched"), config_map("theirs", "owned"))
    assert stack.kube.get("v1", "Namespace", "untouched") is None
    assert set(other.live()) == {"owned/theirs"}


def test_what_somebody_else_made_is_not_taken_over(stack: Stack) -> None:
    stack.apply(namespace("adopt"))
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": "adopt"}}
    stack.kube.create({**theirs, "data": {"key": "theirs"}})
    declared = (namespace("adopt"), config_map("new", "adopt"), config_map("theirs", "adopt"))
    with pytest.raises(ClusterError, match="ConfigMap adopt/theirs") as error:
        stack.apply(*declared)
    assert "nothing was changed" in error.value.message
    assert stack.live() == {}
    assert error.value.hint is not None
    assert stack.applyset.id in error.value.hint
    stack.kube.patch("v1", "ConfigMap", "theirs", {"metadata": {"labels": {PART_OF_LABEL: stack.applyset.id}}}, "adopt")
    stack.apply(*declared)
    assert set(stack.live()) == {"adopt/new", "adopt/theirs"}


def test_an_object_declared_twice_is_refused(stack: Stack) -> None:
    with pytest.raises(ClusterError, match="ConfigMap default/same more than once"):
        stack.apply(manifest("ConfigMap", "same"), config_map("same", "default"))


def test_everything_that_is_refused_is_reported_together(stack: Stack) -> None:
    wrong = [manifest("ConfigMap", f"wrong-{number}", "refused", dta={}) for number in range(25)]
    with pytest.raises(ClusterError) as caught:
        stack.apply(namespace("refused"), config_map("right", "refused"), *wrong)
    assert "refused 25 of 26 objects" in caught.value.message
    assert ".dta: field not declared in schema" in caught.value.message
    assert "and 5 more" in caught.value.message
    assert set(stack.live()) == {"refused/right"}


def test_a_policy_refuses_in_its_own_words(stack: Stack) -> None:
    policy = "admissionregistration.k8s.io/v1"
    constraints = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "policed"}},
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
        ],
    }
    validation = {"expression": "!('forbidden' in object.data)", "message": "no forbidden keys in this centre"}
    stack.apply(
        namespace("policed"),
        manifest(
            "ValidatingAdmissionPolicy",
            "no-forbidden",
            apiVersion=policy,
            spec={"matchConstraints": constraints, "validations": [validation]},
        ),
        manifest(
            "ValidatingAdmissionPolicyBinding",
            "no-forbidden",
            apiVersion=policy,
            spec={"policyName": "no-forbidden", "validationActions": ["Deny"]},
        ),
    )
    forbidden = config_map("c", "policed", {"forbidden": "1"})
    eventually(lambda: _is_refused(stack.kube, forbidden), "the API server sees the policy")
    with pytest.raises(ClusterError, match=r"ConfigMap policed/c: .*no forbidden keys in this centre"):
        Stack(stack.kube, "policed", stack.reporter).apply(forbidden)


def _is_refused(kube: Kube, declared: Manifest) -> bool:
    try:
        kube.apply(declared.body, "test", dry_run=True)
    except ApiError:
        return True
    return False


def test_a_quota_refuses_in_its_own_words(stack: Stack) -> None:
    quota = manifest("ResourceQuota", "q", "tight", spec={"hard": {"count/configmaps": "1"}})
    with pytest.raises(ClusterError, match="exceeded quota: q, requested: count/configmaps=1"):
        stack.apply(namespace("tight"), quota, *(config_map(f"c{n}", "tight", wave=2) for n in range(3)))


def test_what_is_not_ready_is_named_with_the_schedulers_reason(stack: Stack) -> None:
    with pytest.raises(NotReadyError) as caught:
        stack.apply(namespace("greedy"), deployment("greedy", "greedy", accelerators=9), timeout_seconds=3)
    assert "1 of 1 objects are not ready after 3 s" in caught.value.message
    assert "Deployment greedy/greedy: Available: 0/1; Pod greedy-" in caught.value.message
    assert "1 Insufficient alibabacloud.com/ppu" in caught.value.message


def test_what_has_failed_is_given_up_before_the_time_is_over(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aicc.apply.wait.FAILED_SECONDS", 0.5)
    hopeless = deployment("hopeless", "failed", accelerators=9)
    hopeless.body["spec"]["progressDeadlineSeconds"] = 1
    with pytest.raises(NotReadyError, match=r"objects are not ready:\n  .*Progress deadline exceeded; Pod hopeless-"):
        stack.apply(namespace("failed"), hopeless)


def test_a_workload_that_left_makes_room_for_the_one_that_came(stack: Stack) -> None:
    home = namespace("room")
    stack.apply(home, deployment("old", "room", accelerators=8))
    outcome = stack.apply(home, deployment("new", "room", accelerators=8), config_map("last", "room", wave=2))
    assert outcome.pruned == (ref("Deployment", "old", "room", "apps"),)
    assert set(stack.live("apps/v1", "Deployment")) == {"room/new"}
    stack.apply(home)


def test_a_finalizer_that_nobody_removes_is_named(stack: Stack) -> None:
    held = manifest("ConfigMap", "held", "stuck", metadata={"finalizers": ["example.com/hold"]})
    stack.apply(namespace("stuck"), held)
    with pytest.raises(NotReadyError, match=r"ConfigMap stuck/held: held by finalizer example.com/hold"):
        stack.destroy(timeout_seconds=1)
    assert stack.applyset.read() is not None
    stack.kube.patch("v1", "ConfigMap", "held", {"metadata": {"finalizers": None}}, "stuck")
    assert ref("Namespace", "stuck") in stack.destroy().pruned


def test_what_is_still_going_is_made_anew(stack: Stack) -> None:
    declared = (namespace("anew"), config_map("c", "anew"))
    stack.apply(*declared)
    stack.kube.delete("v1", "Namespace", "anew")
    assert set(stack.apply(*declared).created) >= {ref("Namespace", "anew")}
    assert set(stack.live()) == {"anew/c"}


def test_kubectl_sees_the_same_set(stack: Stack, cluster: LocalCluster, reporter: Reporter) -> None:
    stack.apply(namespace("seen"), config_map("a", "seen"), config_map("b", "seen"))
    selector = f"{PART_OF_LABEL}={applyset_id(f'aicc-{stack.name}', 'kube-system', 'ConfigMap', '')}"
    kubectl = ensure(("kubectl",), reporter)["kubectl"]
    command = [kubectl, "--kubeconfig", cluster.kubeconfig, "get", "cm,ns", "-A", "-l", selector, "-o", "json"]
    output = subprocess.run(command, check=True, capture_output=True, env=os.environ).stdout
    names = {(item["kind"], item["metadata"]["name"]) for item in json.loads(output)["items"]}
    assert names == {("ConfigMap", "a"), ("ConfigMap", "b"), ("Namespace", "seen")}
