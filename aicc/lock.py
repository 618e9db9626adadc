"""One run at a time per stack: a lock that the kernel releases with its process, and a note of who holds it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from aicc import paths
from aicc.errors import LockedError
from aicc.progress import Reporter


@contextmanager
def owned(stack: str, command: str, reporter: Reporter) -> Iterator[None]:
    """Own `stack` for a run.

    Raises LockedError naming the owner where another run has it.
    """
    folder = paths.state_dir(stack)
    owner = folder / "owner.json"
    lock = FileLock(folder / "lock", mode=0o600, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        message = f"stack {stack} is in use by {_described(_read(owner))}"
        raise LockedError(message, hint="wait for it to end") from error
    umask = os.umask(0o077)  # everything a run writes beside its result is its user's alone
    try:
        if left := _read(owner):
            reporter.note(f"the last run, {_described(left)}, did not end by itself; going on from where it stopped")
        _write(owner, command)
        yield
    finally:
        os.umask(umask)
        owner.unlink(missing_ok=True)  # a killed run leaves it, and the next one says so
        lock.release()


def _write(owner: Path, command: str) -> None:
    started = time.strftime("%Y-%m-%d %H:%M:%S%z")
    me = {"pid": os.getpid(), "command": command, "since": started, "user": psutil.Process().username()}
    handle = os.open(owner, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(me, file)


def _read(owner: Path) -> dict[str, Any]:
    try:
        content = json.loads(owner.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _described(owner: dict[str, Any]) -> str:
    if not owner:
        return f"another run on this machine ({sys.platform})"
    return "`aicc {command}` (process {pid}, user {user}, since {since})".format_map(defaultdict(str, owner))
