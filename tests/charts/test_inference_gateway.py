"""The chart inference-gateway: which objects it makes, how values change them, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc import paths
from tests.charts.test_model_server_values import _nodes, _schema_keys, _value_keys
from tests.support.helm import Helm, HelmError, Objects
from tests.support.kubeconform import kubeconform

CHART = paths.CHARTS / "inference-gateway"
SPLIT: dict[str, Any] = {"models": ["whole", "apart"], "splitModels": ["apart"], "podMonitor": True}
IMAGE = {"repository": "registry.example.com/gateway", "tag": "1"}
ALWAYS = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "Deployment",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
}
OPEN: dict[str, Any] = {
    "host": "ai.example.com",
    "tls": {"issuer": {"name": "letsencrypt"}},
    "route": {"gatewayClassName": "envoy"},
    "podMonitor": True,
    "router": {"tracesEndpoint": "collector.aicc-monitoring.svc:4317"},
    "models": ["tiny"],
    "tenants": {"research": {"priority": "bulk", "requestsPerMinute": 60, "tokensPerMinute": 0, "concurrency": 4}},
    "nodeSelector": {"aicc.io/runs": "containers"},
    "priorityClassName": "aicc-platform",
    "labels": {"example.com/team": "serving"},
    "annotations": {"example.com/owner": "platform"},
}


def text(helm: Helm, **values: Any) -> str:
    return helm.template(CHART, {"image": IMAGE, **values}, release="gateway", namespace="aicc-gateway")


def objects(helm: Helm, **values: Any) -> Objects:
    return Objects.parse(text(helm, **values))


def pod(helm: Helm, **values: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = objects(helm, **values)["Deployment"]["spec"]["template"]
    return found


@pytest.mark.parametrize(
    ("values", "further"),
    [
        ({}, set()),
        ({"tls": {"secretName": "given"}}, set()),
        (OPEN, {"Certificate", "Gateway", "HTTPRoute", "PodMonitor"}),
    ],
    ids=["default", "own certificate", "open to the outside"],
)
def test_values_decide_the_object_set(helm: Helm, values: dict[str, Any], further: set[str]) -> None:
    assert objects(helm, **values).kinds == ALWAYS | further


def test_a_single_replica_has_no_budget_that_would_block_a_node_s_drain(helm: Helm) -> None:
    assert objects(helm, replicas=1).kinds == ALWAYS - {"PodDisruptionBudget"}


def test_names_are_the_release_s_and_the_cluster_s_objects_have_the_namespace_in_theirs(helm: Helm) -> None:
    for body in objects(helm, **OPEN).by_kind.values():
        metadata = body["metadata"]
        named = (metadata["name"], metadata.get("namespace"))
        assert named in {("gateway", "aicc-gateway"), ("aicc-gateway-gateway", None)}


def test_pods_run_without_root_on_a_read_only_root(helm: Helm) -> None:
    spec = pod(helm)["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*spec["initContainers"], *spec["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_keys_are_where_the_gate_is_and_the_api_s_token_where_the_router_is(helm: Helm) -> None:
    spec = pod(helm)["spec"]
    assert spec["automountServiceAccountToken"] is False
    [router], [gate] = spec["initContainers"], spec["containers"]
    assert router["restartPolicy"] == "Always", "a sidecar, which outlives the gate"
    mounts = {one["name"]: {mount["name"] for mount in one["volumeMounts"]} for one in (router, gate)}
    assert ("keys" in mounts["gate"], "token" in mounts["gate"]) == (True, False)
    assert ("keys" in mounts["router"], "token" in mounts["router"]) == (False, True)


def test_the_router_is_reached_by_the_gate_alone(helm: Helm) -> None:
    [router] = pod(helm)["spec"]["initContainers"]
    assert "--host=127.0.0.1" in router["args"]
    assert objects(helm)["Service"]["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    ]


def selectors(router: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Labels that a router finds pods by, for each of its options that ends in `selector`."""
    found: dict[str, dict[str, str]] = {}
    option = ""
    for argument in router["args"]:
        name, _, value = (
            argument.removeprefix("--").partition("=") if argument.startswith("--") else (option, "", argument)
        )
        option = name
        if option.endswith("selector") and value:
            label, _, wanted = value.partition("=")
            found.setdefault(option, {})[label] = wanted
    return found


def test_split_models_have_a_router_that_finds_their_halves_and_no_other_pod(helm: Helm) -> None:
    whole, split = pod(helm, **SPLIT)["spec"]["initContainers"]
    assert "--pd-disaggregation" in split["args"]
    assert "--pd-disaggregation" not in whole["args"]
    found = {"whole": selectors(whole)["selector"]} | {
        half: selectors(split)[f"{half}-selector"] for half in ("prefill", "decode")
    }
    server = {"accelerator": {"resource": "nvidia.com/gpu", "count": 1}, "leaderWorkerSet": True, "engine": "sglang"}
    several = {"nodesPerReplica": 2, "tensorParallelSize": 2}
    for nodes in ({}, several):
        for apart in (False, True):
            values = {**server, **nodes, "disaggregation": {"enabled": apart}}
            rendered = helm.template(paths.CHARTS / "model-server", values, release="model-a", namespace="tenant-a")
            labels = list(_pod_labels(yaml.safe_load_all(rendered)))
            who = [{name for name, wanted in found.items() if wanted.items() <= one.items()} for one in labels]
            answering = [{"prefill"}, {"decode"}] if apart else [{"whole"}]
            assert [one for one in who if one] == answering, "nobody takes a group's workers for a server"
            assert len(who) == len(answering) * (2 if nodes else 1)


def _pod_labels(bodies: Iterable[Any]) -> Iterator[Mapping[str, str]]:
    for body in bodies:
        match body and body["kind"]:
            case "Deployment":
                yield body["spec"]["template"]["metadata"]["labels"]
            case "LeaderWorkerSet":
                group = body["spec"]["leaderWorkerTemplate"]
                yield from (group[f"{rank}Template"]["metadata"]["labels"] for rank in ("leader", "worker"))


def test_the_selectors_share_a_label_or_the_api_server_would_send_every_pod(helm: Helm) -> None:
    _, split = pod(helm, **SPLIT)["spec"]["initContainers"]
    prefill, decode = selectors(split).values()
    assert dict(prefill.items() & decode.items()) == {"app.kubernetes.io/name": "model-server"}


def test_the_two_routers_share_a_pod_and_nothing_else(helm: Helm) -> None:
    whole, split = pod(helm, **SPLIT)["spec"]["initContainers"]
    names = [(one["name"], one["ports"][0]["name"], one["ports"][0]["containerPort"]) for one in (whole, split)]
    assert names == [("router", "router-metrics", 9091), ("split-router", "split-metrics", 9092)]
    [gate] = pod(helm, **SPLIT)["spec"]["containers"]
    assert {"--upstream=http://127.0.0.1:8081", "--split-upstream=http://127.0.0.1:8082"} <= set(gate["args"])
    assert {"--port=8081", "--host=127.0.0.1"} <= set(whole["args"])
    assert {"--port=8082", "--host=127.0.0.1", "--prometheus-port=9092"} <= set(split["args"])
    made = objects(helm, **SPLIT)
    assert [one["port"] for one in made["PodMonitor"]["spec"]["podMetricsEndpoints"]][-1] == "split-metrics"
    halves = made["NetworkPolicy"]["spec"]["egress"][1]
    assert [port["port"] for port in halves["ports"]] == [8000, 8998]
    assert json.loads(made["ConfigMap"]["data"]["gate.json"])["splitModels"] == ["apart"]


def test_without_a_split_model_nothing_of_it_is_there(helm: Helm) -> None:
    assert "split" not in text(helm, models=["whole"])


def test_the_router_sees_pods_and_nothing_else(helm: Helm) -> None:
    assert objects(helm)["ClusterRole"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    ]


def test_spans_go_to_a_collector_and_no_further(helm: Helm) -> None:
    values: dict[str, Any] = {"router": {"tracesEndpoint": "spans.svc:4317"}, "spansEndpoint": "spans.svc:4318"}
    [router], [gate] = (pod(helm, **values)["spec"][group] for group in ("initContainers", "containers"))
    assert {"--otlp-traces-endpoint=spans.svc:4317", "--log-level=info"} <= set(router["args"])
    assert "--spans=spans.svc:4318" in gate["args"]
    rules = objects(helm, **values)["NetworkPolicy"]["spec"]["egress"]
    roles = {"key": "aicc.io/role", "operator": "In", "values": ["monitoring", "telemetry"]}
    assert [rule["to"] for rule in rules[2:]] == [[{"namespaceSelector": {"matchExpressions": [roles]}}]] * 2
    assert [rule["ports"][0]["port"] for rule in rules[2:]] == [4317, 4318]
    quiet = pod(helm)["spec"]["containers"][0]["args"]
    assert not [argument for argument in quiet if argument.startswith("--spans")]


def test_limits_reach_the_gate_and_a_changed_one_restarts_the_pods(helm: Helm) -> None:
    values: dict[str, Any] = {"models": ["tiny"], "tenants": {"research": {"priority": "bulk", "concurrency": 4}}}
    config = json.loads(objects(helm, **values)["ConfigMap"]["data"]["gate.json"])
    assert config["tenants"] == values["tenants"]
    assert (config["models"], config["replicas"], config["maxBodyBytes"]) == (["tiny"], 2, 10_485_760)
    checksum = pod(helm, **values)["metadata"]["annotations"]["aicc.io/config"]
    values["tenants"]["research"]["concurrency"] = 5
    assert pod(helm, **values)["metadata"]["annotations"]["aicc.io/config"] != checksum


def test_a_pod_has_time_to_drain(helm: Helm) -> None:
    spec = pod(helm, drainSeconds=20, graceSeconds=40)["spec"]
    assert spec["terminationGracePeriodSeconds"] == 70
    assert {"--drain=20s", "--grace=40s"} <= set(spec["containers"][0]["args"])


def test_https_is_served_beside_http_where_there_is_a_certificate(helm: Helm) -> None:
    ports = [port["port"] for port in objects(helm, tls={"secretName": "given"})["Service"]["spec"]["ports"]]
    assert ports == [80, 443]
    made = objects(helm, **OPEN)
    assert made["Certificate"]["spec"]["secretName"] == "gateway-tls"
    assert made["Gateway"]["spec"]["listeners"][0]["tls"]["certificateRefs"] == [
        {"kind": "Secret", "name": "gateway-tls"}
    ]


@pytest.mark.parametrize("values", [{}, OPEN, SPLIT], ids=["default", "open", "split"])
def test_what_is_rendered_is_clean_and_fits_kubernetes_own_schemas(
    helm: Helm, kubeconform_binary: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    assert "0 chart(s) failed" in helm.lint(CHART, {"image": IMAGE, **values})
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(text(helm, **values), encoding="utf-8")
    lint = [sys.executable, "-m", "yamllint", "--strict", "--config-file", str(paths.REPO / ".yamllint")]
    files = [rendered, CHART / "values.yaml", CHART / "Chart.yaml"]
    done = subprocess.run([*lint, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    own = [body for body in yaml.safe_load_all(rendered.read_text()) if body and body["kind"] in ALWAYS]
    rendered.write_text(yaml.safe_dump_all(own), encoding="utf-8")
    kubeconform(kubeconform_binary, [rendered])


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"replcas": 2}, "additional properties 'replcas' not allowed"),
    "unknown limit": ({"tenants": {"a": {"priority": "bulk", "rpm": 1}}}, "additional properties 'rpm' not allowed"),
    "unknown class": ({"tenants": {"a": {"priority": "system"}}}, "/tenants/a/priority"),
    "no class": ({"tenants": {"a": {}}}, "missing property 'priority'"),
    "no replica": ({"replicas": 0}, "/replicas"),
    "model name that no label can hold": ({"models": ["Qwen/Qwen3"]}, "/models/0"),
    "collector without a port": ({"router": {"tracesEndpoint": "collector"}}, "/router/tracesEndpoint"),
    "a split model that is none": ({"splitModels": ["a"]}, 'splitModels names "a", which is not among models'),
    "no image": ({"image": {"tag": ""}}, "image.tag and image.digest are both empty"),
    "two certificates": (
        {"host": "a.b", "tls": {"secretName": "c", "issuer": {"name": "d"}}},
        "only one of them can say where the certificate is from",
    ),
    "a route without a name": ({"route": {"gatewayClassName": "envoy"}}, "host is empty"),
}


@pytest.mark.parametrize(("values", "complaint"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_cannot_be_is_refused(helm: Helm, values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(HelmError) as refused:
        text(helm, **values)
    assert complaint in str(refused.value)


def test_values_and_schema_say_the_same_and_the_schema_is_closed_and_explains() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert sorted(_value_keys(values)) == sorted(_schema_keys(schema, schema))
    for path, node in _nodes(schema):
        assert "description" in node or path.split("/")[-2] not in {"properties", "definitions"}, path
        closed = node.get("additionalProperties") is False or {"propertyNames", "additionalProperties"} <= set(node)
        assert node.get("type") != "object" or closed, path


@pytest.mark.parametrize("keda", [False, True])
def test_keda_reads_the_gate_s_metrics_where_it_scales_by_them(helm: Helm, keda: bool) -> None:
    ports = {port["name"]: port["port"] for port in objects(helm, keda=keda)["Service"]["spec"]["ports"]}
    assert ports.get("metrics") == (9090 if keda else None), "KEDA finds the pods' port in the Service's endpoints"
    rules = objects(helm, keda=keda)["NetworkPolicy"]["spec"]["ingress"]
    operator = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "keda-operator"}}}
    opened = [rule["ports"] for rule in rules if operator in rule.get("from", [])]
    assert opened == ([[{"port": "metrics", "protocol": "TCP"}]] if keda else [])
