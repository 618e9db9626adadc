"""Reads a period from Prometheus, a week at a time; each hour becomes one number per series."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from aicc.accounting.coverage import FILL_LIMIT_HOURS
from aicc.accounting.months import HOUR_SECONDS, Hour, Period
from aicc.accounting.prometheus import Points, Prometheus, TooMuchError, duration_seconds
from aicc.accounting.queries import BY_NODE, FACTORS, HEARTBEAT, QUERIES, Query, factor_expressions
from aicc.accounting.recorded import Key, Recorded, Sampled
from aicc.progress import Reporter, Step

CHUNK_HOURS = 168
"""Hours that one query covers, at most; fewer where Prometheus says that it would be too much."""

Table = dict[Key, dict[Hour, float]]


def searched(period: Period, now: float, exists_since: int | None = None) -> Period:
    """The hours to read for a period: those that fill gaps at its ends, too, as far as the centre existed."""
    reach = FILL_LIMIT_HOURS * HOUR_SECONDS
    start = period.start - reach - period.start % HOUR_SECONDS
    if exists_since is not None:
        start = min(period.start, max(start, exists_since))
    return Period(start, max(period.until, min(period.until + reach, int(now))))


def collect(
    prometheus: Prometheus,
    hours: Period,
    tenants: Collection[str] | None,
    reporter: Reporter,
    *,
    by_node: bool = False,
) -> Recorded:
    """Read everything that the accounts of `tenants` (None: all) need.

    Models, jobs and tokens are read for those tenants only. It changes nothing, and may be repeated at will.
    """
    reader = _Reader(prometheus, hours, tenants, (*QUERIES, BY_NODE) if by_node else QUERIES)
    total = len(reader.chunks) * (len(reader.queries) + 3 * len(FACTORS) + 2)
    with reporter.step(f"read {len(list(hours.hours)):,} hours from Prometheus", total) as step:
        reader.step = step
        kept = prometheus.retention()
        found = reader.read()
    seconds = duration_seconds(kept.split(" or ")[0]) if kept else None
    return Recorded(**found, retention=kept, retention_seconds=seconds)


class _Reader:
    def __init__(
        self, prometheus: Prometheus, hours: Period, tenants: Collection[str] | None, queries: Sequence[Query]
    ) -> None:
        self.queries = queries
        self._prometheus = prometheus
        self._hours = hours
        self._only = "" if tenants is None else f'{{tenant=~"{"|".join(map(_quoted, sorted(tenants)))}"}}'
        starts = list(hours.hours)
        self.chunks = [starts[index : index + CHUNK_HOURS] for index in range(0, len(starts), CHUNK_HOURS)]
        self.step: Step | None = None
        self._done = 0

    def read(self) -> dict[str, Any]:
        beats = self._heartbeats()
        counts = self._table(f"sum(count_over_time({HEARTBEAT}[{{window}}]))", ()).get((), {})
        found: dict[str, Any] = {"heartbeats": beats}
        for query in self.queries:
            table = self._table(query.expression.replace("{only}", self._only), query.labels)
            found[query.field] = _means(table, counts) if query.kind == "mean" else table
        for factor in FACTORS:
            tables: dict[str, Table] = {
                name: self._table(expression, factor.labels)
                for name, expression in factor_expressions(factor, "{window}").items()
            }
            found[factor.field] = _samples(tables)
        return found

    def _heartbeats(self) -> list[float]:
        beats: set[float] = set()
        for chunk in self.chunks:
            end = min(chunk[-1] + HOUR_SECONDS, self._hours.until)
            for points in self._prometheus.samples(HEARTBEAT, end, end - chunk[0]):
                beats.update(at for at, _ in points.values)
            self._advance()
        return sorted(beats)

    def _table(self, expression: str, labels: tuple[str, ...]) -> Table:
        table: Table = defaultdict(dict)
        for chunk in self.chunks:
            self._into(table, expression, labels, chunk)
            self._advance()
        return dict(table)

    def _into(self, table: Table, expression: str, labels: tuple[str, ...], hours: list[Hour]) -> None:
        try:
            for end, points in self._evaluated(expression, hours):
                key = tuple(points.labels.get(label, "") for label in labels)
                for at, value in points.values:
                    table[key][int(at) - HOUR_SECONDS if end is None else end] = value
        except TooMuchError:
            if len(hours) == 1:
                raise
            for half in (hours[: len(hours) // 2], hours[len(hours) // 2 :]):
                self._into(table, expression, labels, half)

    def _evaluated(self, expression: str, hours: list[Hour]) -> Iterator[tuple[Hour | None, Points]]:
        """Full hours at once; the last bucket by itself where it is not a full one, with its hour."""
        until = self._hours.until
        full = [hour for hour in hours if hour + HOUR_SECONDS <= until]
        if full:
            query = expression.replace("{window}", _window(HOUR_SECONDS))
            first, last = full[0] + HOUR_SECONDS, full[-1] + HOUR_SECONDS
            yield from ((None, points) for points in self._prometheus.range(query, first, last, HOUR_SECONDS))
        for hour in hours[len(full) :]:
            query = expression.replace("{window}", _window(until - hour))
            yield from ((hour, points) for points in self._prometheus.range(query, until, until, HOUR_SECONDS))

    def _advance(self) -> None:
        self._done += 1
        if self.step is not None:
            self.step.update(self._done)


def _means(sums: Table, counts: Mapping[Hour, float]) -> Table:
    """Sums over an hour as means over its evaluations; hours without any were not watched."""
    return {
        key: {hour: value / counts[hour] for hour, value in hours.items() if counts.get(hour)}
        for key, hours in sums.items()
    }


def _samples(tables: Mapping[str, Table]) -> dict[Key, dict[Hour, Sampled]]:
    return {
        key: {
            hour: Sampled(
                tables["total"].get(key, {}).get(hour, 0.0), tables["count"].get(key, {}).get(hour, 0.0), seen
            )
            for hour, seen in hours.items()
        }
        for key, hours in tables["seen"].items()
    }


def _window(seconds: int) -> str:
    """A range without its first moment, which belongs to the hour before; Prometheus 2 would count it in both."""
    return f"{seconds - 1}s999ms"


def _quoted(name: str) -> str:
    """A tenant's name inside a regular expression inside a string of PromQL."""
    return re.escape(name).replace("\\", "\\\\").replace('"', '\\"')
