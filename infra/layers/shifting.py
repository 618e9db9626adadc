"""Shifting: the shifter, which lets deferrable jobs wait for low-carbon hours, where the stack asks for it.

It may list and patch jobs in the tenants' namespaces, and nothing else; the jobs are made by others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from infra import names
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.charts import pull_policy
from infra.layers.network import MONITORING
from infra.layers.objects import Manifest
from infra.plan.model import CenterPlan, ShifterPlan

SHIFTER = "shifter"
LABELS = {"app.kubernetes.io/name": SHIFTER, "app.kubernetes.io/part-of": "ai-compute-center"}
PORT = 8080
USER = 65532
CONFIG, TOKEN = "/etc/shifter", "/run/secrets/forecast"


def build(given: LayerIn) -> LayerOut:
    """Register the shifter, and its rights in every tenant's namespace."""
    plan = given.plan.shifter
    if plan is None:
        return LayerOut()
    kueue = given.cluster.serves("kueue")
    after = given.earlier["foundation"].ready
    ready = [given.declare(each, *after) for each in (account(), role(kueue=kueue), opening())]
    homes = given.earlier["tenancy"].parts
    ready += [given.declare(binding(tenant.namespace), *homes[tenant.name]) for tenant in given.plan.tenants]
    told = configuration(plan, given.plan, kueue=kueue)
    ready.append(given.declare(told, *after))
    ready.append(given.declare(deployment(plan, told, dict(given.cluster.service_nodes)), *ready))
    if given.cluster.serves("prometheus-operator"):
        given.declare(monitor(), *after, *given.earlier["operators"].parts.get("prometheus-operator", ()))
    return LayerOut(ready=tuple(ready))


def configuration(plan: ShifterPlan, center: CenterPlan, *, kueue: bool) -> Manifest:
    """What the shifter is told."""
    told: dict[str, Any] = {
        "namespaces": [tenant.namespace for tenant in center.tenants],
        "kueue": kueue,
        "port": PORT,
        "budgets": {
            tenant: budget.model_dump(by_alias=True, exclude_none=True) for tenant, budget in plan.budgets.items()
        },
    }
    if plan.profile_gco2e_per_kwh:
        told["profile"] = {"hours": list(plan.profile_gco2e_per_kwh), "timeZone": plan.profile_time_zone}
    if feed := plan.forecast:
        token = {"tokenFile": f"{TOKEN}/{feed.key}"} if feed.secret else {}
        told["feed"] = {"url": feed.url, "format": feed.format, **token}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": SHIFTER, "namespace": names.SYSTEM_NAMESPACE, "labels": LABELS},
        "data": {"shifter.json": json.dumps(told, indent=1, sort_keys=True)},
    }


def account() -> Manifest:
    """Who the shifter is."""
    metadata = {"name": SHIFTER, "namespace": names.SYSTEM_NAMESPACE, "labels": LABELS}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": False}


def role(*, kueue: bool) -> Manifest:
    """What it may do where it is bound."""
    rules = [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "patch"]}]
    if kueue:
        rules.append({"apiGroups": ["kueue.x-k8s.io"], "resources": ["workloads"], "verbs": ["list", "patch"]})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"aicc-{SHIFTER}", "labels": LABELS},
        "rules": rules,
    }


def binding(namespace: str) -> Manifest:
    """Its rights in one tenant's namespace."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": SHIFTER, "namespace": namespace, "labels": LABELS},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": f"aicc-{SHIFTER}"},
        "subjects": [{"kind": "ServiceAccount", "name": SHIFTER, "namespace": names.SYSTEM_NAMESPACE}],
    }


def opening() -> Manifest:
    """It reaches the API server and its feed, whose addresses are not known; monitoring reaches its metrics."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": SHIFTER, "namespace": names.SYSTEM_NAMESPACE, "labels": LABELS},
        "spec": {
            "podSelector": {"matchLabels": LABELS},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [MONITORING], "ports": [{"protocol": "TCP", "port": PORT}]}],
            "egress": [{"ports": [{"protocol": "TCP", "port": port} for port in (443, 6443)]}],
        },
    }


def deployment(plan: ShifterPlan, told: Manifest, service_nodes: dict[str, str]) -> Manifest:
    """One of it: a second would only repeat its writes."""
    digest = hashlib.sha256(str(told["data"]).encode()).hexdigest()[:16]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": SHIFTER, "namespace": names.SYSTEM_NAMESPACE, "labels": LABELS},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": LABELS},
            "template": {
                # It reads its configuration once: another one is another pod.
                "metadata": {"labels": LABELS, "annotations": {f"{names.DOMAIN}/configuration": digest}},
                "spec": _pod(plan, service_nodes),
            },
        },
    }


def _pod(plan: ShifterPlan, service_nodes: dict[str, str]) -> Manifest:
    secret = plan.forecast.secret if plan.forecast else None
    volumes = dict(_volumes(secret))
    return {
        "serviceAccountName": SHIFTER,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "priorityClassName": "aicc-platform",
        **({"nodeSelector": service_nodes} if service_nodes else {}),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": SHIFTER,
                "image": plan.image,
                "imagePullPolicy": pull_policy(plan.image),
                "args": [f"--config={CONFIG}/shifter.json"],
                "ports": [{"name": "metrics", "containerPort": PORT}],
                "readinessProbe": {"httpGet": {"path": "/metrics", "port": "metrics"}},
                "livenessProbe": {"httpGet": {"path": "/metrics", "port": "metrics"}, "periodSeconds": 60},
                "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [
                    {"name": name, "mountPath": path, "readOnly": True} for name, (path, _) in volumes.items()
                ],
            }
        ],
        "volumes": [{"name": name, **source} for name, (_, source) in volumes.items()],
    }


def _volumes(secret: str | None) -> Iterator[tuple[str, tuple[str, Manifest]]]:
    """By name: where each is mounted, and what it is."""
    yield "configuration", (CONFIG, {"configMap": {"name": SHIFTER}})
    if secret:
        yield "forecast", (TOKEN, {"secret": {"secretName": secret, "defaultMode": 0o440}})


def monitor() -> Manifest:
    """Where the operator's Prometheus finds its metrics."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": SHIFTER, "namespace": names.SYSTEM_NAMESPACE, "labels": LABELS},
        "spec": {"selector": {"matchLabels": LABELS}, "podMetricsEndpoints": [{"port": "metrics"}]},
    }


LAYER = Layer("shifting", requires=("foundation", "operators", "tenancy"), build=build)
