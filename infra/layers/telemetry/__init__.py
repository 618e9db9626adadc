"""Telemetry: where containers' logs and the gateway's traces are collected, kept, and read by whom they belong to.

Upstream charts, pinned; what they are told is made by functions that need no Pulumi. It makes no dashboards and no
alerts: those are the monitoring layer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.helm.v4 import Chart, RepositoryOptsArgs

from infra import names, versions
from infra.layers import network
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.namespaces import PodSecurity, namespace
from infra.layers.telemetry import logs, policies, reader, stores, traces

ROLE = "telemetry"


def build(given: LayerIn) -> LayerOut:
    """Register what is declared of logs and traces; nothing where neither is."""
    plan = given.plan
    if not (plan.logs.enabled or plan.traces.enabled):
        return LayerOut()
    home = _home(given, names.TELEMETRY_NAMESPACE, "restricted")
    for policy in policies.of(plan):
        given.declare(policy, *home)
    storage = given.earlier["storage"].ready
    kept = {
        store.name: _release(given, store.name, store.chart, stores.values(store, given), *home, *storage)
        for store in (*stores.of_logs(plan.logs), *stores.of_traces(plan.traces))
    }
    ready: list[pulumi.Resource] = [*kept.values()]
    if plan.logs.enabled:
        # The collector reads files of the node, which no namespace but one of its own may.
        own = _home(given, names.LOG_COLLECTOR_NAMESPACE, "privileged")
        for policy in policies.of_collector():
            given.declare(policy, *own)
        ready.append(_release(given, logs.RELEASE, versions.OTEL_COLLECTOR, logs.values(given), *own, *kept.values()))
    if plan.logs.enabled and plan.logs.access:
        values = reader.values(plan, plan.logs.access, given.cluster)
        ready.append(_release(given, reader.RELEASE, versions.VMAUTH, values, *home, *kept.values()))
    if plan.traces.enabled:
        values = traces.values(plan.traces, given.cluster)
        ready.append(_release(given, traces.RELEASE, versions.OTEL_COLLECTOR, values, *home, *kept.values()))
    return LayerOut(ready=tuple(ready))


def _home(given: LayerIn, name: str, level: PodSecurity) -> tuple[pulumi.Resource, ...]:
    """A namespace, closed."""
    made = given.declare(namespace(name, ROLE, level, given.plan.name), *given.earlier["foundation"].ready)
    return made, given.declare(network.default_deny(name), made)


def _release(
    given: LayerIn, name: str, chart: versions.UpstreamChart, values: Mapping[str, Any], *after: pulumi.Resource
) -> pulumi.Resource:
    monitors = given.earlier["operators"].parts.get("prometheus-operator", ())
    return Chart(
        name,
        chart=chart.chart,
        version=chart.version,
        repository_opts=RepositoryOptsArgs(repo=chart.repository) if chart.repository else None,
        namespace=names.LOG_COLLECTOR_NAMESPACE if name == logs.RELEASE else names.TELEMETRY_NAMESPACE,
        values=dict(values),
        opts=given.options(*after, *monitors),
    )


LAYER = Layer("telemetry", requires=("foundation", "storage", "operators"), build=build)
