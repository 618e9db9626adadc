"""OpenAI's Responses, through the real router and the real gate: answered, streamed, counted, and never kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import APIError, BadRequestError, NotFoundError, OpenAI

from tests.gateway.stack import KEYS, Engine, Gateway
from tests.support.engine import WAIT_SECONDS


@pytest.fixture
def client(gateway: Gateway) -> OpenAI:
    return OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=KEYS["cloud"], max_retries=0)


def test_the_official_client_gets_one(client: OpenAI) -> None:
    answer = client.responses.create(model="tiny", input="hello")
    assert answer.output_text == "one two three four"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 9


def test_the_official_client_streams_one(client: OpenAI) -> None:
    events = list(client.responses.create(model="tiny", input="hello", stream=True))
    assert [event.type for event in events] == [
        "response.created",
        *["response.output_text.delta"] * 4,
        "response.completed",
    ]


@pytest.mark.parametrize("asked", [{}, {"store": True}, {"store": False}])
def test_no_engine_is_asked_to_keep_it(client: OpenAI, engine: Engine, asked: dict[str, Any]) -> None:
    client.responses.create(model="tiny", input="hello", **asked)
    assert engine.state()["last"]["body"]["store"] is False


@pytest.mark.parametrize(
    ("name", "value"), [("previous_response_id", "resp_1"), ("conversation", "conv_1"), ("background", True)]
)
def test_what_was_kept_cannot_be_gone_on_with(client: OpenAI, engine: Engine, name: str, value: Any) -> None:
    before = engine.state()["served"]
    with pytest.raises(BadRequestError, match=f"Answers are not kept here, so {name} cannot be used"):
        client.responses.create(model="tiny", input="hello", extra_body={name: value})
    with pytest.raises(NotFoundError):
        client.responses.retrieve("resp_1")
    assert engine.state()["served"] == before


def test_parameters_that_keep_nothing_may_be_said(client: OpenAI) -> None:
    nothing = {"previous_response_id": None, "conversation": None, "background": False}
    assert client.responses.create(model="tiny", input="hello", extra_body=nothing).status == "completed"


def test_an_engine_that_dies_mid_stream_ends_it_with_an_error(gateway: Gateway, client: OpenAI, engine: Engine) -> None:
    with pytest.raises(APIError, match="engine stopped"):
        list(client.responses.create(model="tiny", input="die now", stream=True))
    answer = gateway.post("/v1/responses", {"model": "tiny", "input": "die now", "stream": True})
    [told] = [json.loads(event) for event in answer.events() if '"error"' in event]
    assert (told["type"], told["code"]) == ("error", "engine_stopped")
    assert b"\nevent: error\n" in answer.body
    assert str(engine.port) not in answer.body.decode()


def test_its_tokens_are_counted_whatever_tools_are_named(gateway: Gateway) -> None:
    series = 'aicc_gateway_tokens_total{tenant="research",model="tiny",type="%s"}'
    kinds = ("prompt", "completion", "cached")
    before = [gateway.metric(series % kind) for kind in kinds]
    parameters = {"type": "object", "properties": {"usage": {"type": "string"}}}
    tool = {"type": "function", "name": "look_up", "parameters": parameters, "strict": False}
    asked = {"model": "tiny", "input": "hello", "tools": [tool]}
    for stream in (False, True):
        assert gateway.post("/v1/responses", asked | {"stream": stream}, "research").status == 200
    counted = [gateway.metric(series % kind) - was for kind, was in zip(kinds, before, strict=True)]
    assert counted == [10, 8, 6]


def test_its_first_token_is_not_the_word_that_it_has_begun(gateway: Gateway) -> None:
    series = 'aicc_gateway_first_byte_seconds_sum{tenant="research",model="tiny"}'
    before = gateway.metric(series)
    gateway.post("/v1/responses", {"model": "tiny", "input": "wait", "stream": True}, "research")
    assert gateway.metric(series) - before >= WAIT_SECONDS
