"""Free disk space, checked before work that would otherwise fail half-way."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from aicc.errors import PrerequisiteError


def require_space(purpose: str, needs: Iterable[tuple[Path, int]]) -> None:
    """Raise PrerequisiteError unless every file system below `needs` has room for the bytes wanted on it.

    The directories need not exist yet; needs on one file system add up.
    """
    wanted: dict[int, tuple[Path, int]] = {}
    for path, size_bytes in needs:
        existing = next(parent for parent in (path, *path.parents) if parent.exists())
        device = existing.stat().st_dev
        first, so_far = wanted.get(device, (existing, 0))
        wanted[device] = (first, so_far + size_bytes)
    for existing, size_bytes in wanted.values():
        free_bytes = shutil.disk_usage(existing).free
        if free_bytes < size_bytes:
            raise PrerequisiteError(
                f"{purpose} needs about {_gib(size_bytes)} at {existing}, where {_gib(free_bytes)} is free",
                hint="make room there, or point XDG_CACHE_HOME, XDG_STATE_HOME and TMPDIR at a file system with room",
            )


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.2f} GiB"
