from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aicc.offline.graph import Graph
from infra import names
from infra.layers.accelerators import device_plugin, runtime_class
from infra.plan import CenterPlan


def tolerates(tolerations: list[dict[str, Any]], taint: Any) -> bool:
    """As the scheduler sees it: any value, or the same one."""
    return any(
        item["key"] == taint.key
        and item["effect"] == taint.effect
        and (item["operator"] == "Exists" or item["value"] == taint.value)
        for item in tolerations
    )


def test_a_runtime_class_leads_to_exactly_its_accelerator_s_pools(local_plan: CenterPlan) -> None:
    for accelerator in local_plan.accelerators:
        scheduling = runtime_class(accelerator)["scheduling"]
        for pool in local_plan.pools:
            selected = scheduling["nodeSelector"].items() <= pool.labels.items()
            assert selected == (pool.accelerator == accelerator.id)


def test_a_runtime_class_tolerates_every_taint_of_its_nodes(local_plan: CenterPlan) -> None:
    for accelerator in local_plan.accelerators:
        tolerations = runtime_class(accelerator)["scheduling"]["tolerations"]
        for pool in local_plan.pools:
            if pool.accelerator == accelerator.id:
                assert all(tolerates(tolerations, taint) for taint in pool.taints)


def test_a_runtime_class_has_the_name_that_models_use(local_plan: CenterPlan) -> None:
    made = {runtime_class(accelerator)["metadata"]["name"] for accelerator in local_plan.accelerators}
    assert {model.runtime_class for model in local_plan.models if model.accelerator} <= made


def test_nothing_is_installed_where_the_device_plugin_is_there_already(local_graph: Graph) -> None:
    assert not [manifest for manifest in local_graph.manifests if manifest.kind == "DaemonSet"]


@pytest.fixture(scope="module")
def plugin(plugins_plan: CenterPlan) -> Mapping[str, Any]:
    served = plugins_plan.accelerators
    assert served[0].device_plugin is not None
    return device_plugin(served[0].device_plugin, served)


def test_accelerators_with_the_same_device_plugin_share_one_daemon_set(case_graphs: Mapping[str, Graph]) -> None:
    """Two would register the same resource on a node of both."""
    installed = [manifest for manifest in case_graphs["plugins"].manifests if manifest.kind == "DaemonSet"]
    assert len(installed) == 1


def test_a_device_plugin_is_on_the_nodes_of_every_accelerator_it_serves(
    plugin: Mapping[str, Any], plugins_plan: CenterPlan
) -> None:
    pod = plugin["spec"]["template"]["spec"]
    affinity = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    for pool in plugins_plan.pools:
        assert any(
            all(pool.labels[wanted["key"]] in wanted["values"] for wanted in term["matchExpressions"])
            for term in affinity["nodeSelectorTerms"]
        )
        assert all(tolerates(pod["tolerations"], taint) for taint in pool.taints)


def test_a_device_plugin_is_in_the_one_namespace_that_may_reach_the_host(plugin: Mapping[str, Any]) -> None:
    assert plugin["metadata"]["namespace"] == names.ACCELERATOR_NAMESPACE


def test_a_device_plugin_has_no_more_of_the_host_than_its_folders(
    plugin: Mapping[str, Any], plugins_plan: CenterPlan
) -> None:
    pod = plugin["spec"]["template"]["spec"]
    declared = plugins_plan.accelerators[0].device_plugin
    assert declared is not None
    assert {volume["hostPath"]["path"] for volume in pod["volumes"]} == set(declared.host_paths)
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert pod["automountServiceAccountToken"] is False
    [container] = pod["containers"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_a_device_plugin_is_pinned_by_digest_and_selects_its_own_pods(plugin: Mapping[str, Any]) -> None:
    spec = plugin["spec"]
    assert "@sha256:" in spec["template"]["spec"]["containers"][0]["image"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
