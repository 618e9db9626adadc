"""The cache of built images: `<cache>/images/archives/<name>/<content hash>.tar`, each with its record beside it.

An archive is renamed into place only when it is complete; one that was changed since does not count as there.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from aicc import paths
from infra.images import content_hash

KEPT_SECONDS = 30 * 24 * 3600
"""How long an archive is kept once its inputs have changed."""


@dataclass(frozen=True)
class Record:
    """What is known of an archive."""

    sha256: str
    """Hexadecimal, of the archive: the same for the same inputs."""
    size_bytes: int
    mtime_ns: int


def folder() -> Path:
    """Return where everything that belongs to images is kept."""
    return paths.private_dir(paths.cache_dir() / "images")


def path_of(name: str) -> Path:
    """Return where the archive of an image as it is now is kept, present or not."""
    return folder() / "archives" / name / f"{content_hash(name)}.tar"


def record_of(archive: Path) -> Record | None:
    """Return the record of a whole archive; None where it is absent or not what was put there.

    The file is read only where its size or time of change differ from the record's.
    """
    try:
        stat = archive.stat()
        record = Record(**json.loads(_record_path(archive).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    if (stat.st_size, stat.st_mtime_ns) == (record.size_bytes, record.mtime_ns):
        return record
    return _write_record(archive) if _sha256(archive) == record.sha256 else None


@contextmanager
def replacing(archive: Path) -> Iterator[Path]:
    """Yield a path to write the archive to; on leaving the block it takes its place in the cache."""
    new = paths.private_dir(archive.parent) / f".new-{archive.name}"
    new.unlink(missing_ok=True)
    try:
        yield new
        _record_path(archive).unlink(missing_ok=True)
        new.replace(archive)
        _write_record(archive)
        _forget_old(archive)
    finally:
        new.unlink(missing_ok=True)


def _forget_old(archive: Path) -> None:
    """Remove what the same image was long ago; another checkout may still use what it was lately."""
    for other in archive.parent.glob("*.tar"):
        if other != archive and time.time() - other.stat().st_mtime > KEPT_SECONDS:
            _record_path(other).unlink(missing_ok=True)
            other.unlink(missing_ok=True)


def _record_path(archive: Path) -> Path:
    return archive.with_suffix(".json")


def _write_record(archive: Path) -> Record:
    stat = archive.stat()
    record = Record(_sha256(archive), stat.st_size, stat.st_mtime_ns)
    new = archive.with_name(f".{archive.name}.json.{os.getpid()}")
    new.write_text(json.dumps(asdict(record)))
    new.replace(_record_path(archive))
    return record


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
