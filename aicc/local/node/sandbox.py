"""The sandbox from outside: starting it, finding it, running a command in it, and ending it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from aicc import paths
from aicc.local.files import create_private
from aicc.local.node import cgroups
from aicc.local.node.layout import HIDDEN, Layout
from aicc.local.programs import end as end_processes

UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
_DETACHED = ("setsid", "--fork")
"""A session of its own, and no child of ours to wait for."""
_MODULE = "aicc.local.node.supervisor"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def start(where: Layout) -> None:
    """Start the sandbox, whose configuration is written; it outlives this process."""
    shutil.rmtree(where.home / HIDDEN["/run"], ignore_errors=True)
    for folder in (*(where.home / own for own in HIDDEN.values()), where.logs):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    where.state.unlink(missing_ok=True)
    cgroups.make(where.cgroup)
    network = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        with create_private(where.logs / "supervisor.log") as log:
            subprocess.run(
                [*_DETACHED, *UNSHARE, sys.executable, "-m", _MODULE, str(where.home), str(network)],
                cwd="/",
                env={"PATH": _PATH, "PYTHONPATH": str(paths.REPO), "HOME": "/root", "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(network,),
                umask=0o022,
                check=True,
            )
    finally:
        os.close(network)


def find(where: Layout) -> psutil.Process | None:
    """Return the sandbox's first process, which is all of it that must live; None where it does not."""
    return next((process for process in _owned(where) if process.name() not in {_DETACHED[0], UNSHARE[0]}), None)


def alive(where: Layout) -> bool:
    """Whether there is a sandbox, or one in the making."""
    return bool(_owned(where))


def processes(where: Layout) -> dict[str, psutil.Process]:
    """Return the live processes that the supervisor started, by the name of their program or module."""
    first = find(where)
    try:
        return {} if first is None else {title: child for child in first.children() if (title := _title(child))}
    except psutil.NoSuchProcess:
        return {}


def command(where: Layout, *arguments: str) -> list[str] | None:
    """Return the command line that runs `arguments` in the sandbox; None where there is none."""
    first = find(where)
    if first is None:
        return None
    return ["nsenter", "--target", str(first.pid), "--mount", "--net", "--pid", "--", *arguments]


def end(where: Layout) -> None:
    """Kill everything in the sandbox, and remove its control group; nothing of it is left when this returns."""
    while owned := _owned(where):
        end_processes(owned)
    cgroups.remove(where.cgroup)
    where.gate.unlink(missing_ok=True)


def _owned(where: Layout) -> list[psutil.Process]:
    """Return unshare and the supervisor of this node, found by their command lines."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if _MODULE in (line := process.info["cmdline"] or []) and str(where.home) in line
    ]


def _title(process: psutil.Process) -> str:
    """Return `kubelet` of `/…/kubelet --config …`, `api-relay` of `python -m aicc.local.node.api_relay …`.

    Nothing of a process that is gone.
    """
    try:
        line = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""
    if len(line) > 2 and line[1] == "-m":
        return line[2].rpartition(".")[2].replace("_", "-")
    return Path(line[0]).name if line else ""
