"""The network that KEDA's programs are in: the real node's, where pods have addresses, else the machine's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from aicc.errors import ClusterError
from aicc.local.configuration import LOOPBACK
from aicc.local.node import layout, sandbox
from aicc.local.node.declared import RealNodePlan
from infra.clouds.local_paths import kubeconfig_path, state_home

_API_SERVER_NAME = "kubernetes.default.svc"


@dataclass(frozen=True)
class Network:
    """Where programs run, and how the API server is reached from there."""

    kubeconfig: str
    """The text of a kubeconfig."""
    pid: int | None = None
    """Of a process in that network; None for the machine's own."""
    address: str = LOOPBACK
    """Where metrics are told, for the API server's proxy to fetch them."""

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command line begins with."""
        return ("nsenter", f"--net=/proc/{self.pid}/ns/net") if self.pid else ()

    def holds(self, pid: int) -> bool:
        """Whether a process is in it."""
        try:
            return _namespace(pid) == _namespace(self.pid or "self")
        except OSError:
            return False


def _namespace(pid: int | str) -> Path:
    return Path(f"/proc/{pid}/ns/net").readlink()


def network_of(stack: str, real: RealNodePlan | None) -> Network:
    """Return the network of the stack's real node, or the machine's.

    Raises ClusterError where the node's sandbox has ended.
    """
    text = kubeconfig_path(stack).read_text(encoding="utf-8")
    if real is None:
        return Network(text)
    first = sandbox.find(layout.Layout((state_home() / stack).resolve() / "node"))
    if first is None:
        raise ClusterError("the real node does not run, so KEDA cannot join its network", hint="run `aicc up` again")
    content = yaml.safe_load(text)
    cluster = content["clusters"][0]["cluster"]
    cluster |= {"server": f"https://{real.address}:{layout.API_PORT}", "tls-server-name": _API_SERVER_NAME}
    return Network(yaml.safe_dump(content), first.pid, real.address)
