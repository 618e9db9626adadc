"""What a real node needs of this machine, and what stands in its way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from aicc.local.node.layout import HIDDEN, Layout
from aicc.local.node.sandbox import UNSHARE
from aicc.toolbox import debian

CNI_FOLDERS = ("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")
"""Where distributions put network plugins."""
CNI_PLUGINS = ("bridge", "host-local", "loopback", "portmap")

_PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "iptables-restore": "iptables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "openssl": "openssl",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setsid": "util-linux",
    "mount": "mount",
}
"""Besides the network plugins."""
TOOLS = ("kubelet", "kube-proxy", "coredns", "pause")
"""Binaries of the toolbox."""

_SOCKET_CHARACTERS = 107
"""The longest path of a Unix socket."""


def programs() -> dict[str, str]:
    """Return the programs that a node uses, each with the Debian package that has it."""
    plugins = {f"{cni_folder()}/{plugin}": "containernetworking-plugins" for plugin in CNI_PLUGINS}
    return {**_PROGRAMS, **plugins}


def cni_folder() -> str:
    """Return the folder of the network plugins, present or not."""
    found = (folder for folder in CNI_FOLDERS if all((Path(folder) / plugin).exists() for plugin in CNI_PLUGINS))
    return next(found, "/usr/lib/cni")


def obstacles(where: Layout) -> list[str]:
    """Return why this machine can have no real node, a phrase each; packages that can be installed are none."""
    if sys.platform != "linux":
        return ["it takes Linux"]
    if os.geteuid() != 0:
        return ["it takes root"]
    found = []
    if (absent := debian.missing(programs())) and not debian.can_install():
        found.append(f"not installed: {', '.join(sorted(set(absent.values())))}")
    if hidden := [folder for folder in HIDDEN if _uses(where, folder)]:
        found.append(f"aicc's own files are below {hidden[0]}, which the node has its own of")
    if len(str(where.gate)) > _SOCKET_CHARACTERS:
        found.append(f"the path {where.gate} is too long for a socket")
    if not found and debian.which("unshare") and not _may_unshare():
        found.append("this user may make no namespaces (a container without privileges?)")
    return found


def _uses(where: Layout, folder: str) -> bool:
    """Whether something that the sandbox needs is below a folder that it hides."""
    return any(Path(path).is_relative_to(folder) for path in (where.home, sys.executable, Path(__file__)))


def _may_unshare() -> bool:
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return tried.returncode == 0
