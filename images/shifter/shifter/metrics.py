"""What the shifter tells of itself, in Prometheus' terms."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Set as AbstractSet

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client import Counter as Total

from .config import Config
from .forecast import Forecast
from .grid import REJECTIONS
from .round import Round, Step


class Metrics:
    """Every series; of tenants by name. What a stack declares begins at 0, so that the first time is a rise."""

    def __init__(self, registry: CollectorRegistry, config: Config) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"aicc_shifter_{name}", text, labels, registry=registry)

        def total(name: str, text: str, *labels: str) -> Total:
            return Total(f"aicc_shifter_{name}", text, labels, registry=registry)

        self._jobs = gauge("jobs", "Deferrable jobs that have not ended.", "tenant", "state")
        self._slack = gauge("slack_seconds", "Until the most urgent waiting job must run.", "tenant")
        self._late = gauge("late_jobs", "Jobs past their deadline, or that ended past it within a day.", "tenant")
        self._misdeclared = gauge("misdeclared_jobs", "Jobs that were let go, as they cannot be understood.")
        self._released = total("released", "Jobs let run, by why.", "tenant", "reason")
        self._interrupted = total("interrupted", "Interruptions.", "tenant")
        self._over = total("over_budget", "Jobs let run over their tenant's budget, for their deadline.", "tenant")
        self._avoided = total("avoided_gco2e", "Estimated, of jobs that say what energy they need.", "tenant")
        self._worse = total("added_gco2e", "Estimated, where a job ran in worse hours than at first.", "tenant")
        self._rejected = total("feed_rejected", "Answers of the feed that were not used.", "reason")
        self._failed = total("failed_requests", "Requests that the cluster refused.")
        self._source = gauge("forecast_source", "1 for where the forecast is from.", "source")
        self._intensity = gauge("forecast_gco2e_per_kwh", "Intensity of this hour, as the forecast has it.")
        self._end = gauge("forecast_end_timestamp_seconds", "Up to where the forecast reaches.")
        self._last = gauge("last_round_timestamp_seconds", "When every job was last looked at; at first, its start.")
        self._last.set(time.time())
        for reason in REJECTIONS if config.feed else ():
            self._rejected.labels(reason)
        for tenant in config.budgets:
            self._over.labels(tenant)

    def took(self, step: Step) -> None:
        """Count one step."""
        tenant = step.job.tenant
        if step.act == "release":
            self._released.labels(tenant, step.reason).inc()
            self._over.labels(tenant).inc(int(step.over_budget))
            self._avoided.labels(tenant).inc(max(step.avoided_gco2e, 0.0))
            self._worse.labels(tenant).inc(max(-step.avoided_gco2e, 0.0))
        elif step.act == "interrupt":
            self._interrupted.labels(tenant).inc()

    def round(
        self, found: Round, refused: AbstractSet[str], forecast: Forecast | None, source: str, now: float
    ) -> None:
        """Set what a round found; tenants without jobs have no series.

        Of jobs that the cluster refused to change (`refused`: their uids), nothing has changed.
        """
        counts = Counter((step.job.tenant, _state(step, refused)) for step in found.steps)
        slack: dict[str, float] = {}
        for step in found.steps:
            if _state(step, refused) == "waiting":
                slack[step.job.tenant] = min(slack.get(step.job.tenant, step.slack_seconds), step.slack_seconds)
        for series in (self._jobs, self._slack, self._late):
            series.clear()
        for (tenant, state), count in counts.items():
            self._jobs.labels(tenant, state).set(count)
        for tenant, seconds in slack.items():
            self._slack.labels(tenant).set(seconds)
        for tenant, count in found.missed.items():
            self._late.labels(tenant).set(count)
        self._misdeclared.set(len(found.misdeclared))
        for name in ("feed", "profile", "none"):
            self._source.labels(name).set(int(name == source))
        if forecast:
            self._intensity.set(forecast.mean(now, 1.0))
            self._end.set(forecast.end)
        self._last.set(now)

    def rejected(self, reason: str) -> None:
        """An answer of the feed was not used."""
        self._rejected.labels(reason).inc()

    def failed(self) -> None:
        """A request was refused."""
        self._failed.inc()


def _state(step: Step, refused: AbstractSet[str]) -> str:
    """What a job does after its step."""
    runs = {
        "release": step.job.uid not in refused,
        "nothing": True,
        "interrupt": step.job.uid in refused,
        "note": False,
    }
    return "running" if runs[step.act] else "waiting"
