"""What the control plane should be: which binaries, ports and flags, as the configuration file that kwokctl reads.

Everything listens on loopback. etcd asks for client certificates, as everyone on the machine can reach its port and it
holds every Secret. The API server authorises with RBAC and runs its default admission plugins (but one, see below) and
NodeRestriction.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from aicc.local.node.layout import Layout as NodeLayout
from infra import versions

LOOPBACK = "127.0.0.1"
NAME = "aicc"
"""kwokctl's name of the cluster; each stack has a work directory of its own."""

BINARIES = {
    "etcdBinary": "etcd",
    "kubeApiserverBinary": "kube-apiserver",
    "kubeControllerManagerBinary": "kube-controller-manager",
    "kubeSchedulerBinary": "kube-scheduler",
    "kwokControllerBinary": "kwok",
    "kubectlBinary": "kubectl",
}
"""kwokctl's option for each binary."""

FLAGS = ("--node-lease-duration-seconds", "0")
"""Flags of `kwokctl create cluster` that its configuration file cannot say (there, 0 means the default).

Without leases kwok serves every node at once. With them, one that is started anew waits for its predecessor's leases to
run out, and leaves the pods of those nodes pending until then.
"""

HEARTBEAT_SECONDS = 120
"""How often kwok renews each node's status: rarely, as thousands of nodes share this machine."""

KWOK_PARALLELISM = 16
"""Objects that kwok works on at a time (its default of 4 leaves the API server idle)."""

NODE_ANNOTATION = {"kwok.x-k8s.io/node": "fake"}
"""kwok simulates the nodes that carry it, and no others."""


@dataclass(frozen=True)
class Layout:
    """Where one control plane keeps its files, all below `home`."""

    home: Path

    @property
    def kwok(self) -> Path:
        """The root of what kwokctl keeps (KWOK_WORKDIR)."""
        return self.home / "kwok"

    @property
    def work(self) -> Path:
        """The cluster's directory, laid out by kwokctl."""
        return self.kwok / "clusters" / NAME

    @property
    def etcd(self) -> Path:
        """The data of etcd: outside `work`, because kwokctl removes that when it fails to create the cluster."""
        return self.home / "etcd"

    @property
    def requested(self) -> Path:
        """The configuration that kwokctl is given."""
        return self.home / "requested.yaml"

    @property
    def applied(self) -> Path:
        """The configuration that was last brought up completely."""
        return self.home / "applied.yaml"

    @property
    def egress(self) -> Path:
        """How the API server reaches the real node and what runs on it."""
        return self.home / "egress.yaml"

    def scheduler(self, text: str) -> Path:
        """Where a configuration of the scheduler is kept; another text is another file, so that a change is seen."""
        return self.home / f"scheduler-{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml"

    @property
    def ca(self) -> Path:
        """The certificate authority's certificate."""
        return self.work / "pki" / "ca.crt"

    @property
    def certificate(self) -> Path:
        """The administrator's certificate, which serves too."""
        return self.work / "pki" / "admin.crt"

    @property
    def key(self) -> Path:
        """The key of `certificate`."""
        return self.work / "pki" / "admin.key"

    def log(self, component: str) -> Path:
        """Return where a component logs; it starts anew with the component."""
        return self.work / "logs" / f"{component}.log"


@dataclass(frozen=True)
class Ports:
    """The port of each listener, named as kwokctl's options name them."""

    etcdPort: int  # noqa: N815
    etcdPeerPort: int  # noqa: N815
    kubeApiserverPort: int  # noqa: N815
    kubeControllerManagerPort: int  # noqa: N815
    kubeSchedulerPort: int  # noqa: N815
    kwokControllerPort: int  # noqa: N815

    def owners(self) -> tuple[tuple[int, str], ...]:
        """Return each port with the component that listens on it."""
        return (
            (self.etcdPort, "etcd"),
            (self.etcdPeerPort, "etcd"),
            (self.kubeApiserverPort, "kube-apiserver"),
            (self.kubeControllerManagerPort, "kube-controller-manager"),
            (self.kubeSchedulerPort, "kube-scheduler"),
            (self.kwokControllerPort, "kwok-controller"),
        )


def render(
    layout: Layout,
    binaries: Mapping[str, Path],
    ports: Ports,
    service_cidr: str,
    *,
    real_node: bool = True,
    scheduler: Path | None = None,
) -> str:
    """Return the configuration file; the same input gives the same text.

    Without a real node, the API server reaches what it proxies to on this machine itself. `scheduler` is the file of
    the scheduler's own configuration, where it has one.
    """
    configuration = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokctlConfiguration",
        "options": {
            "runtime": "binary",
            "kubeVersion": f"v{versions.KUBERNETES}",
            "bindAddress": LOOPBACK,
            "securePort": True,
            "kubeAuthorization": True,
            "kubeAdmission": True,
            "disableQPSLimits": True,
            # Pods on the real node know the API server by its Service's address.
            "kubeApiserverCertSANs": [_first_address(service_cidr)],
            "heartbeatFactor": 1,
            "nodeStatusUpdateFrequencyMilliseconds": HEARTBEAT_SECONDS * 1000,
            "kubeControllerManagerNodeMonitorGracePeriodMilliseconds": 4 * HEARTBEAT_SECONDS * 1000,
            **({"kubeSchedulerConfig": str(scheduler)} if scheduler else {}),
            **asdict(ports),
            **{option: str(binaries[tool]) for option, tool in BINARIES.items()},
        },
        "componentsPatches": [
            _patch("etcd", changed=_etcd_urls(layout, ports), added=_etcd_certificates(layout)),
            _patch(
                "kube-apiserver",
                changed={"etcd-servers": f"https://{LOOPBACK}:{ports.etcdPort}"},
                added=_api_server_flags(layout, service_cidr)
                | ({"egress-selector-config-file": str(layout.egress)} if real_node else {}),
            ),
            _patch("kube-controller-manager", added=_single(layout) | _controller_manager_flags(layout)),
            _patch("kube-scheduler", added=_single(layout)),
            _patch(
                "kwok-controller",
                changed={"manage-all-nodes": "false"},
                added={
                    "manage-nodes-with-annotation-selector": ",".join(f"{k}={v}" for k, v in NODE_ANNOTATION.items())
                },
            ),
        ],
    }
    kwok = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": {
            "nodePlayStageParallelism": KWOK_PARALLELISM,
            "podPlayStageParallelism": KWOK_PARALLELISM,
        },
    }
    return yaml.safe_dump_all([configuration, kwok], sort_keys=False)


def render_egress(layout: Layout) -> str:
    """Return the API server's egress configuration: nodes, pods and Services are reached through the node's gate."""
    gate = NodeLayout(layout.home.parent / "node").gate
    connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": str(gate)}}}
    configuration = {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": connection}],
    }
    return yaml.safe_dump(configuration, sort_keys=False)


def read_names(text: str) -> list[str]:
    """Return the names beyond the usual ones that a rendered configuration puts in the API server's certificate."""
    try:
        return [str(name) for name in next(iter(yaml.safe_load_all(text)))["options"]["kubeApiserverCertSANs"]]
    except (yaml.YAMLError, StopIteration, LookupError, TypeError):
        return []


def _first_address(cidr: str) -> str:
    """Return the address that the API server gives to its own Service."""
    return str(next(ipaddress.ip_network(cidr).hosts()))


def read_ports(text: str) -> Ports | None:
    """Return the ports of a rendered configuration; None where the text is not one."""
    try:
        options = next(iter(yaml.safe_load_all(text)))["options"]
        return Ports(**{name: int(options[name]) for name in Ports.__dataclass_fields__})
    except (yaml.YAMLError, StopIteration, LookupError, TypeError, ValueError):
        return None


def _patch(component: str, *, added: Mapping[str, str], changed: Mapping[str, str] | None = None) -> dict[str, object]:
    """Flags that kwokctl sets and we set otherwise (`changed`), and flags that it does not set (`added`)."""
    overrides = [{"key": key, "value": value, "override": True} for key, value in (changed or {}).items()]
    extra = [{"key": key, "value": value} for key, value in added.items()]
    return {"name": component, "extraArgs": [*overrides, *extra]}


def _etcd_urls(layout: Layout, ports: Ports) -> dict[str, str]:
    clients = f"https://{LOOPBACK}:{ports.etcdPort}"
    peers = f"https://{LOOPBACK}:{ports.etcdPeerPort}"
    return {
        "data-dir": str(layout.etcd),
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"node0={peers}",
    }


def _etcd_certificates(layout: Layout) -> dict[str, str]:
    flags = {
        "client-cert-auth": "true",
        "trusted-ca-file": str(layout.ca),
        "cert-file": str(layout.certificate),
        "key-file": str(layout.key),
    }
    return flags | {f"peer-{flag}": value for flag, value in flags.items()}


def _api_server_flags(layout: Layout, service_cidr: str) -> dict[str, str]:
    return {
        "etcd-cafile": str(layout.ca),
        "etcd-certfile": str(layout.certificate),
        "etcd-keyfile": str(layout.key),
        "enable-admission-plugins": "NodeRestriction",
        # It taints each new node until the controller manager has looked at it: 10 s for 1,000 nodes that are ready.
        "disable-admission-plugins": "TaintNodesByCondition",
        "service-cluster-ip-range": service_cidr,
        # Without these it looks for the default route's address to advertise, and a machine may have none.
        "advertise-address": LOOPBACK,
        "endpoint-reconciler-type": "none",
        "kubelet-client-certificate": str(layout.certificate),
        "kubelet-client-key": str(layout.key),
        "kubelet-certificate-authority": str(layout.ca),
        # A node's name resolves nowhere here.
        "kubelet-preferred-address-types": "InternalIP",
    }


def _single(layout: Layout) -> dict[str, str]:
    """Flags of a controller that has no rival: no waiting for a dead predecessor's lease, our certificate."""
    return {
        "leader-elect": "false",
        "tls-cert-file": str(layout.certificate),
        "tls-private-key-file": str(layout.key),
    }


def _controller_manager_flags(layout: Layout) -> dict[str, str]:
    # It creates this directory, by default in /usr/libexec.
    return {"flex-volume-plugin-dir": str(layout.home / "flexvolume")}
