"""The batch program against a gateway on loopback that fails in every way a gateway can."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from batch_inference.__main__ import Exit
from batch_inference.gateway import LONGEST_WAIT_SECONDS, Gateway, Patience, RefusedError
from batch_inference.outcome import ERRORS, RESULTS, Outcome
from batch_inference.run import Batch
from hypothesis import given, settings
from hypothesis import strategies as st

from aicc.paths import REPO
from tests.images.faulty import Reply, gateway, good

QUICK = Patience(attempts=4, first_wait_seconds=0.01, timeout_seconds=10)


def lines(count: int) -> list[bytes]:
    return [line(f"r{index}") for index in range(count)]


def line(custom_id: str, **changes: Any) -> bytes:
    body = {"model": "ignored", "messages": [{"role": "user", "content": custom_id}]}
    record = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body, **changes}
    return json.dumps(record).encode() + b"\n"


def run(url: str, folder: Path, asked: Iterable[bytes], concurrency: int = 4, key: Path | None = None) -> Batch:
    outcome = Outcome(folder)
    batch = Batch(Gateway(url, key, QUICK), outcome, "qwen3", concurrency, tell=lambda _: None)
    try:
        batch.run(asked)
    finally:
        outcome.close()
    return batch


def records(folder: Path, name: str) -> dict[str, Mapping[str, Any]]:
    found = [json.loads(text) for text in (folder / name).read_text(encoding="utf-8").splitlines()]
    by_id = {record["custom_id"]: record for record in found}
    assert len(by_id) == len(found), "a request has two lines"
    return by_id


def test_every_request_gets_its_own_answer_from_the_declared_model(tmp_path: Path) -> None:
    with gateway() as (url, seen):
        run(url, tmp_path, lines(40))
    found = records(tmp_path, RESULTS)
    assert set(found) == {f"r{index}" for index in range(40)}
    for custom_id, record in found.items():
        assert record["error"] is None
        assert record["response"]["status_code"] == 200
        body = record["response"]["body"]
        assert (body["model"], body["choices"][0]["message"]["content"]) == ("qwen3", custom_id)
    assert set(seen.by_content.values()) == {1}
    assert records(tmp_path, ERRORS) == {}


def test_no_more_requests_are_under_way_than_declared_and_as_many_as_that(tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=10)

    def behave(asked: Mapping[str, Any], _: int) -> Reply:
        together.wait()  # raises unless three are there at once
        return good(asked)

    with gateway(behave) as (url, seen):
        run(url, tmp_path, lines(12), concurrency=3)
    assert seen.most_under_way == 3
    assert len(records(tmp_path, RESULTS)) == 12


@pytest.mark.parametrize(
    "fault",
    [
        Reply(429, {"error": {"message": "slow down"}}, {"Retry-After": "0"}),
        Reply(503, {"error": {"message": "no replica"}}),
        Reply(500, text=b"<html>oops</html>"),
        Reply(200, {"a": "b" * 100}, hang_up=True),
        Reply(200, text=b"<html>a proxy's page</html>"),
    ],
    ids=["too many", "unavailable", "broken", "hangs up", "not JSON"],
)
def test_what_may_pass_is_put_again_until_it_has(tmp_path: Path, fault: Reply) -> None:
    with gateway(lambda asked, before: fault if before < 2 else good(asked)) as (url, seen):
        run(url, tmp_path, lines(6))
    assert set(seen.by_content.values()) == {3}
    assert {record["response"]["status_code"] for record in records(tmp_path, RESULTS).values()} == {200}


def test_what_will_not_pass_is_put_once_and_stands(tmp_path: Path) -> None:
    with gateway(lambda *_: Reply(400, {"error": {"message": "too long"}})) as (url, seen):
        run(url, tmp_path, lines(3))
        run(url, tmp_path, lines(3))
    assert set(seen.by_content.values()) == {1}
    found = records(tmp_path, ERRORS)
    assert {(record["error"]["code"], record["error"]["message"]) for record in found.values()} == {
        ("http_400", "too long")
    }


def test_hope_is_given_up_after_so_many_attempts_and_a_later_run_tries_again(tmp_path: Path) -> None:
    with gateway(lambda *_: Reply(503)) as (url, seen):
        first = run(url, tmp_path, lines(2))
    assert seen.by_content == {"r0": 4, "r1": 4}
    assert first.counts == {"failed for now": 2}
    assert set(records(tmp_path, ERRORS)) == {"r0", "r1"}
    with gateway() as (url, _):
        second = run(url, tmp_path, lines(2))
    assert second.counts == {"answered": 2}
    assert set(records(tmp_path, RESULTS)) == {"r0", "r1"}
    assert records(tmp_path, ERRORS) == {}


def test_a_gateway_that_is_not_there_is_a_failure_for_now(tmp_path: Path) -> None:
    with gateway() as (url, _):
        pass
    assert run(url, tmp_path, lines(1)).counts == {"failed for now": 1}
    assert records(tmp_path, ERRORS)["r0"]["error"]["code"] == "no_answer"


def test_a_refused_key_ends_the_run_at_once(tmp_path: Path) -> None:
    refusing = gateway(lambda *_: Reply(401, {"error": {"message": "bad key"}}))
    with refusing as (url, seen), pytest.raises(RefusedError, match="401"):
        run(url, tmp_path, lines(1000), concurrency=2)
    assert seen.by_content.total() <= 2


def test_the_key_is_read_anew_for_each_attempt_and_written_nowhere(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-first\n", encoding="ascii")

    def behave(asked: Mapping[str, Any], before: int) -> Reply:
        key.write_text("sk-second\n", encoding="ascii")
        return good(asked) if before else Reply(503)

    with gateway(behave) as (url, seen):
        run(url, tmp_path / "out", lines(1), key=key)
    assert seen.keys == {"Bearer sk-first": 1, "Bearer sk-second": 1}
    assert "sk-" not in (tmp_path / "out" / RESULTS).read_text(encoding="utf-8")


BAD_LINES = {
    b"not json\n": "line-1",
    b"[1]\n": "line-1",
    b"\xff\xfe\n": "line-1",
    b"[" * 100_000 + b"\n": "line-1",
    line(""): "line-1",
    line("a").replace(b'"custom_id": "a"', b'"custom_id": 7'): "line-1",
    line("a", method="GET"): "a",
    line("a", url="/v1/files"): "a",
    line("a", body=[]): "a",
    line("a", body={"stream": True}): "a",
}


@pytest.mark.parametrize(("bad", "name"), BAD_LINES.items(), ids=range(len(BAD_LINES)))
def test_a_line_that_is_no_request_is_an_error_that_stands_and_stops_nobody(
    tmp_path: Path, bad: bytes, name: str
) -> None:
    with gateway() as (url, seen):
        run(url, tmp_path, [bad, b"\n", line("good")])
    assert seen.by_content == {"good": 1}
    error = records(tmp_path, ERRORS)[name]["error"]
    assert error["code"] == "invalid_request"
    assert "line 1" in error["message"]


def test_a_name_that_comes_twice_is_put_once(tmp_path: Path) -> None:
    with gateway() as (url, seen):
        batch = run(url, tmp_path, [line("a"), line("a")])
    assert seen.by_content == {"a": 1}
    assert batch.counts == {"answered": 1, "done before": 1}


@settings(max_examples=30)
@given(cut=st.integers(min_value=0, max_value=4000))
def test_a_run_that_was_cut_off_at_any_byte_is_taken_up(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """As a killed process leaves its file: whole lines, and a part of one."""
    folder = tmp_path_factory.mktemp("out")
    with gateway() as (url, _):
        run(url, folder, lines(8))
        whole = (folder / RESULTS).read_bytes()
        (folder / RESULTS).write_bytes(whole[:cut])
    standing = whole[:cut].count(b"\n")
    with gateway() as (url, seen):
        run(url, folder, lines(8))
    assert set(records(folder, RESULTS)) == {f"r{index}" for index in range(8)}
    assert seen.by_content.total() == 8 - standing


@given(
    attempt=st.integers(min_value=0, max_value=60),
    header=st.none() | st.integers(min_value=-5, max_value=10**9).map(str) | st.text(max_size=20),
)
def test_a_wait_is_never_negative_and_never_endless(attempt: int, header: str | None) -> None:
    patience = Patience()
    assert 0 <= patience.wait_seconds(attempt, header) <= LONGEST_WAIT_SECONDS + patience.first_wait_seconds


def test_a_wait_is_at_least_what_the_gateway_asks_for() -> None:
    patience = Patience(first_wait_seconds=0.5)
    assert 7 <= patience.wait_seconds(0, "7") <= 7.5
    assert 50 < patience.wait_seconds(0, formatdate(time.time() + 60, usegmt=True)) <= 60.5
    assert patience.wait_seconds(3, None) <= 4


def program(url: str, source: Path, output: Path, *more: str) -> list[str]:
    command = [sys.executable, "-m", "batch_inference", "--gateway", url, "--model", "qwen3"]
    return [*command, "--input", str(source), "--output", str(output), *more]


def start(command: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPO / "images" / "batch-inference")}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, Exit.INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_killed_program_goes_on_where_it_stopped(tmp_path: Path, sent: signal.Signals, status: int) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"".join(lines(60)))
    results = tmp_path / "out" / RESULTS
    gate = threading.Semaphore(20)

    def behave(asked: Mapping[str, Any], _: int) -> Reply:
        gate.acquire(timeout=30)
        return good(asked)

    with gateway(behave) as (url, seen):
        command = program(url, source, tmp_path / "out", "--concurrency=4")
        process = start(command)
        until(lambda: results.exists() and results.read_bytes().count(b"\n") >= 20)
        process.send_signal(sent)
        for _ in range(200):
            gate.release()
        _, said = process.communicate(timeout=30)
        assert process.returncode == status, said
        done = results.read_bytes().count(b"\n")
        assert done < 60
        again = start(command)
        _, said = again.communicate(timeout=60)
        assert again.returncode == Exit.DONE, said
    assert set(records(tmp_path / "out", RESULTS)) == {f"r{index}" for index in range(60)}
    assert f"{done} done before" in said
    # What was under way when it was stopped is asked twice, and nothing else.
    assert seen.by_content.total() <= 60 + 4 + 4


@pytest.mark.parametrize(
    ("reply", "status"),
    [(Reply(401), Exit.HOPELESS), (Reply(503), Exit.AGAIN), (Reply(400), Exit.DONE)],
    ids=["refused", "unavailable", "bad request"],
)
def test_the_exit_status_says_whether_to_start_it_again(tmp_path: Path, reply: Reply, status: Exit) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(line("a"))
    with gateway(lambda *_: reply) as (url, _):
        process = start(program(url, source, tmp_path / "out", "--attempts=1"))
        _, said = process.communicate(timeout=30)
    assert process.returncode == status, said
    assert "content" not in said


def test_an_input_that_is_not_there_is_hopeless(tmp_path: Path) -> None:
    process = start(program("http://127.0.0.1:1", tmp_path / "none.jsonl", tmp_path / "out"))
    _, said = process.communicate(timeout=30)
    assert process.returncode == Exit.HOPELESS
    assert "none.jsonl" in said
