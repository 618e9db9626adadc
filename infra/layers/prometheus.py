"""What kube-prometheus-stack is told: Prometheus, Alertmanager, Grafana and the exporters of nodes and objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from infra import names, quantity
from infra.clouds.base import ClusterOut
from infra.layers.objects import Manifest
from infra.plan import CenterPlan
from infra.plan.monitoring.model import MonitoringPlan

Values = Mapping[str, Any]
_RBAC = "rbac.authorization.k8s.io"
_CHARTS = Path(__file__).resolve().parent.parent.parent / "charts"
INHIBITIONS = _CHARTS / "monitoring" / "alertmanager" / "inhibit-rules.yaml"
"""What is a consequence is not told beside its cause; of local stacks too."""
_FILLED = 0.9
"""Of its volume, after which Prometheus drops the oldest blocks whatever their age."""
_MEBIBYTE = 1024**2
_OBJECT_METRICS = (
    "kube_(deployment|statefulset|daemonset)_(status|spec)_.+",
    "kube_job_(status_(failed|succeeded|active)|complete|failed)",
    "kube_pod_(status_phase|status_reason|container_status_(restarts_total|waiting_reason|last_terminated_reason))",
    "kube_node_(status_condition|spec_taint|spec_unschedulable)",
    "kube_persistentvolumeclaim_(info|status_phase|resource_requests_storage_bytes)",
    "kube_poddisruptionbudget_status_.+",
    "kube_resourcequota",
)
"""Of kube-state-metrics: one series a pod where a few do, so that a large centre stays within memory."""
_OBJECTS = (
    "daemonsets",
    "deployments",
    "jobs",
    "nodes",
    "persistentvolumeclaims",
    "poddisruptionbudgets",
    "pods",
    "resourcequotas",
    "statefulsets",
)
"""What those metrics are of. It may list nothing else; the chart's own list has every Secret in it."""
RELEASE: Final = "prometheus-operator"
NAMESPACE: Final = "prometheus-operator"
_GRAFANA = f"{RELEASE}-grafana"
"""Its service account, as the chart names it."""


def values(_: ClusterOut, plan: CenterPlan, priority: str) -> Values:
    """The chart's values; without monitoring, the operator and its API alone."""
    monitoring = plan.monitoring
    return {
        "prometheusOperator": {
            "priorityClassName": priority,
            "admissionWebhooks": {
                # The chart's other way to a webhook certificate is a hook.
                "patch": {"enabled": False},
                "certManager": {"enabled": True},
                # It is one pod, and its certificate comes a little later: rules are taken without it, and the operator
                # checks each again before it gives it to Prometheus.
                "failurePolicy": "Ignore",
            },
            # An Endpoints object ends at a thousand addresses, and its API at some version of Kubernetes.
            "kubeletEndpointSliceEnabled": True,
            "kubeletEndpointsEnabled": False,
        },
        # Its rules have runbooks of their own; the centre's are in charts/monitoring.
        "defaultRules": {"create": False},
        **(_off() if monitoring is None else _stack(monitoring, plan, priority)),
    }


def _off() -> Values:
    parts = ("prometheus", "alertmanager", "grafana", "nodeExporter", "kubeStateMetrics")
    return {part: {"enabled": False} for part in parts}


def _stack(monitoring: MonitoringPlan, plan: CenterPlan, priority: str) -> Values:
    hidden = {"enabled": monitoring.sees_control_plane}
    return {
        "prometheus": {"enabled": True, "prometheusSpec": _prometheus(monitoring, plan.name, priority)},
        "alertmanager": {
            "enabled": True,
            "config": {"inhibit_rules": yaml.safe_load(INHIBITIONS.read_text(encoding="utf-8"))},
            "alertmanagerSpec": _alertmanager(priority),
        },
        "grafana": _grafana(priority),
        "extraManifests": [
            manifest
            for namespace in (NAMESPACE, names.MONITORING_NAMESPACE)
            for manifest in (_reader(namespace), _readers(namespace))
        ],
        "nodeExporter": {"enabled": True},
        "prometheus-node-exporter": {
            # It reads the host, which its own namespace does not let it.
            "namespaceOverride": names.ACCELERATOR_NAMESPACE,
            "priorityClassName": priority,
            "prometheus": {"monitor": {"relabelings": [_node_label()]}},
        },
        "kubeStateMetrics": {"enabled": True},
        "kube-state-metrics": {
            "priorityClassName": priority,
            "collectors": list(_OBJECTS),
            "metricAllowlist": list(_OBJECT_METRICS),
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
        },
        # Or cAdvisor's many series would be read every ten seconds, whatever is declared.
        "kubelet": {"serviceMonitor": {"cAdvisorInterval": f"{monitoring.scrape_seconds}s"}},
        # Who answers names, and where it tells of itself, differs by cloud: on some it would look down for ever.
        "coreDns": {"enabled": False},
        "kubeControllerManager": hidden,
        "kubeScheduler": hidden,
        "kubeEtcd": hidden,
        "kubeProxy": hidden,
    }


def _prometheus(monitoring: MonitoringPlan, center: str, priority: str) -> Values:
    # Or it would take only the rules and monitors of its own release.
    taken = ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    kept = int(quantity.parse(monitoring.storage) * int(_FILLED * 100) // (100 * _MEBIBYTE))
    return {
        "replicas": 2,
        "retention": f"{monitoring.retention_days}d",
        "retentionSize": f"{kept}MB",
        "scrapeInterval": f"{monitoring.scrape_seconds}s",
        "evaluationInterval": f"{monitoring.rules_seconds}s",
        "externalLabels": {"center": center},
        "serviceDiscoveryRole": "EndpointSlice",
        "priorityClassName": priority,
        **{f"{kind}SelectorNilUsesHelmValues": False for kind in taken},
        "resources": {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"memory": "16Gi"}},
        "storageSpec": {"volumeClaimTemplate": {"spec": _claim(monitoring.storage)}},
    }


def _alertmanager(priority: str) -> Values:
    return {
        "replicas": 2,
        "priorityClassName": priority,
        # Its receivers are the monitoring layer's, in another namespace, and are for alerts of all.
        "alertmanagerConfigMatcherStrategy": {"type": "None"},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "storage": {"volumeClaimTemplate": {"spec": _claim("10Gi")}},
    }


def _claim(size: str) -> Values:
    """Of the cluster's default class, which is the centre's own where the cloud makes one."""
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}


def _grafana(priority: str) -> Values:
    """Whoever reaches it inside the cluster looks, and nobody logs in: there is no account to guess.

    Nor is there one that its sidecars could have it reload with: the data source is there before it starts, and
    dashboards it looks for by itself.
    """
    found = {"resource": "configmap", "skipReload": True}
    return {
        "enabled": True,
        "priorityClassName": priority,
        # The chart's would let it read every Secret of the cluster.
        "rbac": {"create": False},
        "defaultDashboardsEnabled": False,
        "env": {"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true"},
        "grafana.ini": {
            "auth": {"disable_login_form": True},
            "auth.anonymous": {"enabled": True, "org_role": "Viewer"},
            "analytics": {"check_for_updates": False, "reporting_enabled": False},
        },
        "sidecar": {
            "dashboards": {
                "enabled": True,
                "label": "grafana_dashboard",
                "labelValue": "1",
                # Nobody else's: a tenant may label a ConfigMap as it likes.
                "searchNamespace": names.MONITORING_NAMESPACE,
                **found,
            },
            "datasources": {"initDatasources": True, **found},
            "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        },
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
    }


def _reader(namespace: str) -> Manifest:
    """What Grafana's sidecars may read: ConfigMaps, of dashboards or of its data source."""
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": _GRAFANA, "namespace": namespace},
        "rules": [rule],
    }


def _readers(namespace: str) -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": _GRAFANA, "namespace": namespace},
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": _GRAFANA},
        "subjects": [{"kind": "ServiceAccount", "name": _GRAFANA, "namespace": NAMESPACE}],
    }


def _node_label() -> Values:
    return {"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}
