"""`aicc doctor`: what is present, what is missing, what each absence costs, and how to mend it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import psutil
from rich.console import Console

from aicc import paths
from aicc.local.node import requirements
from aicc.local.node.layout import Layout
from aicc.toolbox import TOOLS, debian, locate
from infra.clouds.local_paths import state_home

GIB = 1024**3
MIN_DISK_GIB = 10
"""Sources, build cache and binaries of a first build; later runs need about 1 GiB."""
MIN_MEMORY_GIB = 4

State = Literal["ok", "missing", "later"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for."""

    what: str
    state: State
    """`later`: absent, and had by itself on first use."""
    found: str
    cost: str = ""
    """What its absence costs."""
    mend: str = ""


def findings() -> list[Finding]:
    """Look for everything."""
    return [*_python(), *_machine(), *_real_node(), *_tools(), *_cli()]


def healthy(found: list[Finding]) -> bool:
    """Whether `aicc up --stack local` can work here."""
    return not any(item.state == "missing" and item.cost.startswith("no local cluster") for item in found)


def _python() -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{sys.version.split()[0]} ({sys.executable})")


def _machine() -> Iterator[Finding]:
    free = shutil.disk_usage(paths.cache_dir()).free / GIB
    short = free < MIN_DISK_GIB
    yield Finding(
        f"disk under {paths.cache_dir()}",
        "missing" if short else "ok",
        f"{free:.0f} GiB free",
        f"no local cluster from sources: a first build needs {MIN_DISK_GIB} GiB" if short else "",
        "free some, or set XDG_CACHE_HOME to another disk" if short else "",
    )
    memory = psutil.virtual_memory().total / GIB
    small = memory < MIN_MEMORY_GIB
    yield Finding(
        "memory",
        "missing" if small else "ok",
        f"{memory:.0f} GiB, {os.cpu_count()} cores",
        "no local cluster beyond a few nodes" if small else "",
        f"use a machine with {MIN_MEMORY_GIB} GiB" if small else "",
    )


def _real_node() -> Iterator[Finding]:
    """What a real node on this machine takes, beside the binaries that are listed with the others."""
    if obstacles := requirements.obstacles(Layout(state_home() / "local" / "node")):
        yield Finding(
            "real node",
            "missing",
            "; ".join(obstacles),
            "the pool that is this machine is simulated, and no container runs",
            "run as root on Debian, with the packages that are named",
        )
    elif absent := sorted(set(debian.missing(requirements.programs()).values())):
        yield Finding("real node", "later", ", ".join(absent), "are installed with apt-get on first use", "aicc up")
    else:
        yield Finding("real node", "ok", "containerd, runc, network plugins and the rest are here")


def _tools() -> Iterator[Finding]:
    go = shutil.which("go")
    yield Finding(
        "Go",
        "ok" if go else "later",
        go or "not on PATH",
        "" if go else "the first build also fetches a toolchain from PyPI",
        "" if go else "nothing to do",
    )
    for name, tool in TOOLS.items():
        if located := locate(name):
            yield Finding(name, "ok", f"{located.version} ({located.source}: {located.path})")
        elif not tool.on_request:
            way = "downloaded" if tool.release else "built from source"
            yield Finding(name, "later", f"{tool.version} not here yet", f"is {way} on first use", "aicc up")


def _cli() -> Iterator[Finding]:
    pulumi = shutil.which("pulumi")
    yield Finding(
        "Pulumi CLI",
        "ok" if pulumi else "missing",
        pulumi or "not on PATH",
        "" if pulumi else "no cloud resources; local and existing clusters use the offline driver",
        "" if pulumi else "pulumi.com/docs/install",
    )


def as_json(found: list[Finding]) -> dict[str, Any]:
    """Return the findings for programs."""
    return {"healthy": healthy(found), "findings": [asdict(item) for item in found]}


def show(found: list[Finding], console: Console) -> None:
    """Print the findings for people."""
    marks = {"ok": "[green]✓[/]", "missing": "[red]✗[/]", "later": "[yellow]…[/]"}
    for item in found:
        console.print(f"{marks[item.state]} [bold]{item.what}[/]  {item.found}", soft_wrap=True)
        if item.cost:
            console.print(f"    costs: {item.cost}\n    mend:  {item.mend}", soft_wrap=True)
