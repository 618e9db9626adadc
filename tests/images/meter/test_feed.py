"""A live feed is believed only where it can be true, and is forgotten when it is old."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.meter.meter import intensity
from images.meter.meter.config import Feed, Grid, Profile
from images.meter.meter.feed import HIGHEST_GCO2E_PER_KWH, REASONS, LiveFeed

NOW = 1_764_259_200.0
AVERAGE = 500.0


class Source(ThreadingHTTPServer):
    """Answers what it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.code, self.body, self.location = 200, b"{}", ""
        self.asked: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/now"


class _Handler(BaseHTTPRequestHandler):
    server: Source

    def do_GET(self) -> None:
        self.server.asked.append({key.lower(): value for key, value in self.headers.items()})
        self.send_response(self.server.code)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def source() -> Iterator[Source]:
    server = Source()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def live(url: str, form: str = "plain", token_file: Path | None = None, average: float = AVERAGE) -> LiveFeed:
    feed = Feed(url, form, 60, 7200)
    return LiveFeed(Grid("east", average, None, feed), feed, token_file)


def stamp(seconds_ago: float = 0) -> str:
    return datetime.fromtimestamp(NOW - seconds_ago, UTC).isoformat()


def plain(value: Any, seconds_ago: float = 0) -> bytes:
    return json.dumps({"gco2ePerKwh": value, "at": stamp(seconds_ago)}).encode()


FORMS = {
    "plain": {"gco2ePerKwh": 412.5, "at": stamp(600)},
    "electricity-maps": {"zone": "DE", "carbonIntensity": 412.5, "datetime": stamp(600), "isEstimated": False},
    "uk-carbon-intensity": {
        "data": [{"from": stamp(600), "to": stamp(-1200), "intensity": {"forecast": 300, "actual": 412.5}}]
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_each_format_is_read(source: Source, form: str) -> None:
    source.body = json.dumps(FORMS[form]).encode()
    feed = live(source.url, form)
    feed.poll(NOW)
    assert feed.figure(NOW) == 412.5
    assert feed.up(NOW)
    assert feed.accepted is not None
    assert feed.accepted.at == NOW - 600
    assert sum(feed.rejected.values()) == 0


def test_a_forecast_stands_in_for_an_actual_that_is_not_there_yet(source: Source) -> None:
    source.body = json.dumps({"data": [{"from": stamp(), "intensity": {"forecast": 300, "actual": None}}]}).encode()
    feed = live(source.url, "uk-carbon-intensity")
    feed.poll(NOW)
    assert feed.figure(NOW) == 300


ABSURD = {
    "negative": plain(-12.0),
    "zero": plain(0),
    "not_finite": b'{"gco2ePerKwh": NaN, "at": "2025-11-27T16:00:00Z"}',
    "too_large": plain(HIGHEST_GCO2E_PER_KWH + 1),
    "stale": plain(400.0, seconds_ago=7300),
    "ahead": plain(400.0, seconds_ago=-3600),
    "malformed": b"<html>down for maintenance</html>",
}


@pytest.mark.parametrize("reason", ABSURD)
def test_what_cannot_be_true_is_refused_and_counted(source: Source, reason: str) -> None:
    source.body = plain(450.0)
    feed = live(source.url)
    feed.poll(NOW)
    source.body = ABSURD[reason]
    feed.poll(NOW)
    assert feed.rejected == {**dict.fromkeys(REASONS, 0), reason: 1}
    assert not feed.up(NOW)
    assert feed.figure(NOW) == 450.0, "the last good figure holds until it is stale"
    assert feed.figure(NOW + 7201) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", plain("412"), plain(True), plain(None), b'{"at": 3}'])
def test_what_is_no_figure_is_malformed(source: Source, body: bytes) -> None:
    source.body = body
    feed = live(source.url)
    feed.poll(NOW)
    assert feed.rejected["malformed"] == 1
    assert feed.figure(NOW) is None


def test_a_unit_taken_for_another_is_refused_on_a_clean_grid(source: Source) -> None:
    """Milligrams for grams: below what any grid may have, and still a thousand times this one's."""
    source.body = plain(2_500.0)
    feed = live(source.url, average=2.0)
    feed.poll(NOW)
    assert feed.rejected["too_large"] == 1


def test_a_feed_that_does_not_answer_is_unreachable(source: Source) -> None:
    source.code = 500
    feed = live(source.url)
    feed.poll(NOW)
    gone = live("http://127.0.0.1:9/now")
    gone.poll(NOW)
    assert feed.rejected["unreachable"] == gone.rejected["unreachable"] == 1


def test_no_redirect_is_followed(source: Source, tmp_path: Path) -> None:
    """It could lead anywhere, and the token with it."""
    token = tmp_path / "token"
    token.write_text("hunter2\n")
    source.code, source.location = 302, source.url.replace("/now", "/elsewhere")
    feed = live(source.url, token_file=token)
    feed.poll(NOW)
    assert feed.rejected["unreachable"] == 1
    assert len(source.asked) == 1


@pytest.mark.parametrize(
    ("form", "header", "value"),
    [("plain", "authorization", "Bearer hunter2"), ("electricity-maps", "auth-token", "hunter2")],
)
def test_the_token_is_read_at_each_question(source: Source, tmp_path: Path, form: str, header: str, value: str) -> None:
    token = tmp_path / "token"
    token.write_text("old\n")
    feed = live(source.url, form, token)
    feed.poll(NOW)
    token.write_text("hunter2\n")
    feed.poll(NOW)
    assert source.asked[1][header] == value


def test_a_token_that_is_not_there_is_said_and_ends_nothing(source: Source, tmp_path: Path) -> None:
    feed = live(source.url, token_file=tmp_path / "none")
    feed.poll(NOW)
    assert feed.rejected["unreachable"] == 1


def test_it_asks_by_itself(source: Source) -> None:
    at = datetime.now(UTC).isoformat()
    source.body = json.dumps({"gco2ePerKwh": 321, "at": at}).encode()
    feed = live(source.url)
    feed.start()
    deadline = time.monotonic() + 20
    while feed.figure(time.time()) != 321:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    feed.stop()


@given(st.one_of(st.floats(allow_nan=True), st.integers(), st.none(), st.booleans(), st.text()), st.text())
def test_whatever_is_said_the_figure_is_one_that_can_be(value: Any, at: str) -> None:
    feed = live("http://127.0.0.1:9/now")
    feed._ask = lambda: json.dumps({"gco2ePerKwh": value, "at": at or stamp()}).encode()  # type: ignore[method-assign]
    feed.poll(NOW)
    figure = feed.figure(NOW)
    assert figure is None or 0 < figure <= HIGHEST_GCO2E_PER_KWH
    assert (figure is None) == (sum(feed.rejected.values()) == 1)


def test_the_usual_day_holds_where_the_feed_does_not(source: Source) -> None:
    hourly = (0.5,) * 12 + (1.5,) * 12
    grid = Grid("east", AVERAGE, Profile(ZoneInfo("Asia/Shanghai"), hourly), Feed(source.url, "plain", 60, 7200))
    feed = LiveFeed(grid, grid.feed) if grid.feed else None
    assert feed
    morning, evening = (datetime(2026, 3, 1, hour, tzinfo=UTC).timestamp() for hour in (1, 5))
    assert intensity.at(grid, feed, morning) == (250.0, "profile")  # 9 o'clock in Shanghai
    assert intensity.at(grid, feed, evening) == (750.0, "profile")  # 13 o'clock
    source.body = plain(612.0)
    feed.poll(NOW)
    assert intensity.at(grid, feed, NOW) == (612.0, "live")
    assert intensity.at(grid, feed, NOW + 8000).method == "profile"


def test_the_average_holds_where_nothing_else_is_known() -> None:
    assert intensity.at(Grid("east", AVERAGE, None, None), None, NOW) == (AVERAGE, "static")
