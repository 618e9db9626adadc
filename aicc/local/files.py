"""Files that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO


def write_private(path: Path, text: str) -> None:
    """Replace the file at `path` at once, with mode 0600."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with create_private(new) as file:
        file.write(text.encode())
    new.replace(path)


def create_private(path: Path) -> IO[bytes]:
    """Open an empty file for writing at `path`, with mode 0600."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
