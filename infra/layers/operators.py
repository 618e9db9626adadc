"""Operators: pinned upstream charts for the custom-resource APIs that the cluster does not serve by itself.

Each brings its own CustomResourceDefinitions, so what uses them waits for it. What an operator is then told to do is
other layers' work. Charts whose installation needs Helm's hooks have them turned off: Pulumi's charts run none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.helm.v4 import Chart, RepositoryOptsArgs

from infra import names, versions
from infra.clouds.base import ClusterOut, Identity
from infra.config.fields import Capability
from infra.layers import prometheus
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.namespaces import PodSecurity, namespace
from infra.plan import CenterPlan
from infra.plan.workloads import EXTERNAL_SECRETS, VELERO

Values = Mapping[str, Any]
PRIORITY = "aicc-platform"


@dataclass(frozen=True)
class Operator:
    """One operator."""

    chart: versions.UpstreamChart
    namespace: str
    level: PodSecurity
    values: Callable[[ClusterOut, CenterPlan], Values]
    after: tuple[Capability, ...] = ()
    """Operators whose custom resources its chart uses."""


def _cert_manager(_: ClusterOut, __: CenterPlan) -> Values:
    return {
        "crds": {"enabled": True, "keep": True},
        "global": {"priorityClassName": PRIORITY, "leaderElection": {"namespace": "cert-manager"}},
        "replicaCount": 2,
        "podDisruptionBudget": {"enabled": True},
        "webhook": {"replicaCount": 3, "podDisruptionBudget": {"enabled": True}},
        "cainjector": {"replicaCount": 2},
        "startupapicheck": {"enabled": False},
    }


def _external_secrets(cluster: ClusterOut, _: CenterPlan) -> Values:
    identity = cluster.identities.get(EXTERNAL_SECRETS, Identity())
    return {
        "installCRDs": True,
        "replicaCount": 2,
        "leaderElect": True,
        "priorityClassName": PRIORITY,
        "podDisruptionBudget": {"enabled": True},
        "serviceAccount": {"name": EXTERNAL_SECRETS, "annotations": dict(identity.annotations)},
        "podLabels": dict(identity.pod_labels),
        "webhook": {"replicaCount": 2, "priorityClassName": PRIORITY},
        "certController": {"replicaCount": 1, "priorityClassName": PRIORITY},
    }


def _gateway_api(_: ClusterOut, __: CenterPlan) -> Values:
    """The API alone; its controllers are the clouds' and the gateway's."""
    return {"crds": {"gatewayAPI": {"enabled": True, "channel": "standard"}, "envoyGateway": {"enabled": False}}}


def _jobset(_: ClusterOut, __: CenterPlan) -> Values:
    return {"controller": {"replicas": 2, "podDisruptionBudget": {"enabled": True}}}


def _keda(_: ClusterOut, __: CenterPlan) -> Values:
    budget = {"minAvailable": 1}
    return {
        "operator": {"replicaCount": 2},
        "metricsServer": {"replicaCount": 2},
        "webhooks": {"replicaCount": 2},
        # For the monitoring layer to read.
        "prometheus": {"operator": {"enabled": True}},
        "priorityClassName": PRIORITY,
        "podDisruptionBudget": {"operator": budget, "metricServer": budget, "webhooks": budget},
    }


def _kueue(_: ClusterOut, __: CenterPlan) -> Values:
    """Only jobs are queued: with its webhooks on every pod, an outage of Kueue would stop the cluster."""
    configuration = {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443", "enableClusterQueueResources": True},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        # Queues are tenants' alone: its webhooks are asked of nobody else's jobs, whether it is there or not.
        "managedJobsNamespaceSelector": {"matchLabels": {names.ROLE: "tenant"}},
        "clientConnection": {"qps": 300, "burst": 500},
        "waitForPodsReady": {"timeout": "15m", "blockAdmission": False},
        "integrations": {
            "frameworks": ["batch/job", "jobset.x-k8s.io/jobset", "leaderworkerset.x-k8s.io/leaderworkerset"]
        },
    }
    return {
        "controllerManager": {
            "replicas": 2,
            "podDisruptionBudget": {"enabled": True},
            "manager": {"priorityClassName": PRIORITY},
        },
        "managerConfig": {"controllerManagerConfigYaml": json.dumps(configuration, indent=2)},
    }


def _lws(_: ClusterOut, __: CenterPlan) -> Values:
    # The chart's own security context lacks what Pod Security's restricted level asks for.
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {"replicaCount": 2, "podSecurityContext": context}


def _prometheus_operator(cluster: ClusterOut, plan: CenterPlan) -> Values:
    return prometheus.values(cluster, plan, PRIORITY)


def _velero(cluster: ClusterOut, _: CenterPlan) -> Values:
    identity = cluster.identities.get(VELERO, Identity())
    scheme = cluster.object_store.scheme if cluster.object_store else ""
    plugin = {
        "name": "plugin",
        "image": versions.VELERO_PLUGINS[scheme],
        "volumeMounts": [{"mountPath": "/target", "name": "plugins"}],
    }
    return {
        "initContainers": [plugin],
        # Locations and schedules are the backup layer's; no key is stored: the service account is the identity.
        "backupsEnabled": False,
        "snapshotsEnabled": False,
        "credentials": {"useSecret": False},
        "serviceAccount": {"server": {"create": True, "name": VELERO, "annotations": dict(identity.annotations)}},
        "podLabels": dict(identity.pod_labels),
        "priorityClassName": PRIORITY,
        "upgradeCRDs": False,
        "deployNodeAgent": False,
    }


OPERATORS: dict[Capability, Operator] = {
    "cert-manager": Operator(versions.CERT_MANAGER, "cert-manager", "restricted", _cert_manager),
    "external-secrets": Operator(versions.EXTERNAL_SECRETS, EXTERNAL_SECRETS, "restricted", _external_secrets),
    "gateway-api": Operator(versions.GATEWAY_API, "gateway-system", "restricted", _gateway_api),
    "jobset": Operator(versions.JOBSET, "jobset-system", "restricted", _jobset),
    "keda": Operator(versions.KEDA, "keda", "restricted", _keda),
    "kueue": Operator(versions.KUEUE, "kueue-system", "restricted", _kueue, after=("jobset", "lws")),
    "lws": Operator(versions.LWS, "lws-system", "restricted", _lws),
    prometheus.RELEASE: Operator(
        versions.PROMETHEUS_OPERATOR,
        prometheus.NAMESPACE,
        "restricted",
        _prometheus_operator,
        after=("cert-manager",),
    ),
    "velero": Operator(versions.VELERO, VELERO, "baseline", _velero),
}


def build(given: LayerIn) -> LayerOut:
    """Register each operator that the cluster lacks, after those whose resources its chart uses."""
    wanted = [name for name in OPERATORS if name in given.cluster.operators]
    made: dict[str, tuple[pulumi.Resource, ...]] = {}
    for name in sorted(wanted, key=lambda name: bool(OPERATORS[name].after)):
        earlier = [resource for other in OPERATORS[name].after for resource in made.get(other, ())]
        made[name] = (_install(name, given, earlier),)
    return LayerOut(parts=made)


def _install(name: Capability, given: LayerIn, earlier: list[pulumi.Resource]) -> pulumi.Resource:
    operator = OPERATORS[name]
    home = given.declare(
        namespace(operator.namespace, "operators", operator.level, given.plan.name),
        *given.earlier["foundation"].ready,
    )
    chart = operator.chart
    return Chart(
        name,
        chart=chart.chart,
        version=chart.version,
        repository_opts=RepositoryOptsArgs(repo=chart.repository) if chart.repository else None,
        namespace=operator.namespace,
        values=dict(operator.values(given.cluster, given.plan)),
        opts=given.options(home, *earlier),
    )


LAYER = Layer("operators", requires=("foundation",), build=build)
