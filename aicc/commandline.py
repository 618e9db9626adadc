"""Runs a long command of somebody else's: each line it prints is handed on, and an interruption ends all of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LINES_OF_OUTPUT = 25


def follow(
    command: Sequence[str | Path],
    on_line: Callable[[str], None],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> tuple[int, str]:
    """Run `command` to its end; its exit code, and the last lines that it printed."""
    last: deque[str] = deque(maxlen=LINES_OF_OUTPUT)
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            for line in process.stdout or ():
                last.append(line.rstrip())
                on_line(line.strip())
            return process.wait(), "\n".join(last)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            raise
