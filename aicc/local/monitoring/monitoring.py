"""The local monitoring of one stack: this module decides what should run, sees what does, and converges."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aicc import paths
from aicc.errors import ClusterError
from aicc.local import configuration as control_plane
from aicc.local.configuration import LOOPBACK
from aicc.local.files import write_private
from aicc.local.keda.keda import Keda
from aicc.local.monitoring import scraping, settings
from aicc.local.monitoring.layout import ALERTMANAGER, METER, PROGRAMS, PROMETHEUS, SIMULATOR, Layout, Ports
from aicc.local.node.declared import RealNodePlan
from aicc.local.programs import Program, Programs, ProgramStatus
from aicc.progress import Reporter
from aicc.stacks import Stack
from aicc.toolbox import ensure
from aicc.toolbox.disk import require_space
from infra.catalogue import load as load_catalogue
from infra.clouds.local_paths import kubeconfig_path, state_home
from infra.plan.monitoring.model import MonitoringPlan

CHART = paths.CHARTS / "monitoring"
TOOLS = (PROMETHEUS, ALERTMANAGER)

_MODULES = {"meter": METER, "aicc.local.monitoring.simulator": SIMULATOR}
_READY = {METER: "/readyz", SIMULATOR: "/readyz", ALERTMANAGER: "/-/ready", PROMETHEUS: "/-/ready"}
_ENVIRONMENT = {
    METER: {"PYTHONPATH": str(paths.REPO / "images" / "meter"), "PYTHONDONTWRITEBYTECODE": "1"},
    SIMULATOR: {"PYTHONPATH": str(paths.REPO), "PYTHONDONTWRITEBYTECODE": "1"},
}
_WAIT_SECONDS = 90.0
_ASK_SECONDS = 3.0
_RETENTION_GIB = 5
"""The oldest goes beyond it, however young. The shipped stack's two months are about a third of that."""


@dataclass(frozen=True)
class MonitoringStatus:
    """Monitoring's programs as they are now, and where to find them."""

    programs: tuple[ProgramStatus, ...]
    prometheus: str
    alertmanager: str

    @property
    def short(self) -> list[str]:
        """What does not run, a line each."""
        return [f"{item.name} does not run" for item in self.programs if item.pid is None]


def follow(stack: Stack, real: RealNodePlan | None, reporter: Reporter) -> None:
    """Run what the stack asks for; without monitoring, end that of an earlier run and keep what it has gathered."""
    monitoring, wanted = Monitoring(stack.name), stack.plan.monitoring
    if wanted is None:
        monitoring.stop()
    else:
        monitoring.start(stack, wanted, real, reporter)


class Monitoring:
    """The local monitoring of one stack."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._layout = Layout((state_home() / stack).resolve() / "monitoring")
        self._programs = Programs(self._layout.home, PROGRAMS, _MODULES)

    def start(self, stack: Stack, wanted: MonitoringPlan, real: RealNodePlan | None, reporter: Reporter) -> None:
        """Bring everything up, or what is missing of it, and wait until all of it says that it is ready.

        Raises PrerequisiteError where a program or room cannot be had, ClusterError where one does not start.
        """
        binaries = ensure(TOOLS, reporter)
        paths.private_dir(paths.state_dir(self._stack) / "monitoring")
        paths.private_dir(self._layout.home / "data")
        require_space("monitoring", [(self._layout.home, 1 << 28)])
        with reporter.step("Starting monitoring", total=len(PROGRAMS)) as step:
            ports = self._layout.usable_ports(frozenset(self._programs.running()))
            sources = self._sources(stack, wanted, real, ports)
            self._write(PROMETHEUS, scraping.prometheus(sources))
            self._write(ALERTMANAGER, settings.alertmanager(wanted.alerts.repeat_hours))
            self._write(METER, wanted.meter)
            self._write(SIMULATOR, settings.simulator(stack.plan, load_catalogue()))
            self._programs.converge(self._wanted(binaries, wanted, ports))
            self._programs.wait(
                lambda: [name for name in PROGRAMS if not _is_ready(ports, name)],
                _WAIT_SECONDS,
                lambda detail: step.update(detail=detail),
            )
            step.update(len(PROGRAMS), detail="")

    def stop(self) -> None:
        """End every program; what was gathered is kept."""
        self._programs.kill(PROGRAMS)
        self._layout.forget_ports()

    def delete(self) -> None:
        """End every program and remove its files."""
        self._programs.kill(PROGRAMS)
        shutil.rmtree(self._layout.home, ignore_errors=True)

    def status(self) -> MonitoringStatus | None:
        """Return what runs now; None where the stack has no monitoring, or one that was stopped."""
        ports = self._layout.ports()
        if ports is None:
            return None
        return MonitoringStatus(self._programs.status(), ports.url(PROMETHEUS), ports.url(ALERTMANAGER))

    def _sources(
        self, stack: Stack, wanted: MonitoringPlan, real: RealNodePlan | None, ports: Ports
    ) -> scraping.Sources:
        layout = control_plane.Layout((state_home() / self._stack).resolve() / "control-plane")
        found = control_plane.read_ports(layout.applied.read_text())
        if found is None:
            raise ClusterError("the local cluster does not run", hint=f"aicc up --stack {self._stack}")
        return scraping.Sources(
            center=stack.plan.name,
            control_plane=layout,
            control_plane_ports=found,
            kubeconfig=kubeconfig_path(self._stack).resolve(),
            ports=ports,
            real_node=scraping.RealNode(real.name, Keda(self._stack).metrics_port) if real else None,
            rules=_rules(),
            scrape_seconds=wanted.scrape_seconds,
            rules_seconds=wanted.rules_seconds,
        )

    def _write(self, program: str, content: Mapping[str, Any]) -> None:
        """Write a configuration, unless it is there already."""
        path, text = self._layout.configuration(program), yaml.safe_dump(content, sort_keys=False)
        with contextlib.suppress(OSError):
            if path.read_text() == text:
                return
        write_private(path, text)

    def _wanted(self, binaries: Mapping[str, Path], wanted: MonitoringPlan, ports: Ports) -> list[Program]:
        layout, kubeconfig = self._layout, kubeconfig_path(self._stack).resolve()
        arguments = {
            METER: ["--config", str(layout.configuration(METER)), "--kubeconfig", str(kubeconfig)],
            SIMULATOR: [str(layout.configuration(SIMULATOR)), str(kubeconfig), str(layout.faults)],
            ALERTMANAGER: [
                f"--config.file={layout.configuration(ALERTMANAGER)}",
                f"--storage.path={layout.data(ALERTMANAGER)}",
                f"--web.listen-address={ports.address(ALERTMANAGER)}",
                # One alone has no peers to listen for.
                "--cluster.listen-address=",
            ],
            PROMETHEUS: [
                f"--config.file={layout.configuration(PROMETHEUS)}",
                f"--storage.tsdb.path={layout.data(PROMETHEUS)}",
                f"--storage.tsdb.retention.time={wanted.retention_days}d",
                f"--storage.tsdb.retention.size={_RETENTION_GIB}GB",
                f"--web.listen-address={ports.address(PROMETHEUS)}",
            ],
        }
        for name in (METER, SIMULATOR):
            arguments[name] += ["--listen", ports.address(name)]
        modules = {name: module for module, name in _MODULES.items()}
        return [
            Program(
                name,
                binaries.get(name, Path(sys.executable)),
                tuple(arguments[name]),
                _ENVIRONMENT.get(name, {}),
                module=modules.get(name),
                reads=(layout.configuration(name), *({METER: [kubeconfig], SIMULATOR: [kubeconfig]}.get(name, ()))),
            )
            for name in PROGRAMS
        ]


def _rules() -> list[Path]:
    return [path for folder in ("rules", "alerts") for path in sorted((CHART / folder).glob("*.yaml"))]


def _is_ready(ports: Ports, name: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, getattr(ports, name), timeout=_ASK_SECONDS)
    try:
        with closing(connection):
            connection.request("GET", _READY[name])
            return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
