"""Turns what is known into series at each scrape. State that is too old is left out, never served as if new."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from . import intensity, series
from .config import Config, Pool, Tenant
from .feed import LiveFeed
from .objects import Claim, Node, Pod, Quota
from .series import Series
from .watch import Watch

Sample = tuple[Sequence[str], float]


@dataclass(frozen=True)
class Watches:
    """What is followed in the cluster."""

    nodes: Watch[Node]
    pods: Watch[Pod]
    quotas: Watch[Quota]
    claims: Watch[Claim]

    def all(self) -> tuple[Watch[Any], ...]:
        """Every one of them."""
        return self.nodes, self.pods, self.quotas, self.claims


class MeterCollector(Collector):
    """The series of `series.ALL`."""

    def __init__(
        self,
        config: Config,
        watches: Watches,
        feed: LiveFeed | None,
        stale_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config, self._watches, self._feed = config, watches, feed
        self._stale_seconds, self._clock = stale_seconds, clock
        self._pools = {pool.name: pool for pool in config.pools}

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry must not collect only to learn the names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every series that holds now."""
        now = self._clock()
        yield from self._declared()
        yield from self._place(now)
        yield from self._cluster(now)
        yield from self._own()

    def _declared(self) -> Iterator[Metric]:
        config = self._config
        yield _family(
            series.POOL_INFO,
            (
                ((pool.name, pool.accelerator, pool.vendor, pool.instance, str(pool.accelerators_per_node)), 1)
                for pool in config.pools
            ),
        )
        yield from (_family(one, _known(config.pools, read)) for one, read in _POOL_FIGURES)
        yield _family(
            series.POOL_PRICE,
            (
                ((pool.name, pool.currency), pool.price_per_hour)
                for pool in config.pools
                if pool.price_per_hour is not None
            ),
        )
        yield _family(series.UTILIZATION, [((), config.assumed_utilization_ratio)])
        yield _family(series.TENANT_INFO, (((tenant.name, tenant.kind), 1) for tenant in config.tenants))
        yield from (_family(one, _known(config.tenants, read)) for one, read in _BUDGETS)
        yield _family(series.SHIFTING, [((), 1.0)] if config.shifting else ())
        for one, field in _OBJECTIVES:
            found = (((model.tenant, model.name), getattr(model, field)) for model in config.models)
            yield _family(one, (sample for sample in found if sample[1] is not None))

    def _place(self, now: float) -> Iterator[Metric]:
        pue, grid, feed = self._config.pue, self._config.grid, self._feed
        if pue is not None:
            yield _family(series.PUE, [((pue[1],), pue[0])])
        if grid is not None:
            holds = intensity.at(grid, feed, now)
            yield _family(series.INTENSITY, [((grid.id, holds.method), holds.gco2e_per_kwh)])
        if feed is not None:
            yield _family(series.FEED_UP, [((feed.grid,), float(feed.up(now)))])
            if feed.accepted is not None:
                yield _family(series.FEED_TIMESTAMP, [((feed.grid,), feed.accepted.at)])
            yield _family(series.FEED_REJECTED, (((feed.grid, reason), n) for reason, n in feed.rejected.items()))

    def _cluster(self, now: float) -> Iterator[Metric]:
        watches = self._watches
        fresh = self._fresh(watches.nodes) and self._fresh(watches.pods)
        yield _family(series.FRESH, [((), float(fresh))])
        if fresh:
            nodes = watches.nodes.records()
            yield from self._nodes(nodes)
            yield from self._pods(watches.pods.records(), {node.name: node for node in nodes}, now)
        if self._fresh(watches.quotas):
            yield from _quotas(watches.quotas.records())
        if self._fresh(watches.claims):
            claims = watches.claims.records()
            yield _family(
                series.VOLUME_CAPACITY, (((claim.namespace, claim.name), claim.capacity_bytes) for claim in claims)
            )

    def _nodes(self, nodes: Sequence[Node]) -> Iterator[Metric]:
        def info(node: Node) -> Sequence[str]:
            pool = self._pools[node.pool]
            return (
                node.name,
                node.pool,
                pool.accelerator,
                pool.vendor,
                node.instance,
                node.zone,
                _truth(node.simulated),
            )

        yield _family(series.NODE_INFO, ((info(node), 1) for node in nodes))
        yield _family(series.NODE_READY, (((node.name, node.pool), float(node.ready)) for node in nodes))
        yield _family(series.NODE_ACCELERATORS, (((node.name, node.pool), node.accelerators) for node in nodes))
        yield _family(series.NODE_CPU_CORES, (((node.name, node.pool), node.cpu_cores) for node in nodes))

    def _pods(self, pods: Sequence[Pod], nodes: dict[str, Node], now: float) -> Iterator[Metric]:
        bound = [(pod, nodes[pod.node]) for pod in pods if pod.node in nodes]
        yield _family(
            series.POD_INFO,
            (
                (
                    (
                        pod.namespace,
                        pod.name,
                        pod.node,
                        node.pool,
                        pod.tenant,
                        pod.model,
                        pod.job,
                        _truth(node.simulated),
                    ),
                    1,
                )
                for pod, node in bound
            ),
        )
        yield _family(
            series.POD_ACCELERATORS,
            (((pod.namespace, pod.name, pod.node), pod.accelerators) for pod, _ in bound if pod.accelerators),
        )
        yield _family(series.POD_CPU_CORES, (((pod.namespace, pod.name, pod.node), pod.cpu_cores) for pod, _ in bound))
        yield _family(
            series.POD_PENDING,
            (
                ((pod.namespace, pod.name, pod.tenant, pod.gang), max(0.0, now - pod.created))
                for pod in pods
                if not pod.node
            ),
        )

    def _own(self) -> Iterator[Metric]:
        watches = self._watches.all()
        ages = ((watch.kind.name, watch.age_seconds()) for watch in watches)
        yield _family(series.WATCH_AGE, (((kind,), age) for kind, age in ages if age is not None))
        yield _family(series.WATCH_ERRORS, (((watch.kind.name,), watch.errors) for watch in watches))

    def _fresh(self, watch: Watch[Any]) -> bool:
        age = watch.age_seconds()
        return age is not None and age <= self._stale_seconds


def _complete(pool: Pool) -> float | None:
    return None if pool.embodied_gco2e_per_hour is None else float(pool.embodied_complete)


_POOL_FIGURES: tuple[tuple[Series, Callable[[Pool], float | None]], ...] = (
    (series.POOL_NODES, lambda pool: pool.nodes),
    (series.POOL_HOST_IDLE_WATTS, lambda pool: pool.host_idle_watts),
    (series.POOL_HOST_PEAK_WATTS, lambda pool: pool.host_peak_watts),
    (series.POOL_ACCELERATOR_IDLE_WATTS, lambda pool: pool.accelerator_idle_watts),
    (series.POOL_ACCELERATOR_PEAK_WATTS, lambda pool: pool.accelerator_peak_watts),
    (series.POOL_EMBODIED, lambda pool: pool.embodied_gco2e_per_hour),
    (series.POOL_EMBODIED_COMPLETE, _complete),
)
_BUDGETS: tuple[tuple[Series, Callable[[Tenant], float | None]], ...] = (
    (series.BUDGET_KWH, lambda tenant: tenant.budget_kwh),
    (series.BUDGET_KGCO2E, lambda tenant: tenant.budget_kgco2e),
)
_OBJECTIVES: tuple[tuple[Series, str], ...] = (
    (series.SLO_AVAILABILITY, "availability_ratio"),
    (series.SLO_LATENCY, "latency_ratio"),
    (series.SLO_TTFT, "ttft_seconds"),
    (series.SLO_TPOT, "tpot_seconds"),
)


def _known(items: Iterable[Any], read: Callable[[Any], float | None]) -> Iterator[Sample]:
    """A sample by name for each figure that is known."""
    found = ((item.name, read(item)) for item in items)
    return (((name,), value) for name, value in found if value is not None)


def _quotas(quotas: Iterable[Quota]) -> Iterator[Metric]:
    """Where several limit the same, the tightest one holds."""
    hard: dict[tuple[str, str], float] = {}
    used: dict[tuple[str, str], float] = {}
    for quota in quotas:
        for resource, amount in quota.hard.items():
            key = (quota.tenant, resource)
            hard[key] = min(hard.get(key, amount), amount)
            used[key] = max(used.get(key, 0.0), quota.used.get(resource, 0.0))
    yield _family(series.QUOTA_HARD, hard.items())
    yield _family(series.QUOTA_USED, used.items())


def _family(one: Series, samples: Iterable[Sample]) -> Metric:
    if one.name.endswith("_total"):
        counter = CounterMetricFamily(one.name, one.help, labels=one.labels)
        for labels, value in samples:
            counter.add_metric(labels, value)
        return counter
    gauge = GaugeMetricFamily(one.name, one.help, labels=one.labels)
    for labels, value in samples:
        gauge.add_metric(labels, value)
    return gauge


def _truth(value: bool) -> str:  # noqa: FBT001  a label
    return "true" if value else "false"
