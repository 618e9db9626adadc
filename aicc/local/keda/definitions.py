"""KEDA's CustomResourceDefinitions, taken from the Go module that its programs are built from."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from aicc import paths
from aicc.errors import PrerequisiteError
from aicc.progress import Reporter
from aicc.toolbox import golang
from infra import versions

_MODULE = "github.com/kedacore/keda/v2"
_FOLDER = "config/crd/bases"


def definitions(reporter: Reporter) -> list[Mapping[str, Any]]:
    """Return every definition; the sources are fetched once, and checked against go.sum.

    Raises PrerequisiteError where they cannot be had.
    """
    folder = paths.cache_dir() / "keda" / versions.KEDA_LOCAL
    if not folder.exists():
        _fetch(folder, reporter)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [yaml.load(path.read_text(), Loader=loader) for path in sorted(folder.glob("*.yaml"))]  # noqa: S506  safe


def _fetch(folder: Path, reporter: Reporter) -> None:
    module = paths.TOOLS / "keda"
    go = golang.find(module, reporter)
    with reporter.step(f"Getting the definitions of KEDA {versions.KEDA_LOCAL}"):
        commands = (["mod", "download", _MODULE], ["list", "-m", "-f", "{{.Dir}}", _MODULE])
        for arguments in commands:
            done = subprocess.run(
                [go.command, *arguments],
                cwd=module,
                env=go.environment,
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
            )
            if done.returncode:
                raise PrerequisiteError(
                    f"KEDA's definitions cannot be had:\n{done.stderr.strip()}",
                    hint="make a Go module proxy reachable, and run the command again",
                )
        with tempfile.TemporaryDirectory(dir=paths.private_dir(folder.parent), prefix=".new-") as temporary:
            new = Path(temporary) / "definitions"
            shutil.copytree(Path(done.stdout.strip()) / _FOLDER, new, copy_function=shutil.copyfile)
            new.chmod(0o700)
            new.rename(folder)
