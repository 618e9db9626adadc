"""Requests to the local centre: through the gateway with a tenant's key, answered by real models in pods.

What the gateway promises is tested one by one in tests/gateway, against an engine that fails on command; here it is the
whole way: weights from the store, through the cache, into llama.cpp's server, behind the gateway's address on loopback.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest
from openai import APIError, AuthenticationError, BadRequestError, NotFoundError, RateLimitError, Stream

from tests.end_to_end.serving.centre import ASK, CHAT, EMBED, NAMESPACE, NEEDS_A_NODE, Serving
from tests.support.centre import eventually
from tests.support.monitored import Monitored

LONG: list[Any] = [{"role": "user", "content": "Count from one to a thousand, in words."}]

pytestmark = NEEDS_A_NODE


def running(serving: Serving) -> int:
    """Requests that the chat model's engine works on, as it tells Prometheus."""
    text = serving.metrics(NAMESPACE, f"aicc.io/model={CHAT}", 8000)
    [line] = [line for line in text.splitlines() if line.startswith("llamacpp:requests_processing ")]
    return int(float(line.split()[1]))


def test_up_prints_an_address_on_loopback_and_a_key(serving: Serving) -> None:
    assert serving.address.startswith("http://127.0.0.1:")
    assert "key of tenant research: aicc-" in serving.said


def test_prometheus_reads_the_real_node_its_pods_and_what_they_serve(serving: Serving) -> None:
    serving.client().chat.completions.create(model=CHAT, messages=ASK, max_tokens=4)
    prometheus = Monitored(serving.status()["monitoring"]["prometheus"])
    eventually(lambda: prometheus.wrong() == [], "every target is up, and every rule was evaluated without an error")
    targets = prometheus.targets()
    assert targets["kubelet"] == 2
    assert targets["gateway"] >= 2
    assert targets["model-server"] == 2
    assert targets["shifter"] == 1
    eventually(
        lambda: (prometheus.value('sum(aicc_gateway_tokens_total{tenant="research"})') or 0) > 0,
        "the tokens of an answer are counted",
    )
    cpu = f'count(container_cpu_usage_seconds_total{{namespace="{NAMESPACE}",container!=""}})'
    assert (prometheus.value(cpu) or 0) > 0


def test_the_official_client_lists_chats_and_streams(serving: Serving) -> None:
    client = serving.client()
    assert {model.id for model in client.models.list()} == {CHAT, EMBED}
    answer = client.chat.completions.create(model=CHAT, messages=ASK, temperature=0, max_tokens=32)
    assert "Paris" in str(answer.choices[0].message.content)
    stream = client.chat.completions.create(model=CHAT, messages=ASK, temperature=0, max_tokens=32, stream=True)
    parts = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert len(parts) > 3
    assert "".join(parts) == answer.choices[0].message.content


def test_the_official_client_gets_a_response_whole_and_streamed(serving: Serving) -> None:
    client = serving.client()
    answer = client.responses.create(model=CHAT, input=ASK, temperature=0, max_output_tokens=32)
    assert "Paris" in answer.output_text
    stream = client.responses.create(model=CHAT, input=ASK, temperature=0, max_output_tokens=32, stream=True)
    parts = [event.delta for event in stream if event.type == "response.output_text.delta"]
    assert len(parts) > 3
    assert "".join(parts) == answer.output_text


def test_embeddings_of_like_sentences_are_near(serving: Serving) -> None:
    sentences = ["A cat sits on the mat.", "A kitten rests on a rug.", "Interest rates rose by half a point."]
    made = serving.client().embeddings.create(model=EMBED, input=sentences, encoding_format="float").data
    cat, kitten, rates = (item.embedding for item in made)
    assert len(cat) == 384
    assert cosine(cat, kitten) > 0.5 > cosine(cat, rates)


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))


def test_each_mistake_has_its_status(serving: Serving) -> None:
    client = serving.client()
    with pytest.raises(AuthenticationError):
        client.with_options(api_key="aicc-none").models.list()
    with pytest.raises(NotFoundError):
        client.chat.completions.create(model="none", messages=ASK)
    with pytest.raises(BadRequestError):
        client.chat.completions.create(model=CHAT, messages="no list")  # type: ignore[call-overload]
    with pytest.raises(APIError) as oversized:
        client.embeddings.create(model=EMBED, input="x" * (64 << 20))
    assert getattr(oversized.value, "status_code", None) == 413


def test_a_tenant_over_its_limit_is_told_when_to_come_back(serving: Serving) -> None:
    client = serving.client("guests")
    for _ in range(2):
        client.embeddings.create(model=EMBED, input="hello")
    with pytest.raises(RateLimitError) as refused:
        client.embeddings.create(model=EMBED, input="hello")
    assert 1 <= int(refused.value.response.headers["retry-after"]) <= 60
    serving.client().embeddings.create(model=EMBED, input="another tenant's limit")


def test_requests_show_in_the_gateway_s_metrics_by_tenant_and_model(serving: Serving) -> None:
    serving.client().embeddings.create(model=EMBED, input="hello")
    text = serving.metrics("aicc-gateway", "app.kubernetes.io/name=inference-gateway", 9090)
    counted = f'aicc_gateway_requests_total{{tenant="research",model="{EMBED}",code="200"}}'
    assert any(line.startswith(counted) for line in text.splitlines())


def long_answer(serving: Serving) -> Stream[Any]:
    """An answer that takes many seconds; always the same one, since chance could make a short one."""
    return serving.client().chat.completions.create(
        model=CHAT, messages=LONG, temperature=0, max_tokens=1500, stream=True
    )


def test_a_client_that_leaves_frees_its_slot(serving: Serving) -> None:
    with long_answer(serving) as stream:
        next(iter(stream))
        assert running(serving) == 1
    eventually(lambda: running(serving) == 0, "the engine works on nothing", seconds=10)


def test_an_engine_killed_mid_stream_ends_the_answer_with_an_error_and_comes_back(serving: Serving) -> None:
    with long_answer(serving) as answer:
        stream = iter(answer)
        next(stream)
        [engine] = serving.engines()
        engine.kill()
        with pytest.raises(APIError, match="engine stopped"):
            list(stream)
    eventually(serving.answers, "the engine was started again", seconds=90)


def test_without_a_replica_the_answer_is_503_and_says_when_to_come_back(serving: Serving) -> None:
    deployment = ("-n", NAMESPACE, f"deployment/model-{CHAT}")
    serving.kubectl("scale", *deployment, "--replicas=0")
    # It would serve on for half a minute, for who has not heard yet that it goes.
    serving.kubectl("delete", "pod", "-n", NAMESPACE, "-l", f"aicc.io/model={CHAT}", "--grace-period=1", "--wait=false")
    try:
        eventually(lambda: not serving.engines(), "no engine runs", seconds=90)
        with pytest.raises(APIError) as refused:
            serving.client().chat.completions.create(model=CHAT, messages=ASK)
        assert getattr(refused.value, "status_code", None) == 503
        assert int(refused.value.response.headers["retry-after"]) >= 1  # type: ignore[attr-defined]
    finally:
        serving.kubectl("scale", *deployment, "--replicas=1")
    eventually(serving.answers, "the model is served again", seconds=90)


def test_a_second_up_changes_nothing_and_has_the_same_address(serving: Serving) -> None:
    again = serving.run("up", "--driver", "offline").stdout
    assert "objects: no changes" in again
    assert f"gateway: {serving.address}" in again
    plan = json.loads(serving.run("plan", "--json").stdout)
    assert serving.client().api_key not in json.dumps(plan)
