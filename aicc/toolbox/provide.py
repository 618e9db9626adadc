"""Where a tool comes from, in order: PATH, the cache, its official release, its sources."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aicc import paths
from aicc.progress import Reporter
from aicc.toolbox import cache
from aicc.toolbox.build import build
from aicc.toolbox.cache import State
from aicc.toolbox.catalogue import GIB, TOOLS, Release, Tool
from aicc.toolbox.disk import require_space
from aicc.toolbox.download import DownloadError, fetch

BUILD_FROM_SOURCE = "AICC_BUILD_FROM_SOURCE"
"""Set to 1, this environment variable rules out downloads."""


@dataclass(frozen=True)
class Located:
    """A tool that is there, at its pinned version."""

    name: str
    path: Path
    version: str
    source: Literal["path", "cache"]


def locate(name: str) -> Located | None:
    """Return where the tool is, getting nothing; None where it is absent or its cached copy is corrupted."""
    tool = TOOLS[name]
    if found := _on_path(tool):
        return Located(name, found, tool.version, "path")
    if cache.state(tool) is State.READY:
        return Located(name, cache.binary_path(tool), tool.version, "cache")
    return None


def ensure(names: Iterable[str], reporter: Reporter) -> dict[str, Path]:
    """Return the path of each tool, getting those that are not there.

    Raises PrerequisiteError where one can be neither found, downloaded, nor built.
    """
    return {name: _ensure(TOOLS[name], reporter) for name in names}


def _ensure(tool: Tool, reporter: Reporter) -> Path:
    if located := locate(tool.name):
        return located.path
    with cache.owning(tool, reporter):
        state = cache.state(tool)
        if state is State.CORRUPTED:
            reporter.warn(f"the cached {tool.name} is not what was put there; getting it again")
        if state is not State.READY:
            _get(tool, reporter)
    return cache.binary_path(tool)


def _get(tool: Tool, reporter: Reporter) -> None:
    with cache.replacing(tool) as target:
        if tool.release is None or os.environ.get(BUILD_FROM_SOURCE) == "1":
            build(tool, target, reporter)
            return
        try:
            _download(tool, tool.release, target, reporter)
        except DownloadError as error:
            reporter.note(f"{tool.name}: {error}; building it from source instead")
            build(tool, target, reporter)


def _download(tool: Tool, release: Release, target: Path, reporter: Reporter) -> None:
    require_space(f"downloading {tool.name}", [(paths.cache_dir(), GIB // 4)])
    with reporter.step(f"Downloading {tool.name} {tool.version} (MB)", total=0) as step:
        fetch(release, target, step)


def _on_path(tool: Tool) -> Path | None:
    found = shutil.which(tool.name)
    if found and tool.reported_version(Path(found)) == tool.version:
        return Path(found)
    return None
