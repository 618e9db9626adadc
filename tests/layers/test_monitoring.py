"""The monitoring layer: what it hands to its chart, what it waits for, and where it makes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from infra import names
from infra.config.monitoring import Feed
from infra.layers import operators, prometheus
from infra.plan import CenterPlan
from infra.plan.monitoring.model import MonitoringPlan
from tests.layers.platform import OPERATORS, Built, Registered, build, identities, store

IMAGE = f"registry.example.com/meter@sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def declared(local_plan: CenterPlan) -> CenterPlan:
    """The local stack's centre as a cluster would have it, with an image and a feed."""
    assert local_plan.monitoring
    feed = Feed(url="https://intensity.example.com/now", secret="intensity")
    in_cluster = replace(local_plan.monitoring, as_processes=False, image=IMAGE, feed=feed)
    return replace(local_plan, monitoring=in_cluster)


def everything(plan: CenterPlan) -> Built:
    return build(plan, operators=OPERATORS, object_store=store, identities=lambda: identities(plan))


def release(built: Built) -> Registered:
    [found] = [item for item in built.resources.values() if item.name == "monitoring" and "chart" in item.inputs]
    return found


def values(built: Built) -> Mapping[str, Any]:
    found: Mapping[str, Any] = release(built).inputs["values"]
    return found


def test_on_a_local_cluster_it_makes_nothing(local_plan: CenterPlan) -> None:
    built = build(local_plan)
    assert not [item for item in built.resources.values() if item.name == "monitoring" and "chart" in item.inputs]


def test_turned_off_it_makes_nothing_and_the_operator_stays(declared: CenterPlan) -> None:
    built = everything(replace(declared, monitoring=None))
    assert not [item for item in built.resources.values() if item.name == "monitoring" and "chart" in item.inputs]
    stack = built.charts["prometheus-operator"].inputs["values"]
    assert not any(stack[part]["enabled"] for part in ("prometheus", "alertmanager", "grafana", "nodeExporter"))


def test_it_waits_for_the_operator_and_for_every_tenant(declared: CenterPlan) -> None:
    built = everything(declared)
    before = built.before(release(built))
    assert built.charts["prometheus-operator"].urn in before
    assert {built.of("Namespace")[tenant.namespace].urn for tenant in declared.tenants} <= before


def test_the_meter_is_told_what_the_plan_says(declared: CenterPlan) -> None:
    assert declared.monitoring
    given = values(everything(declared))
    assert given["operator"] is True
    assert given["meter"]["config"] == declared.monitoring.meter
    assert given["meter"]["image"]["digest"] == f"sha256:{'0' * 64}"
    assert given["meter"]["feed"] == {"enabled": True, "secret": "intensity", "key": "token"}


def test_without_an_image_there_is_no_meter_and_all_else_is_there(declared: CenterPlan) -> None:
    assert declared.monitoring
    without = replace(declared, monitoring=replace(declared.monitoring, image=None))
    given = values(everything(without))
    assert given["meter"] == {}
    assert given["operator"] is True


def test_a_cluster_without_the_operator_is_told_so(declared: CenterPlan) -> None:
    assert values(build(declared))["operator"] is False


def spec(plan: CenterPlan) -> Mapping[str, Any]:
    found: Mapping[str, Any] = prometheus.values(None, plan, "aicc-platform")  # type: ignore[arg-type]
    return found


def test_prometheus_takes_the_centres_own_rules_and_monitors(declared: CenterPlan) -> None:
    told = spec(declared)
    server = told["prometheus"]["prometheusSpec"]
    assert server["externalLabels"] == {"center": declared.name}
    assert server["retention"] == "62d"
    assert (server["scrapeInterval"], server["evaluationInterval"]) == ("15s", "30s")
    assert not any(value for key, value in server.items() if key.endswith("SelectorNilUsesHelmValues"))
    assert told["alertmanager"]["alertmanagerSpec"]["alertmanagerConfigMatcherStrategy"] == {"type": "None"}
    assert told["defaultRules"] == {"create": False}
    assert {'alertname="NodeNotReady"'} in [
        set(rule["source_matchers"]) for rule in told["alertmanager"]["config"]["inhibit_rules"]
    ]


@pytest.mark.parametrize(("storage", "kept"), [("100Gi", "92160MB"), ("10Gi", "9216MB"), ("1Ti", "943718MB")])
def test_prometheus_drops_blocks_before_its_volume_is_full(declared: CenterPlan, storage: str, kept: str) -> None:
    assert isinstance(declared.monitoring, MonitoringPlan)
    server = spec(replace(declared, monitoring=replace(declared.monitoring, storage=storage)))["prometheus"]
    assert server["prometheusSpec"]["retentionSize"] == kept
    claim = server["prometheusSpec"]["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert claim["resources"]["requests"]["storage"] == storage


def test_what_a_cloud_hides_is_not_looked_for(declared: CenterPlan) -> None:
    assert declared.monitoring
    hidden = spec(replace(declared, monitoring=replace(declared.monitoring, sees_control_plane=False)))
    for part in ("kubeScheduler", "kubeControllerManager", "kubeEtcd", "kubeProxy"):
        assert hidden[part] == {"enabled": False}
        assert spec(declared)[part] == {"enabled": True}


def test_nobody_has_a_password_to_grafana(declared: CenterPlan) -> None:
    grafana = spec(declared)["grafana"]
    assert grafana["env"] == {"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true"}
    assert grafana["grafana.ini"]["auth"]["disable_login_form"] is True
    assert grafana["grafana.ini"]["auth.anonymous"]["org_role"] == "Viewer"


def test_grafana_reads_configmaps_of_the_monitoring_namespace_and_its_own_and_no_secret(declared: CenterPlan) -> None:
    told = spec(declared)
    assert told["grafana"]["rbac"] == {"create": False}, "the chart's own reads every Secret"
    by_kind: dict[str, list[Any]] = {}
    for manifest in told["extraManifests"]:
        by_kind.setdefault(manifest["kind"], []).append(manifest)
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    assert [role["rules"] for role in by_kind["Role"]] == [[rule], [rule]]
    homes = [role["metadata"]["namespace"] for role in by_kind["Role"]]
    assert homes == [operators.OPERATORS["prometheus-operator"].namespace, names.MONITORING_NAMESPACE]
    assert homes == [binding["metadata"]["namespace"] for binding in by_kind["RoleBinding"]]
    for binding in by_kind["RoleBinding"]:
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": "prometheus-operator-grafana", "namespace": "prometheus-operator"}
        ]
    for sidecar in ("dashboards", "datasources"):
        assert told["grafana"]["sidecar"][sidecar]["resource"] == "configmap"
    assert told["grafana"]["sidecar"]["dashboards"]["searchNamespace"] == names.MONITORING_NAMESPACE


def test_grafana_has_its_data_source_before_it_starts(declared: CenterPlan) -> None:
    """Its sidecars have no account with which they could have it loaded afterwards."""
    sidecar = spec(declared)["grafana"]["sidecar"]
    assert sidecar["datasources"]["initDatasources"] is True
    assert all(sidecar[part]["skipReload"] for part in ("dashboards", "datasources"))


def test_the_state_of_objects_is_read_without_reading_secrets(declared: CenterPlan) -> None:
    told = spec(declared)["kube-state-metrics"]
    of = {re.match(r"kube_\(?([a-z|]+)", pattern) for pattern in told["metricAllowlist"]}
    kinds = {f"{kind}s" for found in of if found for kind in found[1].split("|")}
    assert set(told["collectors"]) == kinds
    assert not {"secrets", "configmaps"} & set(told["collectors"])


def test_every_node_of_a_large_centre_is_found(declared: CenterPlan) -> None:
    """An Endpoints object ends at a thousand addresses."""
    told = spec(declared)
    assert told["prometheus"]["prometheusSpec"]["serviceDiscoveryRole"] == "EndpointSlice"
    assert told["prometheusOperator"]["kubeletEndpointSliceEnabled"] is True


def test_nothing_is_read_more_often_than_is_declared_and_nothing_that_never_answers(declared: CenterPlan) -> None:
    told = spec(declared)
    interval = told["prometheus"]["prometheusSpec"]["scrapeInterval"]
    assert told["kubelet"]["serviceMonitor"]["cAdvisorInterval"] == interval
    assert told["coreDns"] == {"enabled": False}


def test_rules_are_taken_while_the_operator_s_one_pod_is_not_there(declared: CenterPlan) -> None:
    webhooks = spec(declared)["prometheusOperator"]["admissionWebhooks"]
    assert webhooks["failurePolicy"] == "Ignore"
    assert webhooks["patch"] == {"enabled": False}, "a hook"


def test_every_part_of_monitoring_has_the_platform_s_priority(declared: CenterPlan) -> None:
    told = spec(declared)
    parts = [told[part] for part in ("prometheusOperator", "grafana", "prometheus-node-exporter", "kube-state-metrics")]
    parts += [told["prometheus"]["prometheusSpec"], told["alertmanager"]["alertmanagerSpec"]]
    assert {part["priorityClassName"] for part in parts} == {"aicc-platform"}


def test_what_reads_the_host_is_where_that_is_let(declared: CenterPlan) -> None:
    assert spec(declared)["prometheus-node-exporter"]["namespaceOverride"] == "aicc-accelerators"
