"""Every pinned version in one place: Kubernetes, the local cluster's tools, charts and images."""

from __future__ import annotations

from dataclasses import dataclass

KUBERNETES = "1.37.2"
"""The local cluster's control plane. Clouds offer older minors; the manifests use GA APIs only."""

ETCD = "3.7.3"
KWOK = "0.8.0"
HELM = "4.3.1"
COREDNS = "1.15.0"
PAUSE = "1.0.0"
"""Of our own program; `tools/pause/main.go` says the same."""
KUBECONFORM = "0.8.0"
KEDA_LOCAL = "2.21.0"
"""Beside the local control plane; `KEDA` below is the chart's newest."""
PROMETHEUS = "3.16.0"
"""Its Go module calls this v0.316.0, and is without the pages, as they are generated for releases."""
ALERTMANAGER = "0.31.1"
"""Of the local cluster: the last whose Go module has what it needs to be built, its pages."""
VERSITYGW = "1.8.0"
"""The object store of clusters whose cloud has none."""


@dataclass(frozen=True)
class UpstreamChart:
    """A chart that somebody else publishes."""

    chart: str
    """An `oci://` address, or a name in `repository`."""
    version: str
    repository: str | None = None


CERT_MANAGER = UpstreamChart("oci://quay.io/jetstack/charts/cert-manager", "v1.21.2")
EXTERNAL_SECRETS = UpstreamChart("oci://ghcr.io/external-secrets/charts/external-secrets", "2.9.0")
GATEWAY_API = UpstreamChart("oci://docker.io/envoyproxy/gateway-crds-helm", "v1.8.1")
JOBSET = UpstreamChart("oci://registry.k8s.io/jobset/charts/jobset", "0.12.0")
JUPYTERHUB = UpstreamChart("jupyterhub", "4.4.0", "https://hub.jupyter.org/helm-chart/")
KEDA = UpstreamChart("keda", "2.20.2", "https://kedacore.github.io/charts")
KUEUE = UpstreamChart("oci://registry.k8s.io/kueue/charts/kueue", "0.19.4")
LWS = UpstreamChart("oci://registry.k8s.io/lws/charts/lws", "0.9.0")
PROMETHEUS_OPERATOR = UpstreamChart(
    "kube-prometheus-stack", "88.5.3", "https://prometheus-community.github.io/helm-charts"
)
OTEL_COLLECTOR = UpstreamChart(
    "opentelemetry-collector", "0.170.0", "https://open-telemetry.github.io/opentelemetry-helm-charts"
)
VELERO = UpstreamChart("velero", "12.1.0", "https://vmware-tanzu.github.io/helm-charts")
VICTORIA_LOGS = UpstreamChart("oci://ghcr.io/victoriametrics/helm-charts/victoria-logs-single", "0.13.9")
VICTORIA_TRACES = UpstreamChart("oci://ghcr.io/victoriametrics/helm-charts/victoria-traces-single", "0.1.11")
VMAUTH = UpstreamChart("oci://ghcr.io/victoriametrics/helm-charts/victoria-metrics-auth", "0.40.0")

OTEL_COLLECTOR_APP = "0.158.0"
VICTORIA_LOGS_APP = "1.52.1"
VICTORIA_TRACES_APP = "0.11.0"
VMAUTH_APP = "1.150.0"
"""What those charts run: the same versions that the tests build and run, but for VictoriaTraces."""

VELERO_PLUGINS = {
    "s3": "docker.io/velero/velero-plugin-for-aws:v1.14.2",
    "gs": "docker.io/velero/velero-plugin-for-gcp:v1.14.2",
    "azblob": "docker.io/velero/velero-plugin-for-microsoft-azure:v1.14.2",
}
"""By the object store's scheme; 1.14 goes with Velero 1.18."""


@dataclass(frozen=True)
class DebianBase:
    """The distribution that images start from."""

    suite: str
    image: str
    """The ordinary base, pinned by digest."""


DEBIAN = DebianBase(
    "bookworm",
    "docker.io/library/debian@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716",
)
