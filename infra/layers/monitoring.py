"""Monitoring: the meter, rules, alerts, dashboards and what is scraped, as one release of the chart monitoring.

Prometheus itself is an operator's (kube-prometheus-stack), or there already. On a local cluster this layer makes
nothing: there Prometheus, Alertmanager and the meter are processes of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_kubernetes.helm.v4 import Chart

from infra import names
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.charts import chart, image
from infra.plan.monitoring.model import MonitoringPlan

RELEASE = "monitoring"


def build(given: LayerIn) -> LayerOut:
    """Register the release, once the custom resources that it uses and the namespaces that it watches are there."""
    plan = given.plan.monitoring
    if plan is None or plan.as_processes:
        return LayerOut()
    tenants = [resource for parts in given.earlier["tenancy"].parts.values() for resource in parts]
    operator = given.earlier["operators"].parts.get("prometheus-operator", ())
    release = Chart(
        RELEASE,
        chart=chart("monitoring"),
        namespace=names.MONITORING_NAMESPACE,
        values=values(plan, given),
        opts=given.options(*given.earlier["foundation"].ready, *operator, *tenants),
    )
    return LayerOut(ready=(release,))


def values(plan: MonitoringPlan, given: LayerIn) -> dict[str, Any]:
    """Return the chart's values; what is the same everywhere is the chart's default."""
    return {
        "operator": given.cluster.serves("prometheus-operator"),
        "scrapeSeconds": plan.scrape_seconds,
        "meter": _meter(plan),
        "alerts": {
            "repeatHours": plan.alerts.repeat_hours,
            "receivers": [
                receiver.model_dump(by_alias=True, exclude_none=True, mode="json") for receiver in plan.alerts.receivers
            ],
        },
        "priorityClassName": "aicc-platform",
        "nodeSelector": dict(given.cluster.service_nodes),
    }


def _meter(plan: MonitoringPlan) -> Mapping[str, Any]:
    if plan.image is None:
        return {}
    feed = {"enabled": True, "secret": plan.feed.secret or "", "key": plan.feed.key} if plan.feed else {}
    return {"image": image(plan.image), "config": dict(plan.meter), "feed": feed}


LAYER = Layer("monitoring", requires=("foundation", "operators", "tenancy"), build=build)
