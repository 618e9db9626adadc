"""Installs a public cloud's SDK, pinned and hashed, when a stack first needs it."""

from __future__ import annotations

import importlib
import subprocess
import sys

from aicc import paths
from aicc.errors import PrerequisiteError
from aicc.progress import Reporter
from infra.clouds import registry

_INSTALL = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]


def ensure(kind: str, reporter: Reporter) -> None:
    """Have the SDK of a cloud; those without one need nothing.

    Raises PrerequisiteError where it cannot be installed.
    """
    package = registry.missing_sdk(kind)
    if package is None:
        return
    lock = paths.REPO / f"requirements-{kind}.txt"
    with reporter.step(f"Installing {package}, which cloud {kind} needs"):
        done = subprocess.run([*_INSTALL, "--requirement", str(lock)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            raise PrerequisiteError(
                f"{package} could not be installed: {said[-1] if said else 'pip said nothing'}",
                hint=f"with the package index within reach: {sys.executable} -m pip install -r {lock.name}",
            )
    importlib.invalidate_caches()
