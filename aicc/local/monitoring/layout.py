"""Where one stack's monitoring keeps its files, and on which ports of loopback it listens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aicc.local.configuration import LOOPBACK
from aicc.local.ports import choose_ports, is_free, read_ports

METER, SIMULATOR, ALERTMANAGER, PROMETHEUS = "meter", "simulator", "alertmanager", "prometheus"
PROGRAMS = (METER, SIMULATOR, ALERTMANAGER, PROMETHEUS)
"""In the order of dependence."""


@dataclass(frozen=True)
class Ports:
    """The port of each listener, named as the program is."""

    meter: int
    simulator: int
    alertmanager: int
    prometheus: int

    def address(self, program: str) -> str:
        """Return `127.0.0.1:PORT` of a program."""
        return f"{LOOPBACK}:{getattr(self, program)}"

    def url(self, program: str) -> str:
        """Return a program's address, to be opened."""
        return f"http://{self.address(program)}"


@dataclass(frozen=True)
class Layout:
    """Monitoring's files, all below `home`."""

    home: Path

    def configuration(self, program: str) -> Path:
        """Return what a program is told."""
        return self.home / f"{program}.yaml"

    def data(self, program: str) -> Path:
        """Return where a program keeps what it must not forget."""
        return self.home / "data" / program

    @property
    def faults(self) -> Path:
        """What simulated devices and exporters should fail at; absent: nothing. The simulator follows it."""
        return self.home / "faults.yaml"

    @property
    def _ports(self) -> Path:
        return self.home / "ports.json"

    def ports(self) -> Ports | None:
        """Return the ports of last time; None where there was none."""
        return read_ports(self._ports, Ports)

    def usable_ports(self, running: frozenset[str]) -> Ports:
        """Return the ports of last time, unless something else has taken one since; then others."""
        known = self.ports()
        if known and all(name in running or is_free(getattr(known, name)) for name in PROGRAMS):
            return known
        return choose_ports(self._ports, Ports)

    def forget_ports(self) -> None:
        """Nothing listens any more."""
        self._ports.unlink(missing_ok=True)
