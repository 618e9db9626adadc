"""What each tool is: its pinned version, how it reports it, its Go module, and its official release where pinned.

A release is listed only with a checksum that independent packagers agree on for exactly this version (kwok, kwokctl,
kubeconform). Kubernetes, etcd and helm are built from their Go modules, which `go.sum` verifies, until checksums of
these versions are pinned: to pin one, add a `Release`.
"""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from infra import versions

GIB = 1 << 30

_SEMVER = re.compile(r"v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)")


@dataclass(frozen=True)
class Release:
    """An official download and its pinned checksum."""

    url: str
    digest: str
    """Hexadecimal, of the file at `url`."""
    algorithm: Literal["sha256", "sha512"] = "sha256"
    member: str | None = None
    """The binary's name inside the tarball; None where the file is the binary."""


@dataclass(frozen=True)
class Family:
    """A Go module below `tools/` that pins one project's sources."""

    name: str
    modules_bytes: int
    """About what the sources take in Go's module cache."""
    objects_bytes: int
    """About what compiling takes in Go's build cache."""


@dataclass(frozen=True)
class Tool:
    """One pinned binary."""

    name: str
    version: str
    family: Family
    package: str
    """The Go package with its `main`."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Go variables set by the linker (`-X`), so that the binary knows its version."""
    tags: tuple[str, ...] = ()
    """Go build tags."""
    version_arguments: tuple[str, ...] = ("--version",)
    releases: Mapping[str, Release] = field(default_factory=dict)
    """By platform, such as `linux-amd64`."""
    module: str | None = None
    """The Go module whose version, recorded in the binary, is the tool's; for programs that cannot say it."""
    on_request: bool = False
    """Whether only stacks that ask for it need it: long to build, so nobody else waits for it."""

    @property
    def release(self) -> Release | None:
        """The official download for this machine, if one is pinned."""
        return self.releases.get(platform_name())

    def reported_version(self, binary: Path) -> str | None:
        """Return the version that `binary` says it is, without `v` and build metadata; None where it does not run."""
        if self.module:
            return _built_from(binary, self.module)
        try:
            done = subprocess.run(
                [binary, *self.version_arguments],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=30,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        found = _SEMVER.search(done.stdout) if done.returncode == 0 else None
        return found.group(1) if found else None


def _built_from(binary: Path, module: str) -> str | None:
    """Return the version of a module that Go recorded in the binary; None where it did not."""
    try:
        found = re.search(rb"\n(?:dep|mod)\t" + re.escape(module).encode() + rb"\tv(\S+)", binary.read_bytes())
    except OSError:
        return None
    return found.group(1).decode() if found else None


def platform_name() -> str:
    """Return this machine as releases name it, such as `linux-amd64`."""
    machine = platform.machine().lower()
    return f"{sys.platform}-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


_KUBERNETES = Family("kubernetes", modules_bytes=1 * GIB, objects_bytes=4 * GIB)
_ETCD = Family("etcd", modules_bytes=GIB // 4, objects_bytes=GIB)
_KWOK = Family("kwok", modules_bytes=GIB // 2, objects_bytes=2 * GIB)
_HELM = Family("helm", modules_bytes=GIB // 2, objects_bytes=2 * GIB)
_COREDNS = Family("coredns", modules_bytes=GIB // 4, objects_bytes=2 * GIB)
_PAUSE = Family("pause", modules_bytes=0, objects_bytes=GIB // 8)
_KEDA = Family("keda", modules_bytes=2 * GIB, objects_bytes=4 * GIB)
_PROMETHEUS = Family("prometheus", modules_bytes=GIB // 2, objects_bytes=2 * GIB)
_ALERTMANAGER = Family("alertmanager", modules_bytes=GIB // 4, objects_bytes=GIB)
_LWS = Family("lws", modules_bytes=GIB // 2, objects_bytes=2 * GIB)
_KUBECONFORM = Family("kubeconform", modules_bytes=GIB // 8, objects_bytes=GIB // 4)

_OTELCOL = Family("otelcol", modules_bytes=GIB // 2, objects_bytes=2 * GIB)
_VICTORIA_LOGS = Family("victorialogs", modules_bytes=GIB // 4, objects_bytes=GIB // 2)
_VMAUTH = Family("vmauth", modules_bytes=GIB // 2, objects_bytes=GIB // 2)
_VERSITYGW = Family("versitygw", modules_bytes=GIB // 2, objects_bytes=GIB)

_KWOK_DOWNLOADS = f"https://github.com/kubernetes-sigs/kwok/releases/download/v{versions.KWOK}"
_KUBECONFORM_DOWNLOADS = f"https://github.com/yannh/kubeconform/releases/download/v{versions.KUBECONFORM}"


def _kubernetes(name: str, version_arguments: tuple[str, ...] = ("--version",)) -> Tool:
    version = f"v{versions.KUBERNETES}"
    return Tool(
        name=name,
        version=versions.KUBERNETES,
        family=_KUBERNETES,
        package=f"k8s.io/kubernetes/cmd/{name}",
        variables={
            "k8s.io/component-base/version.gitVersion": version,
            "k8s.io/client-go/pkg/version.gitVersion": version,
        },
        version_arguments=version_arguments,
    )


def _kwok(name: str, digests: Mapping[str, str]) -> Tool:
    return Tool(
        name=name,
        version=versions.KWOK,
        family=_KWOK,
        package=f"sigs.k8s.io/kwok/cmd/{name}",
        variables={"sigs.k8s.io/kwok/pkg/consts.Version": versions.KWOK},
        releases={
            platform: Release(f"{_KWOK_DOWNLOADS}/{name}-{platform}", digest) for platform, digest in digests.items()
        },
    )


def _monitoring(name: str, family: Family, version: str) -> Tool:
    return Tool(
        name=name,
        version=version,
        family=family,
        package=f"github.com/prometheus/{family.name}/cmd/{name}",
        variables={"github.com/prometheus/common/version.Version": version},
        # Of the ways to discover targets, files, HTTP and Kubernetes; the rest are clouds' whole libraries.
        tags=("netgo", "remove_all_sd", "enable_kubernetes_sd"),
    )


_KEDA_MODULE = "github.com/kedacore/keda/v2"


def _keda(name: str, package: str) -> Tool:
    return Tool(
        name=name,
        version=versions.KEDA_LOCAL,
        family=_KEDA,
        package=package,
        variables={f"{_KEDA_MODULE}/version.Version": versions.KEDA_LOCAL},
        module=_KEDA_MODULE,
        on_request=True,
    )


_ALL = (
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubectl", ("version", "--client")),
    _kubernetes("kubelet"),
    _kubernetes("kube-proxy"),
    Tool("etcd", versions.ETCD, _ETCD, "go.etcd.io/etcd/server/v3"),
    _kwok(
        "kwok",
        {
            "linux-amd64": "f5a4385a2ae1b9dd7f8acae18e002a75c0ebba124ae9d7259aa8dadb50711f46",
            "linux-arm64": "628f7d277860f524a2a775c217adcc58828e7b59ab0933680315784f1b8b0e37",
        },
    ),
    _kwok(
        "kwokctl",
        {
            "linux-amd64": "d5743166c657283d6e827c7c4c20cacfd9009fd94830f06718ca7b2c7099461f",
            "linux-arm64": "5a642b27d3e975f36040d215640cd90fb4a63cb6fca0ad5865a61bcd9c81051b",
        },
    ),
    # A program of our own around CoreDNS, with the few plugins that the local node uses: a third of the whole.
    Tool("coredns", versions.COREDNS, _COREDNS, ".", version_arguments=("-version",)),
    Tool("pause", versions.PAUSE, _PAUSE, "."),
    Tool(
        "helm",
        versions.HELM,
        _HELM,
        "helm.sh/helm/v4/cmd/helm",
        variables={"helm.sh/helm/v4/internal/version.version": f"v{versions.HELM}"},
        version_arguments=("version", "--short"),
    ),
    _monitoring("prometheus", _PROMETHEUS, versions.PROMETHEUS),
    _monitoring("promtool", _PROMETHEUS, versions.PROMETHEUS),
    _monitoring("alertmanager", _ALERTMANAGER, versions.ALERTMANAGER),
    _monitoring("amtool", _ALERTMANAGER, versions.ALERTMANAGER),
    _keda("keda-operator", f"{_KEDA_MODULE}/cmd/operator"),
    # A program of our own around KEDA's provider, which listens where it is told and nowhere else.
    _keda("keda-adapter", "./adapter"),
    # What makes replicas of several nodes in clusters: the tests of engines run it.
    Tool("lws-manager", versions.LWS.version, _LWS, "sigs.k8s.io/lws/cmd", module="sigs.k8s.io/lws", on_request=True),
    # Stores, collectors and doors of clusters: the tests of telemetry run them.
    Tool(
        "victoria-logs",
        versions.VICTORIA_LOGS_APP,
        _VICTORIA_LOGS,
        "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs",
        module="github.com/VictoriaMetrics/VictoriaLogs",
        on_request=True,
    ),
    Tool(
        "vmauth",
        versions.VMAUTH_APP,
        _VMAUTH,
        "github.com/VictoriaMetrics/VictoriaMetrics/app/vmauth",
        module="github.com/VictoriaMetrics/VictoriaMetrics",
        on_request=True,
    ),
    # A program of our own around the collector, with the few components that our configurations name.
    Tool(
        "otelcol",
        versions.OTEL_COLLECTOR_APP,
        _OTELCOL,
        ".",
        variables={"main.version": versions.OTEL_COLLECTOR_APP},
        on_request=True,
    ),
    Tool(
        "versitygw",
        versions.VERSITYGW,
        _VERSITYGW,
        "github.com/versity/versitygw/cmd/versitygw",
        variables={"main.Version": f"v{versions.VERSITYGW}"},
    ),
    Tool(
        "kubeconform",
        versions.KUBECONFORM,
        _KUBECONFORM,
        "github.com/yannh/kubeconform/cmd/kubeconform",
        variables={"main.version": f"v{versions.KUBECONFORM}"},
        version_arguments=("-v",),
        releases={
            platform: Release(f"{_KUBECONFORM_DOWNLOADS}/kubeconform-{platform}.tar.gz", digest, member="kubeconform")
            for platform, digest in {
                "linux-amd64": "9bc2bffbf71f261128533edaf912153948b7ff238f9a531ae6d34466ec287883",
                "linux-arm64": "1f53fc8e81258197a35e8603054162a5af1de8c5af13746c71ab680d9534ed87",
            }.items()
        },
    ),
)

TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _ALL}
"""Every tool by name."""
