"""Where a node keeps its files, seen from outside and from inside its sandbox, and how its parts are addressed.

Standard library only, as everything that runs inside the sandbox: its processes start in a tenth of a second.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

HIDDEN = {"/run": "run", "/var/lib": "lib", "/var/log": "log"}
"""Folders of the machine that the sandbox has its own of, by their name below the node's home."""

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
KUBELET_ROOT = "/var/lib/kubelet"
API_PORT = 6443
KUBELET_PORT = 10250
KUBELET_HEALTH_PORT = 10248
PROXY_HEALTH_PORT = 10256
DNS_READY_PORT = 8181
CLUSTER_DOMAIN = "cluster.local"
DEVICE = "node0"
"""The sandbox's interface that has the node's address."""


@dataclass(frozen=True)
class Layout:
    """A node's files, all below `home` but one."""

    home: Path

    @property
    def specification(self) -> Path:
        """What the supervisor is to run; it is how the node's processes are told from others, too."""
        return self.home / "node.json"

    @property
    def configuration(self) -> Path:
        """Configuration files and certificates of its parts."""
        return self.home / "etc"

    @property
    def logs(self) -> Path:
        """A log for each part."""
        return self.home / "logs"

    @property
    def events(self) -> Path:
        """When each part started and ended, a JSON object a line."""
        return self.logs / "events.jsonl"

    @property
    def state(self) -> Path:
        """What the supervisor sees of each part, written anew every second."""
        return self.home / "state.json"

    @property
    def publications(self) -> Path:
        """Which Services are published on loopback."""
        return self.home / "publications.json"

    @property
    def gate(self) -> Path:
        """The socket through which the API server reaches the node; beside `home`, as such paths must be short."""
        return self.home.parent / "node.sock"

    @property
    def cgroup(self) -> str:
        """The control group of all its pods, below the root of each hierarchy; unlike that of any other stack."""
        return f"aicc-{self.home.parent.name}-{zlib.crc32(str(self.home).encode()):08x}"


@dataclass(frozen=True)
class Specification:
    """A node as its sandbox needs to know it."""

    name: str
    address: str
    """Of the node."""
    pod_cidr: str
    """Of the node's pods: a part of the cluster's."""
    cluster_cidr: str
    """Of all pods."""
    service_cidr: str
    api_port: int
    """Where the API server listens on the machine's loopback."""
    commands: dict[str, str]
    """Paths of programs by name."""
    cni_plugins: str
    """The folder of the network plugins."""
    fingerprint: str
    """Of the configuration files: a change asks for a new sandbox."""

    def as_json(self) -> dict[str, object]:
        """Return it for the supervisor."""
        return asdict(self)
