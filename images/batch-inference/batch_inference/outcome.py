"""The two files that a batch writes. A run that was cut off, at any byte, is taken up where it stopped."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from batch_inference.records import is_final

RESULTS, ERRORS = "results.jsonl", "errors.jsonl"


class Outcome:
    """What is known of every request so far; safe to write to from many threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = {RESULTS: folder / RESULTS, ERRORS: folder / ERRORS}
        self.done = {record["custom_id"] for name in self._paths for record in self._mended(name)}
        """Requests that need not be put again."""
        self._files = {name: path.open("ab", buffering=0) for name, path in self._paths.items()}
        self._lock = threading.Lock()

    def write(self, name: str, line: bytes) -> None:
        """Append one line, whole: with one call to the system."""
        with self._lock:
            self._files[name].write(line)

    def flush(self) -> None:
        """Have what was written outlive the machine."""
        with self._lock:
            for file in self._files.values():
                os.fsync(file.fileno())

    def close(self) -> None:
        """Flush, and write no more."""
        self.flush()
        for file in self._files.values():
            file.close()

    def _mended(self, name: str) -> list[dict[str, Any]]:
        """What stands of an earlier run; a line cut short, and errors that may pass, are taken out of the file."""
        path = self._paths[name]
        if not path.exists():
            return []
        kept = {record["custom_id"]: (line, record) for line, record in _whole_lines(path) if is_final(record)}
        text = b"".join(line for line, _ in kept.values())
        if text != path.read_bytes():
            fresh = path.with_suffix(".new")
            fresh.write_bytes(text)
            fresh.replace(path)
        return [record for _, record in kept.values()]


def _whole_lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for line in path.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            return
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("custom_id"), str):
            yield line, record
