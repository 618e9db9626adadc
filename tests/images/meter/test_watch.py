"""A watch meets what networks and API servers do: cut streams, restarts, expired versions, outages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from images.meter.meter import watch
from images.meter.meter.watch import PODS, Watch
from tests.images.meter.api_server import ApiServer, api_server

PATH = PODS.path


def pod(name: str, value: int = 0) -> dict[str, Any]:
    return {"metadata": {"namespace": "a", "name": name}, "value": value}


def reduced(item: Mapping[str, Any]) -> tuple[str, int] | None:
    return None if item["value"] < 0 else (item["metadata"]["name"], item["value"])


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(watch, "_LONGEST_PAUSE_SECONDS", 0.1)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as running:
        yield running


@pytest.fixture
def pods(server: ApiServer) -> Iterator[Watch[tuple[str, int]]]:
    following = Watch(PODS, server.access, reduced)
    yield following
    following.stop()


def eventually(found: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def known(pods: Watch[tuple[str, int]]) -> dict[str, int]:
    return dict(pods.records())


def test_it_lists_in_pages_and_follows_what_changes(server: ApiServer, pods: Watch[Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(watch, "PAGE", 2)
    for index in range(5):
        server.put(PATH, pod(f"p{index}", index))
    pods.start()
    eventually(lambda: len(pods.records()) == 5)
    assert sum("continue" in query for _, query in server.requests) == 2
    server.put(PATH, pod("p1", 7))
    server.put(PATH, pod("p9", 9))
    server.delete(PATH, "p0")
    server.put(PATH, pod("p2", -1))  # reduces to nothing: it is not kept
    eventually(lambda: known(pods) == {"p1": 7, "p3": 3, "p4": 4, "p9": 9})
    age = pods.age_seconds()
    assert age is not None
    assert age < 20


def test_nothing_is_known_before_the_first_answer(server: ApiServer, pods: Watch[Any]) -> None:
    server.down = True
    pods.start()
    eventually(lambda: pods.errors >= 2)
    assert pods.age_seconds() is None
    assert pods.alive
    server.put(PATH, pod("p0"))
    server.down = False
    eventually(lambda: known(pods) == {"p0": 0})


def test_a_lost_connection_goes_on_where_it_was(server: ApiServer, pods: Watch[Any]) -> None:
    server.put(PATH, pod("p0"))
    pods.start()
    eventually(lambda: known(pods) == {"p0": 0})
    server.hang_up()
    server.put(PATH, pod("p1"))
    eventually(lambda: known(pods) == {"p0": 0, "p1": 0})
    lists = [query for _, query in server.requests if "watch" not in query]
    assert len(lists) == 1


def test_an_event_that_is_cut_short_is_read_again(server: ApiServer, pods: Watch[Any]) -> None:
    pods.start()
    eventually(lambda: pods.age_seconds() is not None)
    server.cut = 2
    server.put(PATH, pod("p0", 5))
    eventually(lambda: known(pods) == {"p0": 5})
    assert pods.errors >= 2


def test_an_expired_version_is_listed_anew(server: ApiServer, pods: Watch[Any]) -> None:
    server.put(PATH, pod("p0"))
    server.put(PATH, pod("p1"))
    pods.start()
    eventually(lambda: len(pods.records()) == 2)
    server.down = True
    server.hang_up()
    eventually(lambda: pods.errors >= 1)
    server.delete(PATH, "p0")  # an event that nobody will hear of
    server.forget()
    server.down = False
    eventually(lambda: known(pods) == {"p1": 0})


def test_state_is_kept_and_ages_while_the_server_is_away(server: ApiServer, pods: Watch[Any]) -> None:
    server.put(PATH, pod("p0"))
    pods.start()
    eventually(lambda: known(pods) == {"p0": 0})
    server.down = True
    server.hang_up()
    eventually(lambda: (pods.age_seconds() or 0) > 0.3)
    assert known(pods) == {"p0": 0}
    server.down = False
    eventually(lambda: (pods.age_seconds() or 9) < 0.2)


def test_an_object_that_cannot_be_read_hides_no_other(server: ApiServer, pods: Watch[Any]) -> None:
    server.put(PATH, pod("p0"))
    server.put(PATH, {"metadata": {"namespace": "a", "name": "odd"}})
    server.put(PATH, pod("p1"))
    pods.start()
    eventually(lambda: known(pods) == {"p0": 0, "p1": 0})
