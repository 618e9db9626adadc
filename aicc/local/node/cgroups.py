"""The control groups of a node's pods, in whichever hierarchies this machine has (version 1, 2 or both)."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_WAIT_SECONDS = 10.0
_INHERITED = ("cpuset.cpus", "cpuset.mems")
"""Version 1 leaves them empty in a new group, and no process may enter such a one."""


def make(name: str) -> None:
    """Make the group in every hierarchy."""
    for hierarchy in _hierarchies():
        group = hierarchy / name
        group.mkdir(exist_ok=True)
        for setting in _INHERITED:
            if (group / setting).exists() and not (hierarchy / "cgroup.controllers").exists():
                (group / setting).write_text((hierarchy / setting).read_text())


def remove(name: str) -> None:
    """Remove the group and those below it; its processes have been killed, and may take a moment to be gone."""
    deadline = time.monotonic() + _WAIT_SECONDS
    for hierarchy in _hierarchies():
        while not _is_removed(hierarchy / name) and time.monotonic() < deadline:
            time.sleep(0.05)


def left(name: str) -> list[Path]:
    """Return where the group still is."""
    return [hierarchy / name for hierarchy in _hierarchies() if (hierarchy / name).exists()]


def _is_removed(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def _hierarchies() -> list[Path]:
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    folders = [folder for folder in sorted(ROOT.iterdir()) if not folder.is_symlink()]
    return [folder for folder in folders if (folder / "cgroup.procs").exists()]
