"""The cache: complete folders and nothing else, within a limit.

A folder appears under its name only once every file in it is what was declared; until then it is hidden, and what was
fetched of it is kept for the next attempt.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from . import sums
from .sources import Source

_BLOCK = 1 << 20
_PARTIAL = ".partial-"
_TIMES = 2
"""What an earlier attempt left, or the network brought, may be wrong; what comes the second time is the store's."""
Say = Callable[[str], None]


class DigestError(RuntimeError):
    """The weights are not those that were declared; another attempt would not change that."""


class ListedFileError(DigestError):
    """A file is not the one of its list, which is the declared one: nobody is about to replace it."""


class NoRoomError(RuntimeError):
    """The cache has no room, even without everything that nothing needs."""


@dataclass(frozen=True)
class Cache:
    """A folder of models, shared by the pods of a tenant."""

    root: Path

    def complete(self, folder: str, digest: str) -> bool:
        """Whether the folder is there and whole; its list of sums is written last."""
        listed = self.root / folder / sums.NAME
        return listed.is_file() and sums.digest(listed.read_bytes()) == digest

    def fill(self, folder: str, digest: str, source: Source, say: Say) -> None:
        """Fetch what is missing of a folder, verify it, and let it appear.

        Raises DigestError, or OSError for what may pass: a network, a store that does not have it yet.
        """
        partial = self.root / f"{_PARTIAL}{folder}"
        partial.mkdir(parents=True, exist_ok=True)
        content = source.listed()
        if content is not None:
            _require(sums.digest(content), digest, "the store's list of files")
            for name, expected in sums.read(content).items():
                _fetch_verified(source, name, partial / name, expected, say)
        else:
            names = source.names()
            for name in names:
                _fetch(source, name, partial / name, say)
            content = sums.write({name: sums.of_file(partial / name) for name in names})
            if sums.digest(content) != digest:
                shutil.rmtree(partial)
            _require(sums.digest(content), digest, "what the hub has")
        (partial / sums.NAME).write_bytes(content)
        target = self.root / folder
        with self.locked():
            if target.exists():
                shutil.rmtree(target)
            partial.rename(target)
        say(f"{folder} is complete")

    def make_room(self, keep: Iterable[str], need_bytes: int, limit_bytes: int, say: Say) -> None:
        """Remove folders that nothing needs, oldest first, until `need_bytes` more are within the limit.

        Raises NoRoomError where that is not enough.
        """
        kept = {name for folder in keep for name in (folder, f"{_PARTIAL}{folder}")}
        with self.locked():
            folders = [path for path in self.root.iterdir() if path.is_dir()]
            used = {path: _size(path) for path in folders}
            spare = sorted((path for path in folders if path.name not in kept), key=lambda path: path.stat().st_mtime)
            for path in spare:
                if sum(used.values()) + need_bytes <= limit_bytes:
                    break
                shutil.rmtree(path)
                say(f"removed {path.name}, {used.pop(path):,} bytes: no model of this tenant needs it")
        if (total := sum(used.values())) + need_bytes > limit_bytes:
            raise NoRoomError(
                f"{total:,} bytes are in use and {need_bytes:,} more are needed; the limit is {limit_bytes:,}"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One at a time: nobody counts what another is removing."""
        with (self.root / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _require(found: str, declared: str, what: str) -> None:
    if found != declared:
        raise DigestError(f"{what} is {found}, but {declared} is declared; it is not served")


def _fetch_verified(source: Source, name: str, target: Path, expected: str, say: Say) -> None:
    if target.is_file() and sums.of_file(target) == expected:
        return
    found = ""
    for _ in range(_TIMES):
        _fetch(source, name, target, say)
        if (found := sums.of_file(target)) == expected:
            return
        target.unlink()
    raise ListedFileError(f"{name} is sha256:{found}, but sha256:{expected} is listed; it is not served")


def _fetch(source: Source, name: str, target: Path, say: Say) -> None:
    """Fetch a file, going on after what an earlier attempt fetched of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    have = target.stat().st_size if target.exists() else 0
    request = source.request(name)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urlopen(request, timeout=60) as answer:
            resumed = have > 0 and answer.status == 206
            say(f"fetching {name}" + (f", from byte {have:,} on" if resumed else ""))
            with target.open("ab" if resumed else "wb") as file:
                while block := answer.read(_BLOCK):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            expected = answer.headers.get("Content-Length")
            total = target.stat().st_size - (have if resumed else 0)
            if expected is not None and total != int(expected):
                raise OSError(f"{name}: the connection ended after {total:,} of {int(expected):,} bytes")
    except HTTPError as error:
        if error.code != 416:
            raise
        # Nothing is left to fetch: an earlier attempt had all of it.


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
