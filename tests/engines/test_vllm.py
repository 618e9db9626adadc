"""The real vLLM behind the real router and gate."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.charts.model_server import ModelServer
from tests.engines import tiny
from tests.engines.vllm import MODEL, NEEDS_VLLM, PATIENCE_SECONDS, is_healthy, started, values
from tests.gateway.conftest import gate, go, helm
from tests.gateway.stack import Answer, Engine, Gateway, call, free_port, running, wait_for
from tests.support.helm import Helm

__all__ = ["gate", "go", "helm"]
pytestmark = NEEDS_VLLM
LONG = " ".join(f"word{number % tiny.WORDS}" for number in range(300))
"""More than one block of any cache."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny.write(folder)
    return folder


@pytest.fixture(scope="module")
def engine(helm: Helm, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder, port = tmp_path_factory.mktemp("vllm"), free_port()
    container = ModelServer(helm).container(**values(source, "--enable-log-requests"))
    process = started(container, folder, port)
    try:
        wait_for(lambda: is_healthy(process, port), "vLLM is healthy", PATIENCE_SECONDS)
        yield Engine(MODEL, port, process)
    finally:
        process.stop()


@pytest.fixture(scope="module")
def gateway(gate: Path, helm: Helm, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    made = Gateway(tmp_path_factory.mktemp("gateway"), gate, helm, models=(MODEL,))
    with running(made, [engine]) as started:
        yield started


def _usage(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)["usage"]
    return found


def test_it_answers_and_cached_tokens_are_counted(gateway: Gateway) -> None:
    first, second = (_usage(gateway.chat(LONG, max_tokens=2, ignore_eos=True)) for _ in range(2))
    assert (first["prompt_tokens"], first["completion_tokens"]) == (300, 2)
    cached = second["prompt_tokens_details"]["cached_tokens"]
    assert 0 < cached <= 300
    assert gateway.metric('aicc_gateway_tokens_total{tenant="cloud",model="tiny",type="cached"}') == cached


def test_a_stream_ends_with_its_usage(gateway: Gateway) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    *_, usage, done = gateway.chat("word1", max_tokens=3, ignore_eos=True, **options).events()
    assert (json.loads(usage)["usage"]["completion_tokens"], done) == (3, "[DONE]")


def test_a_prompt_that_is_too_long_is_the_client_s_mistake(gateway: Gateway) -> None:
    refused = gateway.chat(" ".join(["word1"] * 1100))
    assert refused.status == 400
    assert b"1024" in refused.body


def test_it_names_its_model_as_its_label_does(engine: Engine) -> None:
    listed = json.loads(call(engine.port, "GET", "/v1/models").body)["data"]
    assert [each["id"] for each in listed] == [MODEL]


def test_metrics_are_where_monitors_look(engine: Engine) -> None:
    assert b"\nvllm:num_requests_running{" in call(engine.port, "GET", "/metrics").body


def test_what_is_asked_is_in_no_log(gateway: Gateway, engine: Engine) -> None:
    gateway.chat("word59 word60", max_tokens=1)
    log = engine.process.log.read_text()
    assert "Received request" in log
    assert "word59" not in log


def _runs(metrics: str) -> bool:
    return re.search(r"^vllm:num_requests_running\{.*\} 1\.0$", metrics, re.MULTILINE) is not None


@pytest.mark.usefixtures("gateway")
def test_running_requests_end_before_it_does(engine: Engine) -> None:
    """The last test, as nothing is left of the engine."""
    body = json.dumps({"model": MODEL, "prompt": "word1", "max_tokens": 200, "ignore_eos": True, "stream": True})
    answers: list[Answer] = []
    headers = {"Content-Type": "application/json"}
    ask = threading.Thread(
        target=lambda: answers.append(call(engine.port, "POST", "/v1/completions", body.encode(), headers))
    )
    ask.start()
    wait_for(lambda: _runs(call(engine.port, "GET", "/metrics").body.decode()), "the request runs")
    os.kill(engine.process.popen.pid, signal.SIGTERM)
    ask.join()
    assert answers[0].events()[-1] == "[DONE]"
    engine.process.popen.wait(timeout=60)
