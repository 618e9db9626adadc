"""Jobs as the API server returns them."""

from __future__ import annotations

from typing import Any

from images.shifter.shifter import jobs
from images.shifter.shifter.forecast import HOUR, Forecast

MIDNIGHT = 1_764_201_600
"""2025-11-27T00:00:00Z."""
SOLAR = Forecast(MIDNIGHT, tuple([300.0] * 10 + [100.0] * 4 + [300.0] * 10) * 3)
"""Clean from 10 to 14 o'clock."""


def job(
    name: str = "train", *, created: float = MIDNIGHT, suspend: bool = True, tenant: str = "research", **notes: str
) -> dict[str, Any]:
    """Notes are annotations of ours, with _ for -."""
    given = {"finish_within_hours": "24", "expected_hours": "4", **notes}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": f"tenant-{tenant}",
            "uid": f"uid-{name}",
            "resourceVersion": "1",
            "creationTimestamp": jobs.written(created),
            "labels": {jobs.DEFERRABLE: "true"},
            "annotations": {f"{jobs.DOMAIN}/{key.replace('_', '-')}": value for key, value in given.items() if value},
        },
        "spec": {"suspend": suspend},
        "status": {} if suspend else {"startTime": jobs.written(created)},
    }


def merged(into: dict[str, Any], patch: dict[str, Any]) -> None:
    """RFC 7396."""
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict):
            merged(into.setdefault(key, {}), value)
        else:
            into[key] = value


def at(hour: float) -> float:
    """A time of the first day."""
    return MIDNIGHT + HOUR * hour
