from __future__ import annotations

from aicc.apply.objects import GroupKind
from aicc.apply.order import deletion_rank, steps

from .builders import config_map, custom_kind, manifest, namespace


def test_waves_are_applied_in_order_and_what_others_live_in_first() -> None:
    given = [
        config_map("late", "b", wave=2),
        config_map("early", "a", wave=1),
        manifest("Namespace", "b", wave=2),
        manifest("Namespace", "a", wave=1),
        custom_kind("example.com", wave=1),
    ]
    assert [[str(each) for each in step.manifests] for step in steps(given)] == [
        ["Namespace a", "CustomResourceDefinition widgets.example.com"],
        ["ConfigMap a/early"],
        ["Namespace b"],
        ["ConfigMap b/late"],
    ]


def test_a_step_names_its_layers_once() -> None:
    assert [str(step) for step in steps([namespace("a"), namespace("b")])] == ["test"]


def test_deletion_goes_from_what_depends_to_what_is_depended_on() -> None:
    kinds = [
        GroupKind("kueue.x-k8s.io", "ClusterQueue"),
        GroupKind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        GroupKind("apps", "Deployment"),
        GroupKind("", "Service"),
        GroupKind("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"),
        GroupKind("", "Namespace"),
    ]
    ranks = [deletion_rank(kind, custom_groups={"kueue.x-k8s.io"}) for kind in kinds]
    assert ranks == sorted(set(ranks))


def test_a_workload_kind_of_an_operator_is_deleted_as_a_custom_resource_unless_it_holds_accelerators() -> None:
    groups = {"leaderworkerset.x-k8s.io", "gateway.networking.k8s.io"}
    lws = deletion_rank(GroupKind("leaderworkerset.x-k8s.io", "LeaderWorkerSet"), groups)
    route = deletion_rank(GroupKind("gateway.networking.k8s.io", "HTTPRoute"), groups)
    assert route < lws == deletion_rank(GroupKind("apps", "Deployment"), groups)
