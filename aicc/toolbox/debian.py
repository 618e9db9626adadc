"""Programs that come as Debian packages: installed where this runs as root on Debian, else named in one error."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from filelock import FileLock

from aicc import paths
from aicc.errors import PrerequisiteError
from aicc.progress import Reporter

PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""Where programs are looked for: a user's own PATH often lacks the administrator's folders."""


def which(command: str) -> str | None:
    """Return where a program is."""
    return shutil.which(command, path=PATH)


def missing(packages: Mapping[str, str]) -> dict[str, str]:
    """Return those programs, each with the package that holds it, that are not there."""
    return {command: package for command, package in packages.items() if which(command) is None}


def can_install() -> bool:
    """Whether packages can be installed here without asking anybody."""
    return os.geteuid() == 0 and which("apt-get") is not None


def ensure(packages: Mapping[str, str], purpose: str, reporter: Reporter) -> None:
    """Install the packages of those programs that are not there, given as program → package.

    Raises PrerequisiteError, which names `purpose`, where that cannot be done or fails.
    """
    if not (absent := missing(packages)):
        return
    wanted = sorted(set(absent.values()))
    by_hand = f"install them (Debian: apt-get install {' '.join(wanted)}) and run the command again"
    if not can_install():
        raise PrerequisiteError(f"{purpose} needs {', '.join(sorted(absent))}, not to be found here", hint=by_hand)
    with (
        FileLock(paths.cache_dir() / ".apt.lock"),
        reporter.step(f"Installing {', '.join(wanted)} with apt-get"),
    ):
        if missing(packages):
            _apt_get("update", "-qq", hint=by_hand)
            _apt_get("install", "-qq", "--no-install-recommends", *wanted, hint=by_hand)
    if still := missing(packages):
        raise PrerequisiteError(
            f"apt-get installed {', '.join(wanted)}, but not {', '.join(sorted(still))}", hint=by_hand
        )


def _apt_get(*arguments: str, hint: str) -> None:
    done = subprocess.run(
        ["apt-get", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-10:])
        raise PrerequisiteError(f"`apt-get {' '.join(arguments)}` failed:\n{last}", hint=hint)
