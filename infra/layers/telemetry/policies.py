"""Who reaches what of telemetry; the namespaces' default-deny is made with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra import names
from infra.layers.network import MONITORING, PROMETHEUS
from infra.layers.objects import Manifest
from infra.layers.telemetry import collector, logs, reader, stores
from infra.plan import CenterPlan

ISSUER_PORT = 443
_GATEWAY = {"namespaceSelector": {"matchLabels": {names.ROLE: "gateway"}}}


def of(plan: CenterPlan) -> Iterator[Manifest]:
    """The openings of the namespace with the stores."""
    door = _pods(reader.RELEASE)
    for store in stores.of_logs(plan.logs):
        # Metrics and logs are read on one port.
        sources = [_pods(logs.RELEASE, names.LOG_COLLECTOR_NAMESPACE), door, PROMETHEUS]
        yield _policy(store.name, ingress=[_rule("from", sources, store.port)])
    if plan.logs.enabled and plan.logs.access:
        to_stores = [_pods(store.name) for store in stores.of_logs(plan.logs)]
        yield _policy(
            reader.RELEASE,
            # Whoever comes must have a token of the declared issuer.
            ingress=[_rule("from", [], reader.PORT)],
            egress=[_rule("to", to_stores, stores.LOGS_PORT), _rule("to", [], ISSUER_PORT)],
        )
    for store in stores.of_traces(plan.traces):
        spans = _pods(names.TRACE_COLLECTOR)
        yield _policy(store.name, ingress=[_rule("from", [spans, PROMETHEUS], store.port)])
        yield _policy(
            names.TRACE_COLLECTOR,
            ingress=[
                _rule("from", [_GATEWAY], collector.OTLP_PORT, collector.OTLP_HTTP_PORT),
                _rule("from", [MONITORING], collector.METRICS_PORT),
            ],
            egress=[_rule("to", [_pods(store.name)], store.port)],
        )


def of_collector() -> Iterator[Manifest]:
    """The openings of the log collector's namespace."""
    home = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": names.TELEMETRY_NAMESPACE}}}
    yield _policy(
        logs.RELEASE,
        namespace=names.LOG_COLLECTOR_NAMESPACE,
        ingress=[_rule("from", [MONITORING], collector.METRICS_PORT)],
        egress=[_rule("to", [home], stores.LOGS_PORT)],
    )


def _pods(part: str, namespace: str | None = None) -> Manifest:
    where = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}} if namespace else {}
    return {**where, "podSelector": {"matchLabels": {names.PART: part}}}


def _rule(direction: str, peers: Sequence[Manifest], *ports: int) -> Manifest:
    """Without peers: everybody."""
    opened = [{"protocol": "TCP", "port": port} for port in ports]
    return {**({direction: list(peers)} if peers else {}), "ports": opened}


def _policy(part: str, *, namespace: str = names.TELEMETRY_NAMESPACE, **rules: Any) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": part, "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": {names.PART: part}},
            "policyTypes": [kind.capitalize() for kind in rules],
            **rules,
        },
    }
