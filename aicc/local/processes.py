"""The control plane's processes, found by what runs rather than by pid files, which outlive what they name."""

from __future__ import annotations

from pathlib import Path

import psutil

from aicc.local.configuration import Layout
from aicc.local.programs import end

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller")
"""In the order of dependence."""

_LAUNCHER = "kwokctl"


def running(layout: Layout) -> dict[str, psutil.Process]:
    """Return the live process of each component that has one."""
    return {name: process for name, process in _owned(layout) if name in COMPONENTS}


def kill(layout: Layout, names: frozenset[str]) -> None:
    """Kill the named components, and a launcher that a killed run left behind; forget the components' pid files.

    etcd keeps what it has acknowledged.
    """
    end([process for name, process in _owned(layout) if name in names or name == _LAUNCHER])
    for name in names:
        _pid_file(layout, name).unlink(missing_ok=True)


def kill_all(layout: Layout) -> None:
    """Kill every process of this control plane; none is left when this returns."""
    while found := _owned(layout):
        # The launcher first: it would start what has just been killed.
        found.sort(key=lambda item: item[0] != _LAUNCHER)
        end([process for _, process in found])
    for name in COMPONENTS:
        _pid_file(layout, name).unlink(missing_ok=True)


def was_started(layout: Layout, name: str) -> bool:
    """Whether kwokctl has started the component (it may have died since)."""
    return _pid_file(layout, name).exists()


def _owned(layout: Layout) -> list[tuple[str, psutil.Process]]:
    """Return this control plane's processes: components run from its directory, kwokctl is given its configuration."""
    binaries = layout.work / "bin"
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command: list[str] = process.info["cmdline"] or []
        if not command:
            continue
        program = Path(command[0])
        if program.parent == binaries or (program.name == _LAUNCHER and str(layout.requested) in command):
            found.append((program.name, process))
    return found


def _pid_file(layout: Layout, name: str) -> Path:
    return layout.work / "pids" / f"{name}.pid"
