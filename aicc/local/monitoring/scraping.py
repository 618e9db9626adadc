"""What Prometheus reads on a local stack, as its configuration. Pure data.

Jobs and labels are those that kube-prometheus-stack gives in a cluster, so that the same rules, alerts and dashboards
hold. What runs on the real node is in a network of its own: the API server's proxy leads to its kubelet and pods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aicc.local import configuration
from aicc.local.configuration import LOOPBACK
from aicc.local.monitoring import series
from aicc.local.monitoring.layout import ALERTMANAGER, METER, PROMETHEUS, SIMULATOR, Ports
from infra import names

Job = dict[str, Any]

_COMPONENTS = {
    "apiserver": "kubeApiserverPort",
    "kube-controller-manager": "kubeControllerManagerPort",
    "kube-scheduler": "kubeSchedulerPort",
    "kube-etcd": "etcdPort",
    "kwok-controller": "kwokControllerPort",
}
"""Ports by job."""
_KUBELET_PATHS = {"kubelet": "/metrics", "kubelet-cadvisor": "/metrics/cadvisor"}
_POD = "__meta_kubernetes_pod"
_NAME, _COMPONENT = (f"{_POD}_label_app_kubernetes_io_{label}" for label in ("name", "component"))
_PORT = f"{_POD}_container_port_name"


@dataclass(frozen=True)
class RealNode:
    """The node that runs containers, as Prometheus reaches it."""

    name: str
    keda_port: int | None
    """Where KEDA's operator tells its metrics, at the node's address; None without KEDA."""


@dataclass(frozen=True)
class Sources:
    """Where everything is."""

    center: str
    control_plane: configuration.Layout
    control_plane_ports: configuration.Ports
    kubeconfig: Path
    ports: Ports
    real_node: RealNode | None
    rules: Sequence[Path]
    scrape_seconds: int
    rules_seconds: int


def prometheus(sources: Sources) -> dict[str, Any]:
    """Return Prometheus' configuration."""
    jobs = [*_components(sources), *_own(sources), _exporters(sources)]
    if sources.real_node:
        jobs += [*_kubelet(sources, sources.real_node), *_pods(sources, sources.real_node)]
        jobs += _keda(sources, sources.real_node)
    return {
        "global": {
            "scrape_interval": f"{sources.scrape_seconds}s",
            "evaluation_interval": f"{sources.rules_seconds}s",
            # Read by Alertmanager and by whoever federates this; in the server itself series are without it.
            "external_labels": {"center": sources.center},
        },
        "rule_files": [str(path) for path in sources.rules],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [sources.ports.address(ALERTMANAGER)]}]}]},
        "scrape_configs": [{**job, "metric_relabel_configs": list(series.relabelling())} for job in jobs],
    }


def _tls(sources: Sources) -> Job:
    """Who asks: the administrator, whose certificate every part of the control plane and the proxy takes."""
    layout = sources.control_plane
    return {
        "scheme": "https",
        "tls_config": {"ca_file": str(layout.ca), "cert_file": str(layout.certificate), "key_file": str(layout.key)},
    }


def _static(address: str, **labels: str) -> Job:
    return {"static_configs": [{"targets": [address], "labels": labels} if labels else {"targets": [address]}]}


def _components(sources: Sources) -> Sequence[Job]:
    return [
        {"job_name": job, **_tls(sources), **_static(f"{LOOPBACK}:{getattr(sources.control_plane_ports, port)}")}
        for job, port in _COMPONENTS.items()
    ]


def _own(sources: Sources) -> Sequence[Job]:
    """Monitoring itself. Of the meter every label counts: `namespace`, `pod` and `job` are those of what it sees."""
    programs = (METER, SIMULATOR, ALERTMANAGER, PROMETHEUS)
    return [
        {"job_name": name, "honor_labels": name == METER, **_static(sources.ports.address(name))} for name in programs
    ]


def _exporters(sources: Sources) -> Job:
    """An exporter for each simulated node that has accelerators; the simulator says which there are."""
    return {
        "job_name": "accelerators",
        # `namespace` and `pod` are those of the pod that holds a device.
        "honor_labels": True,
        "http_sd_configs": [
            {"url": f"{sources.ports.url(SIMULATOR)}/targets", "refresh_interval": f"{sources.scrape_seconds}s"}
        ],
    }


def _api_server(sources: Sources) -> str:
    return f"{LOOPBACK}:{sources.control_plane_ports.kubeApiserverPort}"


def _kubelet(sources: Sources, node: RealNode) -> Sequence[Job]:
    return [
        {
            "job_name": name,
            **_tls(sources),
            "metrics_path": f"/api/v1/nodes/{node.name}/proxy{path}",
            **_static(_api_server(sources), job="kubelet", node=node.name, instance=node.name, metrics_path=path),
        }
        for name, path in _KUBELET_PATHS.items()
    ]


def _keda(sources: Sources, node: RealNode) -> Sequence[Job]:
    if node.keda_port is None:
        return []
    return [
        {
            "job_name": "keda-operator",
            **_tls(sources),
            "metrics_path": f"/api/v1/nodes/http:{node.name}:{node.keda_port}/proxy/metrics",
            **_static(_api_server(sources), instance=f"{node.name}:{node.keda_port}"),
        }
    ]


def _pods(sources: Sources, node: RealNode) -> Sequence[Job]:
    """Pods of the real node: what PodMonitors choose in a cluster, by the same labels and named ports."""
    return [
        _chosen(sources, node, "gateway", {_NAME: "inference-gateway", _PORT: "metrics|router-metrics|split-metrics"}),
        _chosen(sources, node, "model-server", {_COMPONENT: "model-server(-prefill|-decode)?", _PORT: "http"}),
        _chosen(sources, node, "shifter", {_NAME: "shifter", _PORT: "metrics"}),
    ]


def _chosen(sources: Sources, node: RealNode, job: str, where: Mapping[str, str]) -> Job:
    proxy = "/api/v1/namespaces/${1}/pods/${2}:${3}/proxy/metrics"
    parts = ["__meta_kubernetes_namespace", f"{_POD}_name", f"{_POD}_container_port_number"]
    return {
        "job_name": job,
        **_tls(sources),
        "kubernetes_sd_configs": [
            {
                "role": "pod",
                "kubeconfig_file": str(sources.kubeconfig),
                "selectors": [{"role": "pod", "field": f"spec.nodeName={node.name}"}],
            }
        ],
        "relabel_configs": [
            *({"source_labels": [label], "regex": value, "action": "keep"} for label, value in where.items()),
            {"source_labels": [f"{_POD}_phase"], "regex": "Running", "action": "keep"},
            # One that is starting or going is not expected to answer.
            {"source_labels": [f"{_POD}_ready"], "regex": "true", "action": "keep"},
            {
                "source_labels": parts,
                "separator": ";",
                "regex": "(.+);(.+);(.+)",
                "target_label": "__metrics_path__",
                "replacement": proxy,
            },
            {"target_label": "__address__", "replacement": _api_server(sources)},
            {"source_labels": [f"{_POD}_name", _PORT], "separator": ":", "target_label": "instance"},
            *(
                {"source_labels": [source], "target_label": target}
                for source, target in (
                    ("__meta_kubernetes_namespace", "namespace"),
                    (f"{_POD}_name", "pod"),
                    (f"{_POD}_node_name", "node"),
                    (f"{_POD}_container_name", "container"),
                    (_PORT, "endpoint"),
                    (f"{_POD}_label_{names.DOMAIN.replace('.', '_')}_model", "served_model"),
                )
            ),
        ],
    }
