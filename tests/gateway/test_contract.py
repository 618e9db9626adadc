"""What a client is promised, asked of the real router and the real gate."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable

import pytest
from openai import APIError, AuthenticationError, NotFoundError, OpenAI, RateLimitError

from tests.gateway.stack import KEYS, Engine, Gateway, call, wait_for

CHAT = "/v1/chat/completions"
HELLO = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def client(gateway: Gateway) -> OpenAI:
    return OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=KEYS["cloud"], max_retries=0)


def test_the_official_client_lists_models_running_or_not(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["tiny", "asleep"]
    assert client.models.retrieve("tiny").id == "tiny"


def test_the_official_client_chats(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "hello"}])
    assert answer.choices[0].message.content == "one two three four"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 9


def test_the_official_client_streams(client: OpenAI) -> None:
    stream = client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "hello"}], stream=True)
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "one two three four "
    assert all(chunk.usage is None for chunk in chunks), "the client did not ask for the usage"


def test_a_client_that_asks_for_the_usage_of_a_stream_gets_it(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="tiny",
        messages=[{"role": "user", "content": "hello"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    last = list(stream)[-1]
    assert (last.choices, last.usage and last.usage.total_tokens) == ([], 9)


def test_the_official_client_embeds(client: OpenAI) -> None:
    answer = client.embeddings.create(model="tiny", input="hello", encoding_format="float")
    assert answer.data[0].embedding == [0.25, 0.5, 0.75]


def test_the_official_client_understands_the_errors(gateway: Gateway, client: OpenAI) -> None:
    with pytest.raises(AuthenticationError):
        client.with_options(api_key="wrong").models.list()
    with pytest.raises(NotFoundError):
        client.chat.completions.create(model="none", messages=[{"role": "user", "content": "hello"}])
    with pytest.raises(APIError, match="engine stopped"):
        list(
            client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "die now"}], stream=True)
        )


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
def test_no_key_or_a_wrong_one_is_401(gateway: Gateway, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/v1/models"), ("POST", CHAT), ("GET", "/workers")):
        answer = call(gateway.port, method, path, json.dumps(HELLO).encode(), headers)
        assert (answer.status, answer.code) == (401, "invalid_api_key")


def test_an_unknown_model_is_404(gateway: Gateway) -> None:
    answer = gateway.chat("hello", model="none")
    assert (answer.status, answer.code) == (404, "model_not_found")


@pytest.mark.parametrize(
    "path", ["/workers", "/flush_cache", "/v1/tokenizers", "/v1/responses/resp_1", "/v1/../workers"]
)
def test_nothing_of_the_router_s_own_is_served(gateway: Gateway, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        headers = {"Authorization": f"Bearer {KEYS['cloud']}"}
        assert call(gateway.port, method, path, b"{}", headers).status == 404


@pytest.mark.parametrize("body", [b"", b'{"model":', b"[]", b'{"messages": []}', b'{"model": 5}'])
def test_a_malformed_body_is_400(gateway: Gateway, body: bytes) -> None:
    assert gateway.post(CHAT, body).status == 400


def test_an_oversized_body_is_413_whether_its_size_is_told_or_not(gateway: Gateway) -> None:
    large = json.dumps(HELLO | {"user": "x" * 5000}).encode()
    assert gateway.post(CHAT, large).status == 413
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as raw:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEYS['cloud']}\r\n"
        raw.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n{len(large):x}\r\n".encode() + large + b"\r\n0\r\n\r\n")
        assert raw.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_tenant_over_its_limit_is_429_and_told_when_to_come_back(gateway: Gateway) -> None:
    answers = [gateway.chat("hello", "enterprise") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert gateway.metric('aicc_gateway_limited_total{tenant="enterprise",limit="requests"}') == 1
    client = OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=KEYS["enterprise"], max_retries=0)
    with pytest.raises(RateLimitError):
        client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "hello"}])
    assert gateway.chat("hello", "cloud").status == 200, "another tenant's limit"


def test_a_model_without_a_replica_is_503_after_a_bounded_wait_in_a_bounded_queue(gateway: Gateway) -> None:
    took: list[tuple[int, str | None, float]] = []

    def ask() -> None:
        started = time.monotonic()
        answer = gateway.chat("hello", model="asleep")
        took.append((answer.status, answer.headers.get("retry-after"), time.monotonic() - started))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(status, after) for status, after, _ in took] == [(503, "5")] * 6
    assert sum(seconds >= 1 for *_, seconds in took) == 2, "two places, for a second"
    assert gateway.metric('aicc_gateway_requests_held{model="asleep"}') == 0


def test_an_engine_that_dies_mid_stream_ends_the_stream_with_an_error(gateway: Gateway, engine: Engine) -> None:
    events = gateway.chat("die", stream=True).events()
    assert len(events) >= 3
    errors = [json.loads(event)["error"]["code"] for event in events if '"error"' in event]
    assert errors == ["engine_stopped"]
    assert str(engine.port) not in "".join(events)


def test_an_engine_s_own_error_reaches_the_client(gateway: Gateway) -> None:
    answer = gateway.chat("fail")
    assert (answer.status, json.loads(answer.body)) == (500, {"error": {"message": "asked to fail"}})


def test_a_client_that_goes_away_frees_the_engine(gateway: Gateway, engine: Engine) -> None:
    before = engine.state()["abandoned"]
    body = json.dumps(HELLO | {"stream": True, "messages": [{"role": "user", "content": "hold"}]}).encode()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as raw:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEYS['cloud']}\r\n"
        raw.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert raw.recv(64).startswith(b"HTTP/1.1 200 ")
        wait_for(lambda: engine.state()["running"] == 1, "the engine streams")
    wait_for(lambda: engine.state()["running"] == 0, "the engine is free", seconds=2)
    assert engine.state()["abandoned"] == before + 1


def test_engines_see_no_key_and_clients_no_address(gateway: Gateway, engine: Engine) -> None:
    answer = gateway.post(CHAT, HELLO, **{"X-SMG-Priority": "system", "X-Request-Id": "mine-1"})
    assert answer.status == 200
    assert KEYS["cloud"] not in json.dumps(engine.state()["last"]["headers"])
    assert answer.headers["x-request-id"] == "mine-1"
    assert [name for name in answer.headers if name.startswith("x-smg")] == []


def test_tokens_are_counted_by_tenant_and_model(gateway: Gateway) -> None:
    series = 'aicc_gateway_tokens_total{tenant="research",model="tiny",type="%s"}'
    kinds = ("prompt", "completion", "cached")
    before = [gateway.metric(series % kind) for kind in kinds]
    gateway.chat("hello", "research")
    gateway.chat("hello", "research", stream=True)
    counted = [gateway.metric(series % kind) - was for kind, was in zip(kinds, before, strict=True)]
    assert counted == [10, 8, 6]


def test_latencies_are_those_of_a_tenant_and_a_model(gateway: Gateway) -> None:
    whose = '{tenant="research",model="tiny"}'
    names = ("request_duration_seconds", "first_byte_seconds", "time_per_output_token_seconds")
    before = [gateway.metric(f"aicc_gateway_{name}_count{whose}") for name in names]
    gateway.chat("hello", "research")
    gateway.chat("hello", "research", stream=True)
    counted = [
        gateway.metric(f"aicc_gateway_{name}_count{whose}") - was for name, was in zip(names, before, strict=True)
    ]
    assert counted == [2, 1, 1], "the first byte and the time by token are of streams"
    slowest = 'aicc_gateway_time_per_output_token_seconds_bucket{tenant="research",model="tiny",le="1"}'
    assert gateway.metric(slowest) == before[2] + 1


def test_autoscaling_finds_every_declared_model_asked_or_not(gateway: Gateway) -> None:
    for series in ("requests_running", "model_active", "time_to_first_token_seconds"):
        assert gateway.has_metric(f'aicc_gateway_{series}{{model="asleep"}}')
    gateway.chat("hello", stream=True)
    assert gateway.metric('aicc_gateway_model_active{model="tiny"}') == 1
    assert gateway.metric('aicc_gateway_time_to_first_token_seconds{model="tiny"}') > 0
    assert gateway.metric('aicc_gateway_requests_running{model="tiny"}') == 0


@pytest.mark.parametrize(
    "given", ["", "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{'a' * 32}-{'b' * 16}-01"]
)
def test_a_request_without_a_usable_trace_begins_one(gateway: Gateway, engine: Engine, given: str) -> None:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}
    assert gateway.post("/v1/chat/completions", body, Traceparent=given).status == 200
    seen = engine.state()["last"]["headers"]["traceparent"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", seen)
    assert given[3:35] not in seen or not given
    assert gateway.gate is not None
    assert f'"trace":"{seen.split("-")[1]}"' in gateway.gate.log.read_text()


def test_a_client_s_trace_is_gone_on_with(gateway: Gateway, engine: Engine) -> None:
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}
    for flags in ("00", "01"):
        assert gateway.post("/v1/chat/completions", body, Traceparent=f"00-{trace}-{parent}-{flags}").status == 200
        _, seen, caller, recorded = engine.state()["last"]["headers"]["traceparent"].split("-")
        assert (seen, recorded) == (trace, flags)
        assert caller != parent


def test_the_access_log_says_who_and_never_what(gateway: Gateway) -> None:
    gateway.chat("a-secret-prompt", "research")
    assert gateway.gate is not None
    assert gateway.router is not None
    logs = gateway.gate.log.read_text() + gateway.router.log.read_text()
    assert '"tenant":"research","model":"tiny"' in logs
    assert "a-secret-prompt" not in logs
    assert [key for key in KEYS.values() if key in logs] == []


def test_limits_of_tokens_and_of_concurrency(start: Callable[..., tuple[Gateway, list[Engine]]]) -> None:
    tenants = {
        "research": {"priority": "bulk", "tokensPerMinute": 40},
        "enterprise": {"priority": "default", "concurrency": 1},
    }
    gateway, [engine] = start(tenants=tenants, models=("tiny",))
    statuses = [gateway.chat("hello", "research").status for _ in range(8)]
    # Each uses 9 tokens, and one is let in where its prompt's are left.
    assert statuses[:2] == [200, 200]
    assert statuses[-1] == 429
    holding = threading.Thread(target=gateway.chat, args=("wait", "enterprise"))
    holding.start()
    wait_for(lambda: engine.state()["running"] == 1, "the engine works")
    refused = gateway.chat("hello", "enterprise")
    holding.join()
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert gateway.chat("hello", "enterprise").status == 200
