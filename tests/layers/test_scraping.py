"""Prometheus reads whatever a monitor chooses: each monitor's pods against every network policy of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml

from aicc.offline.graph import Graph, graph_of
from aicc.progress import reporter
from infra import names
from infra.config.load import KEY, raw_config
from infra.layers.telemetry import collector, stores
from tests.layers.conftest import CASES
from tests.layers.platform import OPERATORS
from tests.support.graphs import STACKS

Body = Mapping[str, Any]
IMAGE = f"registry.example.com/image@sha256:{'0' * 64}"
SCRAPER = {"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/managed-by": "prometheus-operator"}
"""Of its pods, as the Prometheus operator labels them (podSelectorLabels of its StatefulSet)."""
HOMES = {"prometheus-operator": "operators", names.MONITORING_NAMESPACE: "monitoring"}
"""Where a Prometheus may be: the namespace, and its role."""
WORKLOADS = {"Deployment", "DaemonSet", "StatefulSet", "LeaderWorkerSet"}


@dataclass(frozen=True)
class Target:
    """Pods of one kind that a monitor chooses, and the port that it reads."""

    monitor: str
    namespace: str
    labels: Mapping[str, str]
    port: str | int
    named: Mapping[str, int]
    """The pods' ports by name."""


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """A centre that has all that is read: meter, shifter, logs, traces, gateway, engines, queues, autoscaler."""
    raw = raw_config(CASES / "existing.ok.logs-and-traces.yaml")
    center = raw[KEY]
    center["cloud"]["capabilities"] = list(OPERATORS)
    center["saving"] = {"shifting": {}}
    center["images"] = {"shifter": IMAGE, "meter": IMAGE}
    path = tmp_path_factory.mktemp("everything") / "Pulumi.everything.yaml"
    path.write_text(yaml.safe_dump({"config": {KEY: center}}), encoding="utf-8")
    return graph_of("everything", path, reporter())


def bodies(graph: Graph, *kinds: str) -> list[Body]:
    return [manifest.body for manifest in graph.manifests if manifest.body["kind"] in kinds]


def holds(selector: Body | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector chooses these labels; an empty one chooses all."""
    given = selector or {}
    assert set(given) <= {"matchLabels", "matchExpressions"}, given
    exact = all(labels.get(key) == value for key, value in given.get("matchLabels", {}).items())
    return exact and all(_fits(each, labels) for each in given.get("matchExpressions", ()))


def _fits(expression: Body, labels: Mapping[str, str]) -> bool:
    found = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return found in expression["values"]
        case "NotIn":
            return found not in expression["values"]
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
    raise AssertionError(expression)


def targets(graph: Graph) -> Iterator[Target]:
    """Of the plan's own monitors, and of those that upstream charts are told to make."""
    for monitor in bodies(graph, "PodMonitor", "ServiceMonitor"):
        yield from _chosen(monitor, graph)
    for chart in graph.upstream_charts:
        yield from _of_telemetry(chart.name, chart.inputs["namespace"], chart.inputs["values"])


def _chosen(monitor: Body, graph: Graph) -> Iterator[Target]:
    metadata, spec = monitor["metadata"], monitor["spec"]
    where = spec.get("namespaceSelector", {})
    namespaces = where.get("matchNames", [metadata["namespace"]])
    endpoints = spec.get("podMetricsEndpoints") or spec["endpoints"]
    found = False
    for workload in bodies(graph, *WORKLOADS):
        home = workload["metadata"]["namespace"]
        for pod in _templates(workload):
            labels = pod["metadata"].get("labels", {})
            if (where.get("any") or home in namespaces) and holds(spec["selector"], labels):
                found, named = True, _ports(pod)
                yield from (Target(metadata["name"], home, labels, _port(each), named) for each in endpoints)
    if not found:
        # What others install: exporters where the accelerators' are, operators in their own namespace.
        labels = _least(spec["selector"])
        for home in [names.ACCELERATOR_NAMESPACE] if where.get("any") else namespaces:
            yield from (Target(metadata["name"], home, labels, _port(each), {}) for each in endpoints)


def _port(endpoint: Body) -> str | int:
    found: str | int = endpoint.get("port") or endpoint["portNumber"]
    return found


def _templates(workload: Body) -> Iterator[Body]:
    spec = workload["spec"]
    if workload["kind"] == "LeaderWorkerSet":
        group = spec["leaderWorkerTemplate"]
        yield from (group[part] for part in ("leaderTemplate", "workerTemplate") if part in group)
    else:
        yield spec["template"]


def _ports(pod: Body) -> dict[str, int]:
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    return {
        port["name"]: port["containerPort"]
        for container in containers
        for port in container.get("ports", ())
        if "name" in port
    }


def _least(selector: Body) -> dict[str, str]:
    """Labels that a selector chooses."""
    expressions = {each["key"]: each["values"][0] for each in selector.get("matchExpressions", ())}
    return {**selector.get("matchLabels", {}), **expressions}


def _of_telemetry(name: str, namespace: str, values: Body) -> Iterator[Target]:
    """An upstream chart's monitor reads its pods' port of metrics, the only one of a store."""
    part = values.get("server", values)
    told = [kind for kind in ("serviceMonitor", "podMonitor") if part.get(kind, {}).get("enabled")]
    if told:
        ports = {
            stores.LOGS: stores.LOGS_PORT,
            stores.PLATFORM_LOGS: stores.LOGS_PORT,
            stores.TRACES: stores.TRACES_PORT,
        }
        yield Target(name, namespace, part["podLabels"], ports.get(name, collector.METRICS_PORT), {})


def let_through(policies: Sequence[Body], direction: str, target: Target, end: tuple[str, Mapping[str, str]]) -> bool:
    """Whether the policies that choose the pods at one end let a connection through to the target's port.

    `direction`: Ingress at the target, Egress at the other end. `end`: that other end's namespace's role, and labels.
    """
    if not policies:
        return True
    rules = [rule for policy in policies for rule in policy["spec"].get(direction.lower(), ())]
    peer = "from" if direction == "Ingress" else "to"
    return any(_opens(rule, target) and _meets(rule.get(peer), end) for rule in rules)


def _opens(rule: Body, target: Target) -> bool:
    return "ports" not in rule or any(
        port["protocol"] == "TCP" and _number(port["port"], target) == _number(target.port, target)
        for port in rule["ports"]
    )


def _number(port: str | int, target: Target) -> str | int:
    return target.named.get(port, port) if isinstance(port, str) else port


def _meets(peers: Sequence[Body] | None, end: tuple[str, Mapping[str, str]]) -> bool:
    """Peers without a namespace's selector are of the policy's own namespace, which no Prometheus is in."""
    role, labels = end
    return not peers or any(
        "namespaceSelector" in peer
        and holds(peer["namespaceSelector"], {names.ROLE: role})
        and holds(peer.get("podSelector"), labels)
        for peer in peers
    )


def chosen_by(policies: Iterable[Body], direction: str, namespace: str, labels: Mapping[str, str]) -> list[Body]:
    return [
        policy
        for policy in policies
        if policy["metadata"]["namespace"] == namespace
        and direction in policy["spec"]["policyTypes"]
        and holds(policy["spec"]["podSelector"], labels)
    ]


def unreachable(graph: Graph) -> list[str]:
    """What no Prometheus could read, or not one in each of its homes; a line each."""
    policies = bodies(graph, "NetworkPolicy")
    found = []
    for target in targets(graph):
        inward = chosen_by(policies, "Ingress", target.namespace, target.labels)
        for home, role in HOMES.items():
            outward = chosen_by(policies, "Egress", home, SCRAPER)
            if not let_through(inward, "Ingress", target, (role, SCRAPER)):
                found.append(f"{target.monitor} in {target.namespace} lets in no Prometheus of role {role}")
            if not let_through(outward, "Egress", target, ("", target.labels)):
                found.append(f"a Prometheus in {home} does not get to {target.monitor}")
    return found


def test_everything_that_a_monitor_chooses_can_be_read(everything: Graph) -> None:
    assert unreachable(everything) == []


@pytest.mark.parametrize("stack", sorted(STACKS))
def test_so_it_is_in_every_stack(stack_graphs: Mapping[str, Graph], stack: str) -> None:
    assert unreachable(stack_graphs[stack]) == []


def test_there_is_much_to_read_and_each_monitor_names_a_port_that_its_pods_have(everything: Graph) -> None:
    found = list(targets(everything))
    ours = {"gateway", "shifter", "monitoring-meter", "monitoring-engines"}
    theirs = {"monitoring-dcgm-exporter", "monitoring-npu-exporter", "monitoring-keda", "monitoring-kueue"}
    telemetry = {stores.LOGS, stores.PLATFORM_LOGS, stores.TRACES, "log-collector", names.TRACE_COLLECTOR}
    assert ours | theirs | telemetry <= {target.monitor for target in found}
    assert {target.port for target in found if target.monitor in ours} == {"metrics", "router-metrics", "http"}
    assert all(target.port in target.named for target in found if target.monitor in ours)


def test_one_that_lets_in_monitoring_alone_is_found(everything: Graph) -> None:
    """Or the tests above would prove nothing."""
    closed = _changed(everything, "aicc-system/shifter", {"ingress": []})
    assert unreachable(closed) == [
        f"shifter in aicc-system lets in no Prometheus of role {role}" for role in HOMES.values()
    ]
    peer = {"namespaceSelector": {"matchLabels": {names.ROLE: "monitoring"}}}
    half = _changed(everything, "aicc-system/shifter", {"ingress": [{"from": [peer]}]})
    assert unreachable(half) == ["shifter in aicc-system lets in no Prometheus of role operators"]
    elsewhere = {"from": [peer], "ports": [{"protocol": "TCP", "port": 1}]}
    assert len(unreachable(_changed(everything, "aicc-system/shifter", {"ingress": [elsewhere]}))) == 2
    kept_in = _changed(everything, f"{names.MONITORING_NAMESPACE}/allow-scraping", {"egress": []})
    assert {line.split(" does not")[0] for line in unreachable(kept_in)} == {
        f"a Prometheus in {names.MONITORING_NAMESPACE}"
    }


def test_an_operator_s_pod_that_is_no_prometheus_reads_no_logs_and_asks_no_engine(everything: Graph) -> None:
    policies = bodies(everything, "NetworkPolicy")
    shared = [target for target in targets(everything) if target.port in ("http", stores.LOGS_PORT, stores.TRACES_PORT)]
    assert {target.monitor for target in shared} == {
        "monitoring-engines",
        stores.LOGS,
        stores.PLATFORM_LOGS,
        stores.TRACES,
    }
    for target in shared:
        inward = chosen_by(policies, "Ingress", target.namespace, target.labels)
        assert not let_through(inward, "Ingress", target, ("operators", {"app.kubernetes.io/name": "grafana"}))


def _changed(graph: Graph, policy: str, spec: Body) -> Graph:
    """The graph with a policy that says something else."""
    found = [item for item in graph.resources if item.type.endswith(":NetworkPolicy") and _place(item.inputs) == policy]
    [one] = found
    other = {**one.inputs, "spec": {**one.inputs["spec"], **spec}}
    resources = tuple(replace(item, inputs=other) if item is one else item for item in graph.resources)
    return Graph(graph.stack, resources, graph.outputs)


def _place(body: Body) -> str:
    return f"{body['metadata']['namespace']}/{body['metadata']['name']}"
