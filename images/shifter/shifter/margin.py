"""The margin that a deadline is kept by."""

from __future__ import annotations

LEAST_SECONDS = 600
PART = 0.1
"""Of what a job is still expected to take: expectations are often too short."""


def margin_seconds(remaining_seconds: float) -> float:
    """How long before its deadline a job should be done."""
    return max(LEAST_SECONDS, PART * remaining_seconds)
