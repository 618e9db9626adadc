"""Logs and traces as layers: what is installed where, who reaches what, and what the charts are told."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import names, versions
from infra.catalogue import load
from infra.config.load import KEY, from_file, parse, raw_config
from infra.config.telemetry import Logs, Traces
from infra.layers import network
from infra.layers.telemetry import content, logs, reader, stores, traces
from infra.plan import CenterPlan, resolve
from tests.layers.conftest import CASES
from tests.layers.platform import Built, Registered, build

DECLARED = CASES / "existing.ok.logs-and-traces.yaml"
COLLECTOR, READER = names.LOG_COLLECTOR_NAMESPACE, reader.RELEASE


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    return resolve(from_file(DECLARED), load())


@pytest.fixture(scope="module")
def built(plan: CenterPlan) -> Built:
    return build(plan, capabilities=frozenset({"prometheus-operator"}))


def telemetry(built: Built) -> dict[str, Registered]:
    """Releases of this layer."""
    homes = (names.TELEMETRY_NAMESPACE, COLLECTOR)
    return {name: chart for name, chart in built.charts.items() if chart.inputs["namespace"] in homes}


def policy(built: Built, name: str, namespace: str = names.TELEMETRY_NAMESPACE) -> Mapping[str, Any]:
    [found] = [
        item.inputs["spec"]
        for item in built.resources.values()
        if item.kind == "NetworkPolicy"
        and (item.inputs["metadata"]["name"], item.inputs["metadata"]["namespace"]) == (name, namespace)
    ]
    return dict(found)


def test_nothing_is_made_unless_it_is_declared(local_plan: CenterPlan) -> None:
    nothing = build(local_plan)
    assert telemetry(nothing) == {}
    assert names.TELEMETRY_NAMESPACE not in nothing.of("Namespace")
    assert local_plan.gateway is not None
    assert local_plan.gateway.traces is None


@pytest.mark.parametrize(
    ("declared", "made"),
    [
        ({"logs": Logs(enabled=True)}, {stores.LOGS, logs.RELEASE}),
        ({"traces": Traces(enabled=True)}, {stores.TRACES, traces.RELEASE}),
    ],
)
def test_logs_and_traces_need_nothing_of_each_other(
    plan: CenterPlan, declared: Mapping[str, Any], made: set[str]
) -> None:
    alone = dataclasses.replace(plan, **{"logs": Logs(), "traces": Traces(), **declared})
    assert set(telemetry(build(alone))) == made


def test_every_release_is_pinned_and_its_program_is_the_version_that_is_tested(built: Built) -> None:
    tags = {
        stores.LOGS: f"v{versions.VICTORIA_LOGS_APP}",
        stores.PLATFORM_LOGS: f"v{versions.VICTORIA_LOGS_APP}",
        stores.TRACES: f"v{versions.VICTORIA_TRACES_APP}",
        READER: f"v{versions.VMAUTH_APP}",
        logs.RELEASE: versions.OTEL_COLLECTOR_APP,
        traces.RELEASE: versions.OTEL_COLLECTOR_APP,
    }
    found = {}
    for name, chart in telemetry(built).items():
        values = chart.inputs["values"]
        found[name] = values.get("server", values)["image"]["tag"]
    assert found == tags


def test_only_what_reads_the_nodes_files_is_in_a_namespace_without_pod_security(built: Built) -> None:
    levels = {
        name: built.of("Namespace")[name].inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for name in (names.TELEMETRY_NAMESPACE, COLLECTOR)
    }
    assert levels == {names.TELEMETRY_NAMESPACE: "restricted", COLLECTOR: "privileged"}
    inside = {name for name, chart in telemetry(built).items() if chart.inputs["namespace"] == COLLECTOR}
    assert inside == {logs.RELEASE}
    values = telemetry(built)[logs.RELEASE].inputs["values"]
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in values["extraVolumeMounts"]}
    assert mounts == {logs.PODS: True, logs.STATE: False}
    assert values["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert values["serviceAccount"]["automountServiceAccountToken"] is False


def test_collectors_and_readers_come_after_the_stores_and_all_after_their_namespace(built: Built) -> None:
    charts = telemetry(built)
    kept = {charts[name].urn for name in (stores.LOGS, stores.PLATFORM_LOGS, stores.TRACES)}
    for name in (logs.RELEASE, READER, traces.RELEASE):
        assert kept <= built.before(charts[name])
    for chart in charts.values():
        assert built.of("Namespace")[chart.inputs["namespace"]].urn in built.before(chart)


def test_each_store_keeps_what_is_declared_for_it(built: Built) -> None:
    found = {
        name: (server["retentionPeriod"], server["persistentVolume"]["size"], server["extraArgs"])
        for name, chart in telemetry(built).items()
        if (server := chart.inputs["values"].get("server"))
    }
    full = {"retention.maxDiskUsagePercent": 85}
    assert found == {
        stores.LOGS: ("30d", "200Gi", full),
        stores.PLATFORM_LOGS: ("180d", "200Gi", full),
        stores.TRACES: ("14d", "20Gi", full),
    }


def test_a_store_is_reached_by_its_collector_its_reader_and_prometheus_alone(built: Built) -> None:
    [rule] = policy(built, stores.LOGS)["ingress"]
    assert [port["port"] for port in rule["ports"]] == [stores.LOGS_PORT]
    assert [peer.get("podSelector", {}).get("matchLabels") for peer in rule["from"]] == [
        {names.PART: logs.RELEASE},
        {names.PART: READER},
        {"app.kubernetes.io/name": "prometheus"},
    ]
    assert rule["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": COLLECTOR}
    assert rule["from"][2] == network.PROMETHEUS
    assert "egress" not in policy(built, stores.LOGS)
    [spans] = policy(built, stores.TRACES)["ingress"]
    assert spans["from"] == [{"podSelector": {"matchLabels": {names.PART: traces.RELEASE}}}, network.PROMETHEUS]


def test_spans_are_taken_from_the_gateway_alone(built: Built) -> None:
    taken = policy(built, traces.RELEASE)["ingress"][0]
    assert taken["from"] == [{"namespaceSelector": {"matchLabels": {names.ROLE: "gateway"}}}]
    assert [port["port"] for port in taken["ports"]] == [4317, 4318]


def test_the_gateway_sends_its_spans_where_they_are_taken(plan: CenterPlan, built: Built) -> None:
    assert plan.gateway is not None
    assert plan.gateway.traces == "trace-collector.aicc-telemetry.svc:4317"
    values = telemetry(built)[traces.RELEASE].inputs
    assert plan.gateway.traces == f"{values['values']['fullnameOverride']}.{values['namespace']}.svc:4317"


def test_a_declared_collector_stays() -> None:
    raw = raw_config(DECLARED)[KEY]
    raw["gateway"]["traces"] = "collector.elsewhere.svc:4317"
    gateway = resolve(parse(raw), load()).gateway
    assert gateway is not None
    assert gateway.traces == "collector.elsewhere.svc:4317"


def test_each_tenant_s_files_go_to_its_account_and_no_other_receiver_reads_them(plan: CenterPlan) -> None:
    made = logs.configuration(plan)
    for tenant in plan.tenants:
        whose = f"tenant-{tenant.name}"
        pipeline = made["service"]["pipelines"][f"logs/{whose}"]
        assert pipeline["exporters"] == [f"otlp_http/{whose}"]
        assert made["receivers"][f"file_log/{whose}"]["include"] == [f"/var/log/pods/{tenant.namespace}_*/*/*.log"]
        headers = made["exporters"][f"otlp_http/{whose}"]["headers"]
        assert headers["AccountID"] == str(names.log_account(tenant.name))
        assert f"/var/log/pods/{tenant.namespace}_*/*/*.log" in made["receivers"]["file_log/platform"]["exclude"]
    assert made["exporters"]["otlp_http/platform"]["headers"]["AccountID"] == "0"
    assert made["exporters"]["otlp_http/platform"]["logs_endpoint"].startswith("http://victoria-logs-platform.")


def test_every_pipeline_withholds_content(plan: CenterPlan) -> None:
    for made in (logs.configuration(plan), traces.configuration(plan.traces)):
        for pipeline in made["service"]["pipelines"].values():
            assert "transform/content" in pipeline["processors"]


def test_the_chart_s_templates_find_nothing_to_expand(plan: CenterPlan) -> None:
    """It runs Helm's `tpl` over a configuration."""
    assert "{{" not in str([logs.configuration(plan), traces.configuration(plan.traces)])


def test_a_reader_sees_its_account_whatever_it_asks_for(plan: CenterPlan) -> None:
    assert plan.logs.access is not None
    users = {user["name"]: user for user in reader.configuration(plan, plan.logs.access)["users"]}
    assert list(users) == ["operators", "tenant-research", "tenant-research-2"]
    [route] = users["tenant-research"]["url_map"]
    assert f"AccountID: {names.log_account('research')}" in route["headers"]
    assert "ProjectID: 0" in route["headers"]
    claims = users["tenant-research"]["jwt"]["match_claims"]
    # Anchored: example:research-2 has the other's name in it.
    assert claims == {"aud": r"^aicc\-logs$", "roles": r"^example:research$"}
    # No provider makes vmauth's own claim, without which it turns a token away.
    assert users["tenant-research"]["jwt"]["default_vm_access_claim"] == {}
    assert not any("tenant_ids" in path or "delete" in path for path in route["src_paths"])


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=40))
def test_an_account_is_a_number_that_the_store_takes_and_never_the_platform_s(name: str) -> None:
    account = names.log_account(name)
    assert names.PLATFORM_LOG_ACCOUNT < account < 2**32
    assert account == names.log_account(name)


def test_no_pattern_of_content_matches_the_gate_s_own_access_log() -> None:
    line = (
        '{"time":"2026-11-27T16:00:00Z","level":"INFO","msg":"request","id":"req-1","tenant":"cloud","model":"tiny",'
        '"method":"POST","path":"/v1/chat/completions","status":200,"seconds":0.01,"prompt_tokens":4,'
        '"completion_tokens":4,"cut":false}'
    )
    assert not re.search("|".join(content.LINES), line)


def test_a_plan_says_where_logs_or_traces_would_reach_nobody() -> None:
    def notes(**changes: Any) -> list[str]:
        raw = raw_config(DECLARED)[KEY]
        changed = {key: {**raw[key], **change} for key, change in changes.items()}
        found = resolve(parse({**raw, **changed}), load()).notes
        return [note for note in found if note.startswith(("Logs", "Traces"))]

    assert notes() == []
    assert "no logs.access" in notes(logs={"access": None})[0]
    assert "no gateway" in notes(gateway={"enabled": False})[0]
    assert "elsewhere" in notes(gateway={"traces": "other.svc:4317"})[0]
