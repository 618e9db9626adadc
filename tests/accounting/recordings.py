"""Recorded periods for tests: a centre whose accounts add up by construction, and what can happen to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from aicc.accounting.collect import searched
from aicc.accounting.months import HOUR_SECONDS, Month, Period
from aicc.accounting.recorded import Recorded, Sampled, Series
from aicc.accounting.statement import Site, Statement, statement

MONTH = Month(2026, 11)
START = MONTH.start
STEP_SECONDS = 300


def at(hours: float) -> int:
    """Seconds, of hours since the month began."""
    return START + int(hours * HOUR_SECONDS)


def beats(*stretches: tuple[float, float], step: float = STEP_SECONDS) -> list[float]:
    """Evaluations through stretches of hours."""
    return [
        moment
        for begin, end in stretches
        for index in range(int((end - begin) * HOUR_SECONDS / step))
        if (moment := at(begin) + (index + 1) * step)
    ]


def flat(value: float, hours: int, begin: int = 0) -> dict[int, float]:
    """The same in every hour."""
    return {at(hour): value for hour in range(begin, hours)}


def factor(value: float, hours: int, *key: str) -> dict[tuple[str, ...], dict[int, Sampled]]:
    """A factor that was recorded each minute."""
    return {key: {at(hour): Sampled(60 * value, 60, 60) for hour in range(hours)}}


def centre(hours: int, **changes: Any) -> Recorded:
    """Two tenants, the platform and idle hardware: 400 + 100, 300, 100 and 100 W; one model of each tenant."""
    tenants: Series = {
        ("blue", "measured"): flat(400, hours),
        ("blue", "estimated"): flat(100, hours),
        ("green", "measured"): flat(300, hours),
        ("platform", "estimated"): flat(100, hours),
        ("idle", "measured"): flat(100, hours),
    }
    return replace(
        Recorded(
            heartbeats=beats((0, hours)),
            tenant_watts=tenants,
            center_watts={("measured",): flat(800, hours), ("estimated",): flat(200, hours)},
            model_watts={
                ("blue", "chat", "measured"): flat(300, hours),
                ("green", "embed", "measured"): flat(300, hours),
            },
            pool_watts={("h100", "measured"): flat(800, hours), ("general", "estimated"): flat(200, hours)},
            tenant_embodied={("blue",): flat(20, hours), ("green",): flat(10, hours)},
            model_embodied={("blue", "chat"): flat(15, hours)},
            tenant_price={("blue", "USD"): flat(8, hours), ("green", "USD"): flat(4, hours)},
            model_price={("blue", "chat", "USD"): flat(6, hours)},
            tokens={("blue", "chat", "prompt"): flat(2, hours), ("blue", "chat", "completion"): flat(0.5, hours)},
            served={("chat",): flat(10, hours)},
            tenants={("blue", "research"): flat(1, hours), ("green", "enterprise"): flat(1, hours)},
            tenant_pools={("blue", "h100"): flat(1, hours), ("green", "h100"): flat(1, hours)},
            pool_embodied_complete={("h100",): flat(1, hours), ("general",): flat(1, hours)},
            pool_priced={("h100",): flat(1, hours), ("general",): flat(1, hours)},
            pue=factor(1.2, hours, "declared"),
            intensity=factor(500, hours, "china-east", "static"),
        ),
        **changes,
    )


def stated(recorded: Recorded, hours: float, *, now: float | None = None, site: Site | None = None) -> Statement:
    """The statement of the month's first hours, which are all that is over."""
    period = MONTH.period(at(hours))
    return statement("test", MONTH, period, searched(period, now or at(hours), START), recorded, site or Site())


values = st.one_of(st.floats(0, 1e8), st.floats(), st.sampled_from([-1.0, 0.0]))
"""Anything that a time series database can hold."""
hourly = st.dictionaries(st.integers(0, 47).map(at), values, max_size=48)
possible_hourly = st.dictionaries(st.integers(0, 47).map(at), st.floats(0, 1e8), max_size=48)
watched = st.lists(st.tuples(st.integers(0, 95), st.integers(1, 40)), max_size=6).map(
    lambda pieces: beats(*((begin / 2, min(48, (begin + length) / 2)) for begin, length in pieces))
)
"""Heartbeats of two days with any gaps."""


def keyed(keys: st.SearchStrategy[tuple[str, ...]], of: st.SearchStrategy[dict[int, float]]) -> st.SearchStrategy[Any]:
    """Series by labels."""
    return st.dictionaries(keys, of, max_size=5)


def two_days() -> Period:
    """What the strategies cover."""
    return Period(START, at(48))
