"""Where one stack's KEDA keeps its files, and on which ports of loopback it listens."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path

from aicc.local.files import write_private
from aicc.local.ports import free_ports

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
    def programs(self) -> Path:
        """Links to the programs: how this stack's processes are told from others."""
        return self.home / "bin"

    @property
    def certificates(self) -> Path:
        """What both programs serve and call each other with: ca.crt, tls.crt, tls.key."""
        return self.home / "certificates"

    @property
    def kubeconfig(self) -> Path:
        """How both programs reach the API server."""
        return self.home / "kubeconfig"

    def log(self, program: str) -> Path:
        """Return where a program logs; it starts anew with the program."""
        return self.home / f"{program}.log"

    @property
    def _ports(self) -> Path:
        return self.home / "ports.json"

    def ports(self) -> Ports | None:
        """Return the ports of last time; None where there was none."""
        try:
            return Ports(**json.loads(self._ports.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def forget_ports(self) -> None:
        """Nothing listens any more."""
        self._ports.unlink(missing_ok=True)

    def choose_ports(self) -> Ports:
        """Take free ports, and remember them."""
        ports = Ports(*islice(free_ports(str(self.home)), len(fields(Ports))))
        write_private(self._ports, json.dumps(asdict(ports)))
        return ports
