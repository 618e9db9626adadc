"""A real Prometheus that holds the small centre: its raw series, and what the shipped rules record of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from aicc.paths import CHARTS
from tests.dashboards.small_centre import SmallCentre
from tests.support.prometheus import Series, evaluate, prometheus, write

RULES = sorted((CHARTS / "monitoring" / "rules").glob("*.yaml"))
STEP_SECONDS = 30


def records() -> set[str]:
    """What the shipped rules record."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


@contextmanager
def recorded(centre: SmallCentre, folder: Path) -> Iterator[str]:
    """Serve the centre's series; the URL of its Prometheus. What is gone at a scrape is gone in it."""
    with prometheus(folder, lookback_seconds=STEP_SECONDS) as url:
        write(url, _series(centre))
        evaluate(url, RULES, centre.start, centre.end, STEP_SECONDS)
        yield url


def _series(centre: SmallCentre) -> list[Series]:
    found: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    for at in range(centre.start, centre.end + 1, STEP_SECONDS):
        for name, labels, value in centre.samples(at):
            found.setdefault((("__name__", name), *labels.items()), []).append((at, value))
    return [Series(dict(labels), samples) for labels, samples in found.items()]
