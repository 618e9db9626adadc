"""The cache of binaries: `<cache>/bin/<tool>/<version>/<tool>`, each with a record of its sha256 beside it.

A binary is renamed into place only when it is complete and says that it is the pinned version.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from filelock import FileLock, Timeout

from aicc import paths
from aicc.errors import PrerequisiteError
from aicc.progress import Reporter
from aicc.toolbox.catalogue import Tool


class State(Enum):
    """What the cache holds of a tool."""

    READY = "ready"
    ABSENT = "absent"
    CORRUPTED = "corrupted"


@dataclass(frozen=True)
class _Record:
    sha256: str
    size_bytes: int
    mtime_ns: int


def binary_path(tool: Tool) -> Path:
    """Return where the cache keeps `tool`, present or not."""
    return paths.cache_dir() / "bin" / tool.name / tool.version / tool.name


def state(tool: Tool) -> State:
    """Check the cached binary against its record; the whole file is read only where size or time of change differ."""
    binary = binary_path(tool)
    try:
        stat = binary.stat()
    except OSError:
        return State.ABSENT
    record = _read_record(binary)
    if record is None:
        return _adopt(tool, binary)
    if (stat.st_size, stat.st_mtime_ns) == (record.size_bytes, record.mtime_ns):
        return State.READY
    if _sha256(binary) != record.sha256:
        return State.CORRUPTED
    _write_record(binary)
    return State.READY


@contextmanager
def replacing(tool: Tool) -> Iterator[Path]:
    """Yield a path to write the binary to; on leaving the block it takes the cached binary's place.

    Raises PrerequisiteError where what was written does not run here as the pinned version.
    """
    binary = binary_path(tool)
    folder = paths.private_dir(binary.parent)
    for abandoned in folder.glob(".new-*"):
        (abandoned / tool.name).unlink(missing_ok=True)
        abandoned.rmdir()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as temporary:
        new = Path(temporary) / tool.name
        yield new
        new.chmod(0o700)
        if (version := tool.reported_version(new)) != tool.version:
            raise PrerequisiteError(
                f"{tool.name}: wanted version {tool.version}, and what was made says {version or 'nothing'}",
                hint="set AICC_BUILD_FROM_SOURCE=1 and run the command again",
            )
        _record_path(binary).unlink(missing_ok=True)
        new.replace(binary)
    _write_record(binary)


@contextmanager
def owning(tool: Tool, reporter: Reporter) -> Iterator[None]:
    """Hold `tool`'s place in the cache against other processes, waiting where one has it."""
    folder = paths.private_dir(binary_path(tool).parent)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        reporter.note(f"another run is getting {tool.name}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _adopt(tool: Tool, binary: Path) -> State:
    """Record a binary that has no record: written by a run that was killed between the rename and the record."""
    if tool.reported_version(binary) != tool.version:
        return State.CORRUPTED
    _write_record(binary)
    return State.READY


def _record_path(binary: Path) -> Path:
    return binary.with_name(f"{binary.name}.json")


def _read_record(binary: Path) -> _Record | None:
    try:
        return _Record(**json.loads(_record_path(binary).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _write_record(binary: Path) -> None:
    stat = binary.stat()
    record = _Record(_sha256(binary), stat.st_size, stat.st_mtime_ns)
    new = binary.with_name(f".{binary.name}.json.{os.getpid()}")
    new.write_text(json.dumps(asdict(record)))
    new.replace(_record_path(binary))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
