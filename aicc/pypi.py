"""Packages from PyPI as files, by hash: fetched with pip as it is set up on this machine, and installed nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from aicc import paths
from aicc.errors import PrerequisiteError

_BUILD_BACKENDS = "scikit-build-core==0.12.2\nsetuptools==80.9.0\npathspec==1.1.1\npackaging==26.2\n"
"""What pip may run to read a source distribution's name; what it says changes nothing of what is kept."""


def download(requirements: Path, target: Path, arguments: Sequence[str], *, what: str) -> None:
    """Put every package that a requirements file names into the folder `target`.

    Raises PrerequisiteError, which names `what` they are for, where one cannot be had or is not of its hash.
    """
    cache = paths.private_dir(paths.cache_dir() / "pip")
    backends = cache / "backends.txt"
    backends.write_text(_BUILD_BACKENDS)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--no-cache-dir"]
    done = subprocess.run(
        [*pip, *arguments, "--dest", str(target), "--requirement", str(requirements)],
        env={**os.environ, "PIP_CONSTRAINT": str(backends), "PIP_BUILD_CONSTRAINT": str(backends)},
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise PrerequisiteError(
            f"the packages of {what} cannot be had:\n{done.stderr.strip()[-2000:]}",
            hint="make a Python package index reachable, and run the command again",
        )
