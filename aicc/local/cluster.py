"""The local control plane: etcd, API server, controller manager, scheduler and kwok, as processes of this machine.

kwokctl makes certificates and starts processes; this module decides what should run, sees what does, and converges.
It does not run containers: pods on simulated nodes are simulated too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from aicc import paths
from aicc.errors import ClusterError
from aicc.local import kubeconfig, processes
from aicc.local.configuration import BINARIES, FLAGS, NAME, Layout, Ports, read_names, read_ports, render, render_egress
from aicc.local.files import create_private, write_private
from aicc.local.health import kubernetes_version, tls_context, unhealthy
from aicc.local.ports import free_ports, is_free
from aicc.local.programs import tail
from aicc.progress import Reporter, Step
from aicc.toolbox import ensure
from aicc.toolbox.disk import require_space
from infra.clouds.local_paths import kubeconfig_path, state_home

TOOLS = ("kwokctl", *BINARIES.values())
"""The binaries that a local cluster needs."""

SERVICE_CIDR = "10.96.0.0/16"

_API_SERVER = "kube-apiserver"
_ATTEMPTS = 3
_START_SECONDS = 120.0
_LAUNCHER_SECONDS = 10.0
_POLL_SECONDS = 0.1
_DATA_BYTES = 256 << 20


@dataclass(frozen=True)
class ComponentStatus:
    """One process of the control plane."""

    name: str
    pid: int | None
    """None where it does not run."""
    ready: bool


@dataclass(frozen=True)
class ClusterStatus:
    """The control plane as it is now."""

    components: tuple[ComponentStatus, ...]
    endpoint: str | None
    """The API server's address; None where the cluster was never started."""
    version: str | None
    """Of Kubernetes; None where the API server does not answer."""

    @property
    def ready(self) -> bool:
        """Whether every component runs and says that it is ready."""
        return all(component.ready for component in self.components)


class LocalCluster:
    """The local cluster of one stack; `scheduler` is its scheduler's configuration, None for Kubernetes' default."""

    def __init__(
        self, stack: str, *, service_cidr: str = SERVICE_CIDR, real_node: bool = True, scheduler: str | None = None
    ) -> None:
        self.kubeconfig = kubeconfig_path(stack)
        self._stack = stack
        self._service_cidr = service_cidr
        self._real_node = real_node
        self._scheduler = scheduler
        self._layout = Layout((state_home() / stack / "control-plane").resolve())

    def start(self, reporter: Reporter) -> None:
        """Bring the control plane up, or what is missing of it; its data is kept, and nothing changes if all is well.

        Raises PrerequisiteError where a binary or disk space is missing, ClusterError where a component does not start.
        """
        binaries = ensure(TOOLS, reporter)
        paths.private_dir(paths.state_dir(self._stack) / "control-plane")
        ports, wanted = self._wanted(binaries)
        if not self._is_applied(wanted) or unhealthy(self._layout, ports):
            require_space("the local cluster", [(self._layout.home, _DATA_BYTES)])
            with reporter.step("Starting the local control plane", total=len(processes.COMPONENTS)) as step:
                ports = self._converge(binaries, step)
        kubeconfig.write(self.kubeconfig, self._stack, self._layout, ports)

    def stop(self) -> None:
        """End every process of the control plane; its data stays, and `start` goes on with it."""
        processes.kill_all(self._layout)

    def delete(self, reporter: Reporter) -> None:
        """End every process and remove the control plane's data, certificates and kubeconfig."""
        with reporter.step("Removing the local control plane"):
            processes.kill_all(self._layout)
            if self._layout.home.exists():
                shutil.rmtree(self._layout.home)
            self.kubeconfig.unlink(missing_ok=True)

    def status(self) -> ClusterStatus:
        """Return what runs now."""
        live = processes.running(self._layout)
        ports = read_ports(_read(self._layout.applied))
        broken = frozenset(processes.COMPONENTS) if ports is None else unhealthy(self._layout, ports)
        return ClusterStatus(
            components=tuple(
                ComponentStatus(
                    name, live[name].pid if name in live else None, ready=name in live and name not in broken
                )
                for name in processes.COMPONENTS
            ),
            endpoint=None if ports is None else kubeconfig.endpoint(ports),
            version=None if ports is None else kubernetes_version(self._layout, ports),
        )

    def _wanted(self, binaries: Mapping[str, Path]) -> tuple[Ports, str]:
        ports = self._choose_ports()
        scheduler = self._layout.scheduler(self._scheduler) if self._scheduler else None
        return ports, render(
            self._layout, binaries, ports, self._service_cidr, real_node=self._real_node, scheduler=scheduler
        )

    def _choose_ports(self) -> Ports:
        """Keep the ports of last time, unless something else has taken one that is not served by us now."""
        known = read_ports(_read(self._layout.requested))
        live = processes.running(self._layout)
        if known and all(component in live or is_free(port) for port, component in known.owners()):
            return known
        return Ports(*islice(free_ports(str(self._layout.home)), len(Ports.__dataclass_fields__)))

    def _is_applied(self, wanted: str) -> bool:
        return _read(self._layout.applied) == wanted and (self._layout.work / "kwok.yaml").exists()

    def _converge(self, binaries: Mapping[str, Path], step: Step) -> Ports:
        """Start what is not ready. A start may fail in passing (a port lost, a slow API server): try again."""
        for attempt in range(1, _ATTEMPTS + 1):
            ports, wanted = self._wanted(binaries)
            if self._is_applied(wanted):
                processes.kill(self._layout, unhealthy(self._layout, ports))
            else:
                self._reset(wanted)
            try:
                self._launch(binaries, ports, step)
            except ClusterError:
                if attempt == _ATTEMPTS:
                    raise
                if self._api_server_arrives(ports):
                    write_private(self._layout.applied, wanted)  # what is set up works: the rest is added to it
                continue
            write_private(self._layout.applied, wanted)
            return ports
        raise AssertionError("unreachable")

    def _api_server_arrives(self, ports: Ports) -> bool:
        """Where it is on its way, let it arrive: the controller manager gives up on a slow one after ten seconds.

        One whose etcd has died is not: it takes its time to see that.
        """
        deadline = time.monotonic() + _START_SECONDS
        while _API_SERVER in unhealthy(self._layout, ports):
            if not {"etcd", _API_SERVER} <= processes.running(self._layout).keys() or time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _reset(self, wanted: str) -> None:
        """End everything and forget what kwokctl derived from an earlier configuration; data and certificates stay."""
        layout = self._layout
        processes.kill_all(layout)
        layout.applied.unlink(missing_ok=True)
        for derived in ("bin", "pids"):
            shutil.rmtree(layout.work / derived, ignore_errors=True)
        for derived in ("kwok.yaml", "kubeconfig.yaml"):
            (layout.work / derived).unlink(missing_ok=True)
        if tls_context(layout) is None or read_names(_read(layout.requested)) != read_names(wanted):
            shutil.rmtree(layout.work / "pki", ignore_errors=True)
        write_private(layout.egress, render_egress(layout))
        if self._scheduler:
            write_private(layout.scheduler(self._scheduler), self._scheduler)
        write_private(layout.requested, wanted)

    def _launch(self, binaries: Mapping[str, Path], ports: Ports, step: Step) -> None:
        """Have kwokctl start what does not run, and wait until everything is ready."""
        deadline = time.monotonic() + _START_SECONDS
        launcher = self._start_kwokctl(binaries)
        try:
            while waiting := unhealthy(self._layout, ports):
                step.update(
                    len(processes.COMPONENTS) - len(waiting), detail=f"waiting for {', '.join(sorted(waiting))}"
                )
                self._raise_if_failed(launcher)
                if time.monotonic() > deadline:
                    raise self._failure(f"not ready after {_START_SECONDS:.0f} s", sorted(waiting))
                time.sleep(_POLL_SECONDS)
            step.update(len(processes.COMPONENTS), detail="")
            with contextlib.suppress(subprocess.TimeoutExpired):
                launcher.wait(_LAUNCHER_SECONDS)
        finally:
            # kwokctl has nothing left to do, or this start is given up; the components live in sessions of their own.
            launcher.kill()
            launcher.wait()

    def _start_kwokctl(self, binaries: Mapping[str, Path]) -> subprocess.Popen[bytes]:
        environment = {
            # kwokctl prefers a kubectl on PATH to the one it is told to use.
            "PATH": f"{binaries['kubectl'].parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(self._layout.home),
            "KWOK_WORKDIR": str(self._layout.kwok),
        }
        command = [str(binaries["kwokctl"]), "--name", NAME, "--config", str(self._layout.requested)]
        with create_private(self._layout.home / "kwokctl.log") as log:
            return subprocess.Popen(
                [*command, "create", "cluster", "--kubeconfig", "", *FLAGS],
                cwd=self._layout.home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                umask=0o077,
                start_new_session=True,
            )

    def _raise_if_failed(self, launcher: subprocess.Popen[bytes]) -> None:
        if launcher.poll():
            raise ClusterError(
                f"kwokctl could not set the local cluster up:\n{tail(self._layout.home / 'kwokctl.log')}",
                hint="mend what the last lines name and run the command again",
            )
        started = [name for name in processes.COMPONENTS if processes.was_started(self._layout, name)]
        live = processes.running(self._layout)
        if dead := [name for name in started if name not in live]:
            raise self._failure("ended while starting", dead)

    def _failure(self, what: str, components: list[str]) -> ClusterError:
        """Blame the first of `components` in the order of dependence, with the end of its log."""
        first = next(name for name in processes.COMPONENTS if name in components)
        log = self._layout.log(first)
        last = tail(log)
        if "no space left on device" in last:
            hint = "the disk is full: make room and run the command again"
        else:
            hint = f"the whole log is {log}; if the data is beyond repair, remove the cluster and start it anew"
        return ClusterError(f"{first} of the local cluster {what}; its log ends:\n{last}", hint=hint)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
