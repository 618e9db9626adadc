"""KEDA's CustomResourceDefinitions, taken from the Go module that its programs are built from."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from aicc import paths
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
    with reporter.step(f"Getting the definitions of KEDA {versions.KEDA_LOCAL}"):
        sources = golang.sources(paths.TOOLS / "keda", _MODULE, reporter)
        with tempfile.TemporaryDirectory(dir=paths.private_dir(folder.parent), prefix=".new-") as temporary:
            new = Path(temporary) / "definitions"
            shutil.copytree(sources / _FOLDER, new, copy_function=shutil.copyfile)
            new.chmod(0o700)
            new.rename(folder)
