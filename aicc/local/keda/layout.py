"""Where one stack's KEDA keeps its files, and on which ports of loopback it listens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aicc.local.ports import choose_ports, read_ports

OPERATOR, ADAPTER = "keda-operator", "keda-adapter"
PROGRAMS = (OPERATOR, ADAPTER)
"""In the order of dependence."""


@dataclass(frozen=True)
class Ports:
    """The port of each listener."""

    operator_metrics: int
    operator_health: int
    operator_service: int
    """Where the adapter asks the operator for metrics."""
    adapter: int
    """Where the API server asks the adapter."""


@dataclass(frozen=True)
class Layout:
    """KEDA's files, all below `home`."""

    home: Path

    @property
    def certificates(self) -> Path:
        """What both programs serve and call each other with: ca.crt, tls.crt, tls.key."""
        return self.home / "certificates"

    @property
    def kubeconfig(self) -> Path:
        """How both programs reach the API server."""
        return self.home / "kubeconfig"

    @property
    def _ports(self) -> Path:
        return self.home / "ports.json"

    def ports(self) -> Ports | None:
        """Return the ports of last time; None where there was none."""
        return read_ports(self._ports, Ports)

    def forget_ports(self) -> None:
        """Nothing listens any more."""
        self._ports.unlink(missing_ok=True)

    def choose_ports(self) -> Ports:
        """Take free ports, and remember them."""
        return choose_ports(self._ports, Ports)
