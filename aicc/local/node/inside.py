"""Preparing the sandbox, from inside: its own folders, kernel settings and network.

Everything here belongs to the sandbox's mount and network namespaces and goes with them. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from aicc.local.node.layout import DEVICE, HIDDEN, Layout, Specification

KUBELET_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""Settings of the whole machine that a kubelet insists on: it finds them set, and the machine's stay as they are."""

NETWORK_SETTINGS = {
    "net/ipv4/ip_forward": "1",
    # Packets between pods of one bridge pass kube-proxy's rules too, or answers of Services would not find back.
    "net/bridge/bridge-nf-call-iptables": "1",
}


def prepare(node: Specification, where: Layout) -> None:
    """Make the sandbox ready for the node's parts."""
    _mounts(where)
    _settings(where)
    _network(node)


def _mounts(where: Layout) -> None:
    # Kubelet wants mounts that propagate to containers; from here they reach no other namespace.
    _run("mount", "--make-rshared", "/")
    resolver = Path(os.path.realpath("/etc/resolv.conf"))
    hidden = next((folder for folder in HIDDEN if resolver.is_relative_to(folder)), None)
    for folder, own in HIDDEN.items():
        _run("mount", "--bind", str(where.home / own), folder)
    if hidden:
        resolver.parent.mkdir(parents=True, exist_ok=True)
        resolver.touch()
    if resolver.exists():
        _run("mount", "--bind", str(where.configuration / "resolv.conf"), str(resolver))
    os.environ["TMPDIR"] = "/var/lib/tmp"
    for needed in (os.environ["TMPDIR"], "/run/lock", "/var/lib/kubelet"):
        Path(needed).mkdir(parents=True, exist_ok=True)


def _settings(where: Layout) -> None:
    for name, value in KUBELET_SETTINGS.items():
        setting = Path("/proc/sys") / name
        if setting.exists() and setting.read_text().strip() != value:
            stand_in = where.home / "settings" / name
            stand_in.parent.mkdir(parents=True, exist_ok=True)
            stand_in.write_text(f"{value}\n")
            _run("mount", "--bind", str(stand_in), str(setting))
    for name, value in NETWORK_SETTINGS.items():
        setting = Path("/proc/sys") / name
        if setting.exists():
            setting.write_text(value)


def _network(node: Specification) -> None:
    _ip("link", "set", "lo", "up")
    _ip("link", "add", DEVICE, "type", "bridge")
    _ip("address", "add", f"{node.address}/32", "dev", DEVICE)
    _ip("link", "set", DEVICE, "up")
    # A way to Services that kube-proxy can redirect. There is none to anywhere else: such connections fail at once.
    _ip("route", "add", node.service_cidr, "dev", DEVICE, "src", node.address)


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
