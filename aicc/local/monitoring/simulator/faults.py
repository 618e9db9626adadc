"""What simulated devices and exporters fail at, read from a file that tests and drills write.

    - {node: zhenwu-0000, fault: silent}            # the node's exporter answers 503
    - {node: zhenwu-0001, device: 3, fault: error}  # the device reports an error that loses work
    - {node: zhenwu-0001, device: 4, fault: absurd} # its power is a thousand times too large
    - {node: zhenwu-0001, device: 5, fault: frozen} # it reports the same for ever

Without `device` a fault is of every device of the node. `zero`, `negative` and `nan` are of the power, as `absurd` is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SILENT, ERROR, FROZEN = "silent", "error", "frozen"
POWERS = {"absurd": 1_000.0, "zero": 0.0, "negative": -1.0, "nan": math.nan}
"""What the power is multiplied by."""
FAULTS = frozenset({SILENT, ERROR, FROZEN, *POWERS})


@dataclass(frozen=True)
class Fault:
    """One failing thing."""

    node: str
    fault: str
    device: int | None = None
    """None: every device of the node."""


def parse(text: str) -> tuple[Fault, ...]:
    """Read a file's text.

    Raises ValueError naming the entry that is wrong and what is allowed.
    """
    entries: Any = yaml.safe_load(text) or []
    if not isinstance(entries, list):
        raise ValueError("not a list of faults")  # noqa: TRY004  the file is wrong, not the program
    return tuple(_entry(entry) for entry in entries)


def _entry(entry: Any) -> Fault:
    known = {"node", "device", "fault"}
    if not isinstance(entry, dict) or not {"node", "fault"} <= set(entry) <= known:
        raise ValueError(f"{entry}: wanted node and fault, and device where one is meant")
    if entry["fault"] not in FAULTS:
        raise ValueError(f"{entry['fault']!r} is not a fault; there are {', '.join(sorted(FAULTS))}")
    device = entry.get("device")
    if device is not None and (type(device) is not int or device < 0):
        raise ValueError(f"{device!r} is not the number of a device")
    return Fault(str(entry["node"]), entry["fault"], device)


class FaultFile:
    """The file as it is now; one that is wrong counts as what it was before, and `error` says why."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: int | None = None
        self._faults: tuple[Fault, ...] = ()
        self.error: str | None = None

    def of(self, node: str, device: int | None = None) -> frozenset[str]:
        """Return what fails on a node, or at one device of it."""
        self._refresh()
        return frozenset(_names(self._faults, node, device))

    def _refresh(self) -> None:
        try:
            seen = self._path.stat().st_mtime_ns
        except OSError:
            self._seen, self._faults, self.error = None, (), None
            return
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._faults, self.error = parse(self._path.read_text()), None
        except (OSError, ValueError, yaml.YAMLError) as error:
            self.error = f"{self._path}: {error}"


def _names(faults: Iterable[Fault], node: str, device: int | None) -> Iterable[str]:
    return (item.fault for item in faults if item.node == node and item.device in {None, device})
