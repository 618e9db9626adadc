"""The chart monitoring: what it makes of the shipped files and of values, and what it refuses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc import paths
from aicc.paths import REPO
from tests.charts.test_model_server_values import _nodes, _schema_keys, _value_keys
from tests.support.helm import Helm, HelmError
from tests.support.kubeconform import kubeconform

CHART = paths.CHARTS / "monitoring"
CRDS = REPO.parent / "shared" / "crds" / "prometheus-operator"
METER: dict[str, Any] = {
    "image": {"repository": "registry.example.com/meter", "digest": f"sha256:{'0' * 64}"},
    "config": {"version": 1, "center": "lab"},
}
RECEIVERS: list[dict[str, Any]] = [
    {"name": "duty", "kind": "webhook", "severities": ["page"], "secret": "duty", "key": "url"},
    {
        "name": "robot",
        "kind": "dingtalk",
        "severities": ["page", "ticket"],
        "secret": "robot",
        "key": "url",
        "tenant": "research",
    },
    {
        "name": "mail",
        "kind": "email",
        "severities": ["info"],
        "to": ["a@example.com", "b@example.com"],
        "from": "centre@example.com",
        "server": "smtp.example.com:587",
        "username": "centre",
        "secret": "mail",
        "key": "password",
    },
]
FULL: dict[str, Any] = {
    "operator": True,
    "meter": {**METER, "feed": {"enabled": True, "secret": "intensity", "key": "token"}},
    "alerts": {"repeatHours": 12, "receivers": RECEIVERS},
    "nodeSelector": {"aicc.io/role": "system"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "priorityClassName": "aicc-platform",
    "labels": {"example.com/team": "platform"},
    "annotations": {"example.com/owner": "platform"},
}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads the `=` of a Prometheus matcher as the text that it is; YAML 1.1 gives it a meaning."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def text(helm: Helm, values: Mapping[str, Any]) -> str:
    return helm.template(CHART, values, release="monitoring", namespace="aicc-monitoring")


def objects(helm: Helm, values: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """By kind and name."""
    bodies = [body for body in yaml.load_all(text(helm, values), Loader=_Loader) if body]
    found = {(body["kind"], body["metadata"]["name"]): body for body in bodies}
    assert len(found) == len(bodies)
    return found


def kinds(found: Mapping[tuple[str, str], Any]) -> set[str]:
    return {kind for kind, _ in found}


def shipped(folder: str, suffix: str) -> list[Path]:
    return sorted((CHART / folder).glob(f"*.{suffix}"))


def test_without_values_only_the_shipped_files_are_there(helm: Helm) -> None:
    found = objects(helm, {})
    assert kinds(found) == {"ConfigMap"}
    rules = found["ConfigMap", "monitoring-rules"]["data"]
    assert {f"rules-{path.name}" for path in shipped("rules", "yaml")} <= set(rules)
    for folder in ("rules", "alerts"):
        for path in shipped(folder, "yaml"):
            kept = yaml.safe_load(rules[f"{folder}-{path.name}"])
            assert kept == yaml.safe_load(path.read_text(encoding="utf-8")), path.name


def test_with_the_operator_every_group_of_the_files_is_in_an_object_and_says_the_same(helm: Helm) -> None:
    """`{{ $labels }}` in an annotation is Prometheus' and reaches it as it is."""
    found = objects(helm, {"operator": True})
    for folder in ("rules", "alerts"):
        files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in shipped(folder, "yaml")]
        groups = [group for file in files for group in file["groups"]]
        rule = found.get(("PrometheusRule", f"monitoring-{folder}"))
        assert (rule["spec"]["groups"] if rule else []) == groups
    assert shipped("rules", "yaml")
    assert ("ConfigMap", "monitoring-rules") not in found


def test_every_dashboard_is_where_grafanas_sidecar_reads_it(helm: Helm) -> None:
    kept = objects(helm, {"operator": True})["ConfigMap", "monitoring-dashboards"]
    assert kept["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert {name: json.loads(text) for name, text in kept["data"].items()} == {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in shipped("dashboards", "json")
    }
    assert sum(len(text.encode()) for text in kept["data"].values()) < 1_000_000, "a ConfigMap holds 1 MiB: divide it"
    assert not [name for _, name in objects(helm, {"dashboards": False}) if "dashboard" in name]


def test_the_meter_is_there_with_an_image_and_a_configuration(helm: Helm) -> None:
    parts = {"Deployment", "Service", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy"}
    assert parts <= kinds(objects(helm, {"meter": METER}))
    assert not parts & kinds(objects(helm, {"meter": {"config": METER["config"]}}))
    assert not parts & kinds(objects(helm, {"meter": {"image": METER["image"]}}))


def test_the_meter_runs_once_restricted_and_may_only_look(helm: Helm) -> None:
    found = objects(helm, FULL)
    deployment = found["Deployment", "monitoring-meter"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    pod = deployment["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["image"] == f"registry.example.com/meter@sha256:{'0' * 64}"
    [rule] = found["ClusterRole", "aicc-monitoring-monitoring-meter"]["rules"]
    assert set(rule["verbs"]) == {"list", "watch"}
    assert "secrets" not in rule["resources"]


def test_its_configuration_is_the_plans_and_a_change_restarts_it(helm: Helm) -> None:
    def of(config: Mapping[str, Any]) -> tuple[Any, str]:
        found = objects(helm, {"meter": {**METER, "config": config}})
        pod = found["Deployment", "monitoring-meter"]["spec"]["template"]
        data = found["ConfigMap", "monitoring-meter"]["data"]["meter.yaml"]
        return yaml.safe_load(data), pod["metadata"]["annotations"]["aicc.io/config"]

    first, second = of({"version": 1, "center": "a"}), of({"version": 1, "center": "b"})
    assert first[0] == {"version": 1, "center": "a"}
    assert first[1] != second[1]


def test_the_feed_opens_port_443_and_its_token_is_a_file(helm: Helm) -> None:
    closed = objects(helm, {"meter": METER})
    opened = objects(helm, FULL)

    def ports(found: Mapping[tuple[str, str], Any]) -> Counter[int]:
        rules = found["NetworkPolicy", "monitoring-meter"]["spec"]["egress"]
        return Counter(port["port"] for rule in rules for port in rule["ports"])

    assert ports(closed) == {443: 1, 6443: 1}
    assert ports(opened) == {443: 2, 6443: 1}
    [container] = opened["Deployment", "monitoring-meter"]["spec"]["template"]["spec"]["containers"]
    assert "--feed-token-file=/etc/meter/feed/token" in container["args"]
    assert "intensity" not in json.dumps(container["args"])


def test_exporters_series_say_their_node_and_keep_the_pod_that_holds_a_device(helm: Helm) -> None:
    found = objects(helm, FULL)
    monitors = {name: body["spec"] for (kind, name), body in found.items() if kind == "PodMonitor"}
    for name in ("dcgm-exporter", "npu-exporter", "amd-metrics-exporter", "neuron-monitor"):
        [endpoint] = monitors[f"monitoring-{name}"]["podMetricsEndpoints"]
        assert endpoint["honorLabels"] is True
        assert {
            "sourceLabels": ["__meta_kubernetes_pod_node_name"],
            "targetLabel": "node",
        } in endpoint["relabelings"]
        assert {"action": "labeldrop", "regex": "pod|container|namespace|endpoint"} in endpoint["relabelings"]
    [meter] = monitors["monitoring-meter"]["podMetricsEndpoints"]
    assert meter["honorLabels"] is True
    assert {"targetLabel": "job", "replacement": "meter"} in meter["relabelings"]
    kueue = found["ServiceMonitor", "monitoring-kueue"]["spec"]
    assert kueue["endpoints"][0]["scheme"] == "https"
    # Its other Services have a port `https` too, and the same `control-plane`.
    component = {"key": "app.kubernetes.io/component", "operator": "In", "values": ["metrics-service"]}
    assert kueue["selector"]["matchExpressions"] == [component]


def test_without_the_operator_nothing_needs_it(helm: Helm) -> None:
    found = objects(helm, {**FULL, "operator": False})
    assert not [body for body in found.values() if "monitoring.coreos.com" in body["apiVersion"]]
    annotations = found["Deployment", "monitoring-meter"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/scrape"] == "true"


def test_each_receiver_is_told_of_what_it_is_for_and_no_address_is_in_the_chart(helm: Helm) -> None:
    config = objects(helm, FULL)["AlertmanagerConfig", "monitoring"]["spec"]
    routes = {route["receiver"]: route["matchers"] for route in config["route"]["routes"]}
    assert config["route"]["receiver"] == "nobody"
    assert config["route"]["repeatInterval"] == "12h"
    assert routes["robot"] == [
        {"name": "severity", "matchType": "=~", "value": "page|ticket"},
        {"name": "tenant", "matchType": "=", "value": "research"},
    ]
    assert all(route["continue"] for route in config["route"]["routes"])
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    [webhook] = receivers["duty"]["webhookConfigs"]
    assert webhook == {"urlSecret": {"name": "duty", "key": "url"}, "sendResolved": True}
    assert '"msgtype":"markdown"' in receivers["robot"]["webhookConfigs"][0]["payload"]
    [mail] = receivers["mail"]["emailConfigs"]
    assert mail["authPassword"] == {"name": "mail", "key": "password"}
    assert mail["to"] == "a@example.com, b@example.com"
    assert mail["requireTLS"] is True
    assert "AlertmanagerConfig" not in kinds(objects(helm, {"operator": True}))


def strict(node: Any) -> Any:
    """A definition's schema that refuses what it does not know, as the API server's strict mode does."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: strict(item) for key, item in node.items()}
    if "properties" in closed and not closed.get("x-kubernetes-preserve-unknown-fields"):
        closed.setdefault("additionalProperties", False)
    return closed


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published definitions' own, for kubeconform."""
    if not CRDS.is_dir():
        pytest.skip(f"the operators' definitions are not at ../{CRDS.parent.parent.name}/crds")
    folder = tmp_path_factory.mktemp("schemas")
    for path in CRDS.glob("*.yaml"):
        spec = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)["spec"]  # noqa: S506
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            target = folder / spec["group"] / f"{spec['names']['kind'].lower()}_{version['name']}.json"
            target.parent.mkdir(exist_ok=True)
            target.write_text(json.dumps(schema), encoding="utf-8")
    return folder


@pytest.mark.parametrize("values", [{}, {"operator": True}, {"meter": METER}, FULL], ids=str)
def test_it_lints_and_fits_the_schemas(
    helm: Helm, kubeconform_binary: Path, schemas: Path, tmp_path: Path, values: Mapping[str, Any]
) -> None:
    assert "0 chart(s) failed" in helm.lint(CHART, values)
    target = tmp_path / "rendered.yaml"
    target.write_text(text(helm, values), encoding="utf-8")
    kubeconform(kubeconform_binary, [target], [schemas])


def test_what_does_not_fit_is_found(helm: Helm, kubeconform_binary: Path, schemas: Path, tmp_path: Path) -> None:
    """Or the test above would prove nothing."""
    target = tmp_path / "rendered.yaml"
    target.write_text(text(helm, FULL).replace("honorLabels", "honourLabels"), encoding="utf-8")
    with pytest.raises(AssertionError, match="honourLabels"):
        kubeconform(kubeconform_binary, [target], [schemas])


@pytest.mark.parametrize(
    "values",
    [
        {"meters": {}},
        {"meter": {"image": {"repository": "registry.example.com/meter"}, "config": {"version": 1}}},
        {"scrapeSeconds": 0},
        {"alerts": {"receivers": [{"name": "a", "kind": "pager", "severities": ["page"]}]}},
        {"alerts": {"receivers": [{"name": "a", "kind": "webhook", "severities": ["page"]}]}},
        {"alerts": {"receivers": [{"name": "a", "kind": "email", "severities": ["info"], "to": ["a@b.c"]}]}},
        {"alerts": {"receivers": [{**RECEIVERS[0], "severities": ["critical"]}]}},
        {"monitors": [{"name": "a", "labels": {"app": ["a"]}}]},
        {"monitors": [{"name": "a", "labels": {}, "port": "metrics"}]},
        {"monitors": [{"name": "a", "labels": {"app": ["a"]}, "port": "m", "portNumber": 1}]},
        {"monitors": [{"name": "a", "labels": {"app": ["a"]}, "port": "m"}] * 2},
        {"global": {"image": "x"}},
    ],
    ids=str,
)
def test_values_that_it_does_not_know_or_allow_are_refused(helm: Helm, values: Mapping[str, Any]) -> None:
    with pytest.raises(HelmError):
        text(helm, {"meter": METER, **values})


def test_a_null_takes_a_default_away_and_nothing_breaks(helm: Helm) -> None:
    nothing = {
        "priorityClassName": None,
        "nodeSelector": None,
        "tolerations": None,
        "labels": None,
        "annotations": None,
        "meter": {**METER, "resources": {"limits": None}},
    }
    pod = objects(helm, nothing)["Deployment", "monitoring-meter"]["spec"]["template"]["spec"]
    assert "limits" not in pod["containers"][0]["resources"]
    assert "priorityClassName" not in pod


def test_values_and_schema_have_the_same_keys_and_every_one_is_described() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert sorted(_value_keys(values)) == sorted(_schema_keys(schema, schema))
    for path, node in _nodes(schema):
        if path.split("/")[-2:-1] == ["properties"]:
            assert node.get("description"), path
        if node.get("type") == "object" and path != "#/properties/meter/properties/config" and "items" not in path:
            assert "additionalProperties" in node, path
