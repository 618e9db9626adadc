from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from aicc.accounting.collect import collect, searched
from aicc.accounting.months import HOUR_SECONDS, Period
from aicc.accounting.prometheus import (
    Answer,
    HttpSource,
    Prometheus,
    QueryError,
    TooMuchError,
    UnreachablePrometheusError,
    duration_seconds,
)
from aicc.accounting.queries import FACTORS, HEARTBEAT, QUERIES
from aicc.accounting.recorded import Recorded
from aicc.accounting.statement import statement
from aicc.errors import ClusterError
from tests.accounting.recordings import MONTH, START, at, centre
from tests.support.prometheus import Series, prometheus, write
from tests.support.recorder import Recorder

HOURS = 30
STEP_SECONDS = 60
UNTIL = HOURS - 0.5


def series_of(recorded: Recorded) -> Iterator[Series]:
    """Samples whose hourly means are what is recorded; what only one query looks at is written like the rest."""
    yield Series({"__name__": HEARTBEAT}, [(moment, 1.0) for hour in range(HOURS) for moment in _moments(at(hour))])
    for query in QUERIES:
        name = re.search(r"\(([\w:]+)(\{only\})?\[", query.expression)
        assert name
        for key, hours in getattr(recorded, query.field).items():
            labels = dict(zip(query.labels, key, strict=True))
            samples = [(moment, hours[hour]) for hour in sorted(hours) for moment in _moments(hour)]
            yield Series({"__name__": name[1], **labels}, samples)
    for factor in FACTORS:
        for key, hours in getattr(recorded, factor.field).items():
            labels = dict(zip(factor.labels, key, strict=True))
            samples = []
            for hour, sampled in sorted(hours.items()):
                mean = sampled.total / sampled.count
                absurd = {5: math.nan, 7: -3.0, 9: 0.0, 11: mean * 1_000}
                samples += [(moment, absurd.get(index, mean)) for index, moment in enumerate(_moments(hour))]
            yield Series({"__name__": factor.series, **labels}, samples)


def _moments(hour: int) -> range:
    return range(hour + STEP_SECONDS, hour + HOUR_SECONDS + 1, STEP_SECONDS)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("accounting")) as url:
        write(url, series_of(_everything()))
        yield url


def _everything() -> Recorded:
    return replace(
        centre(HOURS),
        job_watts={("blue", "train", "measured"): {at(2): 50.0}},
        job_embodied={("blue", "train"): {at(2): 2.0}},
        unknown_nodes={("blue",): {at(4): 1.0}},
        budget_kwh={("blue",): {at(hour): 5.0 for hour in range(HOURS)}},
        budget_kgco2e={("blue",): {at(hour): 5.0 for hour in range(HOURS)}},
    )


def _read(url: str, tenants: list[str] | None = None) -> Recorded:
    client, period = Prometheus(HttpSource(url)), MONTH.period(at(UNTIL))
    try:
        return collect(client, searched(period, at(UNTIL)), tenants, Recorder())
    finally:
        client.close()


def test_what_prometheus_recorded_is_read_hour_by_hour(served: str) -> None:
    found, expected = _read(served), _everything()
    for query in QUERIES:
        for key, hours in getattr(expected, query.field).items():
            read = getattr(found, query.field)[key]
            assert read == pytest.approx({hour: value for hour, value in hours.items() if value}), (query.field, key)
    assert found.retention_seconds == 20_000 * 86_400


def test_absurd_samples_of_factors_are_left_out_one_by_one(served: str) -> None:
    sampled = _read(served).intensity["china-east", "static"][at(3)]
    assert sampled.total / sampled.count == pytest.approx(500)
    assert (sampled.count, sampled.seen) == (56, 60)


def test_only_the_wanted_tenants_models_are_read_and_everyones_total(served: str) -> None:
    found = _read(served, ["blue"])
    assert {key[0] for key in found.model_watts} == {"blue"}
    assert {key[0] for key in found.tenant_watts} == {"blue", "green", "platform", "idle"}


def test_a_statement_of_a_real_prometheus_adds_up_with_its_last_bucket_cut(served: str) -> None:
    period = MONTH.period(at(UNTIL))
    made = period.since(START)
    found = statement("test", MONTH, made, searched(made, at(UNTIL), START), _read(served))
    assert sum(account.total.it_kwh for account in found.accounts) == pytest.approx(1.0 * UNTIL, rel=1e-6)
    assert found.reconciliation.holds
    assert found.coverage.watched_hours == pytest.approx(UNTIL)


def test_a_query_that_is_too_much_is_asked_in_halves(served: str, tmp_path: Path) -> None:
    whole = _read(served)

    @dataclass
    class Small:
        """A Prometheus with little memory: it refuses more than three hours at a time."""

        source: HttpSource
        address: str = "small"
        asked: list[int] = field(default_factory=list)

        def get(self, path: str, query: Mapping[str, str]) -> Answer:
            if path.endswith("query_range"):
                steps = (int(query["end"]) - int(query["start"])) // HOUR_SECONDS + 1
                self.asked.append(steps)
                if steps > 3:
                    said = "query processing would load too many samples into memory in query execution"
                    return Answer(422, {"status": "error", "errorType": "execution", "error": said})
            return self.source.get(path, query)

        def close(self) -> None:
            self.source.close()

    small = Small(HttpSource(served))
    period = MONTH.period(at(UNTIL))
    found = collect(Prometheus(small), searched(period, at(UNTIL)), None, Recorder())
    small.close()
    assert min(small.asked) <= 3 < max(small.asked)
    assert found == whole


def test_an_hour_that_is_too_much_is_an_error_that_says_so() -> None:
    said = {"status": "error", "errorType": "timeout", "error": "query timed out in expression evaluation"}
    with pytest.raises(TooMuchError, match="timed out"):
        collect(Prometheus(_Says(503, said)), Period(START, at(1)), None, Recorder())


@dataclass
class _Says:
    status: int
    body: Mapping[str, Any]
    address: str = "http://somewhere"

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        return Answer(self.status, self.body)

    def close(self) -> None:
        pass


def test_a_refused_query_is_shown_with_the_reason() -> None:
    said = {"status": "error", "errorType": "bad_data", "error": "parse error: unexpected <eof>"}
    with pytest.raises(QueryError, match=r"refused 'sum\('.*parse error"):
        Prometheus(_Says(400, said)).range("sum(", 0, 1, 1)


def test_what_is_no_prometheus_is_said() -> None:
    with pytest.raises(ClusterError, match="does not answer as Prometheus does: HTTP 404"):
        Prometheus(_Says(404, {})).range("up", 0, 1, 1)


def test_a_prometheus_that_is_not_there_is_waited_for_and_then_an_error() -> None:
    source = HttpSource("http://someone:secret@127.0.0.1:9/prefix/")
    with pytest.raises(UnreachablePrometheusError, match=r"at http://127\.0\.0\.1:9/prefix: ") as raised:
        Prometheus(source, patience_seconds=0).range("up", 0, 1, 1)
    assert "secret" not in raised.value.message
    source.close()


def test_without_a_retention_nothing_is_said_of_it() -> None:
    assert Prometheus(_Says(404, {})).retention() is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("15d", 1_296_000), ("1h30m", 5_400), ("2w", 1_209_600), ("1GiB", None), ("", None)]
)
def test_durations_are_read_and_sizes_are_not(text: str, seconds: float | None) -> None:
    assert duration_seconds(text) == seconds


def test_values_that_are_no_numbers_reach_the_arithmetic_as_such() -> None:
    body = json.loads('{"status":"success","data":{"result":[{"metric":{},"values":[[1,"NaN"],[2,"+Inf"],[3,"4"]]}]}}')
    values = [value for _, value in Prometheus(_Says(200, body)).range("x", 0, 1, 1)[0].values]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, 4.0]
