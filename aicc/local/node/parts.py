"""The node's parts as processes: what each is started with, after what, and how one sees that it is ready.

Standard library only.
"""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from aicc.local.node import layout
from aicc.local.node.layout import Layout, Specification

NAMES = ("api-relay", "gate", "containerd", "kubelet", "kube-proxy", "coredns")
"""In the order of dependence."""
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Part:
    """One process of the node."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    after: str | None = None
    """The part that must have been ready before this one is first started."""
    inherits: tuple[int, ...] = ()
    """File descriptors that it is given."""


def parts(node: Specification, where: Layout, machine_network: int) -> tuple[Part, ...]:
    """Return the node's parts; `machine_network` is a file descriptor that they inherit."""
    etc = where.configuration
    address = node.address
    ours = (sys.executable, "-m")
    return (
        Part(
            "api-relay",
            (
                *(*ours, "aicc.local.node.api_relay", str(machine_network)),
                *(address, str(layout.API_PORT), str(node.api_port)),
            ),
            lambda: _connects(address, layout.API_PORT),
            inherits=(machine_network,),
        ),
        Part(
            "gate",
            (*ours, "aicc.local.node.gate", str(machine_network), str(where.gate), str(where.publications)),
            lambda: _accepts(str(where.gate)),
            inherits=(machine_network,),
        ),
        Part(
            "containerd",
            (node.commands["containerd"], "--config", f"{etc}/containerd.toml"),
            lambda: _accepts(layout.CONTAINERD_SOCKET),
        ),
        Part(
            "kubelet",
            (
                node.commands["kubelet"],
                *("--config", f"{etc}/kubelet.yaml", "--kubeconfig", f"{etc}/kubelet.kubeconfig"),
                *("--root-dir", layout.KUBELET_ROOT, "--node-ip", address, "--hostname-override", node.name),
            ),
            lambda: _answers(address, layout.KUBELET_HEALTH_PORT, "/healthz"),
            after="containerd",
        ),
        Part(
            "kube-proxy",
            (node.commands["kube-proxy"], "--config", f"{etc}/kube-proxy.yaml"),
            lambda: _answers(address, layout.PROXY_HEALTH_PORT, "/livez"),
            after="kubelet",
        ),
        Part(
            "coredns",
            (node.commands["coredns"], "-conf", f"{etc}/Corefile"),
            lambda: _answers(address, layout.DNS_READY_PORT, "/ready"),
            after="api-relay",
        ),
    )


def _connects(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=_PATIENCE_SECONDS):
            return True
    except OSError:
        return False


def _accepts(path: str) -> bool:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.settimeout(_PATIENCE_SECONDS)
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def _answers(address: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=_PATIENCE_SECONDS)
    try:
        with closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
