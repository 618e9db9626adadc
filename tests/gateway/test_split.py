"""A model whose prefill and decode are apart, asked of the real routers and the real gate beside a whole one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.gateway.stack import KEYS, Answer, Engine, Gateway, call, running, wait_for
from tests.support.helm import Helm

TOKENS = 'aicc_gateway_tokens_total{tenant="cloud",model="apart",type="completion"}'
BOOTSTRAP = ("bootstrap_host", "bootstrap_port", "bootstrap_room")


class Split(NamedTuple):
    """A whole model `tiny`, and `apart` in two halves."""

    gateway: Gateway
    whole: Engine
    prefill: Engine
    decode: Engine

    def chat(self, content: str = "hello", model: str = "apart", stream: bool = False) -> Answer:
        return self.gateway.chat(content, model=model, stream=stream)


@pytest.fixture(scope="module")
def split(gate: Path, helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Split]:
    folder = tmp_path_factory.mktemp("split")
    with ExitStack() as stack:
        engines = [
            Engine.start(model, folder, half=half)
            for model, half in (("tiny", ""), ("apart", "prefill"), ("apart", "decode"))
        ]
        for engine in engines:
            stack.callback(engine.process.stop)
        values = {"splitModels": ["apart"], "hold": {"seconds": 1, "queue": 2}}
        made = Gateway(folder, gate, helm, models=("tiny", "apart"), values=values)
        yield Split(stack.enter_context(running(made, engines)), *engines)


def test_a_request_is_both_halves_and_they_meet(split: Split) -> None:
    answer = split.chat("good day")
    assert (answer.status, json.loads(answer.body)["usage"]["completion_tokens"]) == (200, 4)
    asked = [half.state()["last"]["body"] for half in (split.prefill, split.decode)]
    assert [one["messages"][0]["content"] for one in asked] == ["good day"] * 2
    [place] = {tuple(one[key] for key in BOOTSTRAP) for one in asked}
    assert place[:2] == ("127.0.0.1", split.prefill.bootstrap_port)
    assert split.chat().status == 200
    assert split.decode.state()["last"]["body"]["bootstrap_room"] != place[2], "each request meets in a room of its own"


def test_a_whole_model_is_served_beside_it(split: Split) -> None:
    before = [half.state()["served"] for half in (split.prefill, split.decode)]
    assert split.chat(model="tiny").status == 200
    assert not set(BOOTSTRAP) & set(split.whole.state()["last"]["body"])
    assert [half.state()["served"] for half in (split.prefill, split.decode)] == before


def test_a_stream_comes_from_the_decoding_half_and_its_tokens_are_counted(split: Split) -> None:
    before = split.gateway.metric(TOKENS)
    answer = split.chat(stream=True)
    texts = [json.loads(event)["choices"][0]["delta"]["content"] for event in answer.events()[:-1]]
    assert (texts, answer.events()[-1]) == (["one ", "two ", "three ", "four "], "[DONE]")
    wait_for(lambda: split.gateway.metric(TOKENS) == before + 4, "the stream's tokens are counted once")


def test_a_client_that_goes_away_frees_the_decoding_half(split: Split) -> None:
    body = json.dumps({"model": "apart", "stream": True, "messages": [{"role": "user", "content": "hold"}]})
    connection = HTTPConnection("127.0.0.1", split.gateway.port, timeout=10)
    connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {KEYS['cloud']}"})
    response = connection.getresponse()
    response.read(10)
    assert split.decode.state()["running"] == 1
    response.close()
    connection.close()
    wait_for(lambda: split.decode.state()["running"] == 0, "the decoding half is free", seconds=5)
    assert split.decode.state()["abandoned"] == 1


def test_a_half_that_ends_mid_stream_ends_the_stream_with_an_error(split: Split) -> None:
    events = split.chat("die now", stream=True).events()
    assert json.loads(events[-2] if events[-1] == "[DONE]" else events[-1])["error"]["code"] == "engine_stopped"
    assert str(split.decode.port) not in "".join(events)


@pytest.mark.parametrize("missing", ["prefill", "decode"])
def test_without_one_half_a_request_is_held_then_503(split: Split, missing: str) -> None:
    halves = [split.prefill, split.decode]
    split.gateway.set_engines([split.whole, *(half for half in halves if half.half != missing)])
    try:
        wait_for(lambda: split.chat().status == 503, "the router has noticed")
        begun = time.monotonic()
        answer = split.chat()
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "model_unavailable", "5")
        assert time.monotonic() - begun >= 1, "it was held"
        assert split.chat(model="tiny").status == 200
    finally:
        split.gateway.set_engines([split.whole, *halves])
        for half in halves:
            split.gateway.wait_for(half)
    assert split.chat().status == 200


def test_a_dead_half_is_a_clean_error_at_once_and_503_later(split: Split) -> None:
    split.prefill.process.stop()
    answers = [split.chat(stream=number % 2 == 0) for number in range(4)]
    # A request may be told by the router that one half is gone, or by the other half, whichever is sooner.
    told = [(answer.status, answer.body) for answer in answers]
    assert all(b'"error"' in body for _, body in told), told
    assert not [answer for answer in answers if str(split.prefill.port).encode() in answer.body]
    wait_for(lambda: b'"model_unavailable"' in split.chat().body, "the router has noticed")
    assert split.chat(model="tiny").status == 200


def test_no_router_for_a_split_model_and_the_pod_is_not_ready(split: Split) -> None:
    assert split.gateway.split_router is not None
    split.gateway.split_router.stop()
    assert call(split.gateway.admin_port, "GET", "/readyz").status == 503
    answer = split.chat()
    assert (answer.status, answer.code) == (503, "router_unavailable")
    assert split.chat(model="tiny").status == 200, "the whole model's router goes on"
