"""Traces of the real gateway at a real collector: the router's and the gate's spans joined, without what was said."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.config.telemetry import Traces
from infra.layers.telemetry import traces
from tests.gateway.stack import Engine, Gateway, free_port, running, wait_for
from tests.support.helm import Helm
from tests.telemetry.programs import Collector, folder_of, request

CANARY = "the-canary-sings-at-dawn"
HOLD_CONTENT = (
    "gen_ai.prompt",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.prompt.0.content",
    "gen_ai.tool.call.arguments",
    "llm.prompts.0.content",
    "input.value",
    "http.request.body",
    "traceloop.entity.input",
)
CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
Start = Callable[[float], "Receiver"]


@dataclass
class Receiver:
    """The collector, and what it would have stored."""

    collector: Collector
    grpc: int
    http: int
    file: Path

    def text(self) -> str:
        return self.file.read_text(encoding="utf-8") if self.file.exists() else ""

    def spans(self) -> list[Mapping[str, Any]]:
        found = []
        for line in self.text().splitlines():
            for resource in json.loads(line)["resourceSpans"]:
                service = attributes(resource["resource"])["service.name"]
                for scope in resource["scopeSpans"]:
                    found += [{"service": service, **span} for span in scope["spans"]]
        return found

    def send(self, *spans: Mapping[str, Any]) -> int:
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "test"}}]}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}
        return request(
            self.http, "POST", "/v1/traces", {"Content-Type": "application/json"}, json.dumps(body).encode()
        )[0]


def attributes(of: Mapping[str, Any]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in of.get("attributes", ())}


@pytest.fixture
def start(tmp_path: Path, binary: Callable[[str], Path], cleanup: ExitStack) -> Start:
    """The trace collector, keeping a share of the traces, with a file in the place of the store."""

    def started(ratio: float) -> Receiver:
        grpc, http, file = free_port(), free_port(), tmp_path / "spans.json"
        made = traces.configuration(Traces.model_construct(sampling_ratio=ratio))
        protocols = {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}
        here = {
            "receivers": {"otlp": {"protocols": protocols}},
            "exporters": {"file": {"path": str(file), "flush_interval": "100ms"}},
            "service": {"pipelines": {"traces": {"exporters": ["file"]}}},
        }
        collector = Collector.start(binary("otelcol"), tmp_path, made, here)
        cleanup.callback(collector.process.stop)
        return Receiver(collector, grpc, http, file)

    return started


@pytest.fixture
def traced(start: Start, gate: Path, helm: Helm, tmp_path: Path) -> Iterator[tuple[Gateway, Engine, Receiver]]:
    receiver = start(1)
    engine = Engine.start("tiny", tmp_path)
    values = {
        "router": {"tracesEndpoint": f"127.0.0.1:{receiver.grpc}"},
        "spansEndpoint": f"127.0.0.1:{receiver.http}",
    }
    try:
        with running(
            Gateway(folder_of(tmp_path, "gateway"), gate, helm, models=("tiny",), values=values), [engine]
        ) as gateway:
            yield gateway, engine, receiver
    finally:
        engine.process.stop()


def of_trace(receiver: Receiver, trace: str) -> dict[str, list[Mapping[str, Any]]]:
    """Spans of a trace by service."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for span in receiver.spans():
        if span["traceId"] == trace:
            found.setdefault(span["service"], []).append(span)
    return found


def test_the_gate_s_and_the_router_s_spans_are_one_trace_which_the_client_may_have_begun(
    traced: tuple[Gateway, Engine, Receiver],
) -> None:
    gateway, engine, receiver = traced
    assert gateway.gate is not None
    body = {"model": "tiny", "messages": [{"role": "user", "content": CANARY}]}
    answer = gateway.post("/v1/chat/completions", body, Traceparent=CLIENT)
    assert answer.status == 200
    trace, parent = CLIENT.split("-")[1:3]
    wait_for(lambda: len(of_trace(receiver, trace)) == 2, "spans of both", 30)
    spans = of_trace(receiver, trace)
    [own] = spans.pop("gate")
    [routed] = spans.values()
    assert own["parentSpanId"] == parent
    roots = [span for span in routed if span["parentSpanId"] == own["spanId"]]
    assert len(roots) == 1, "the router's first span hangs on the gate's"
    assert engine.state()["last"]["headers"]["traceparent"].split("-")[1] == trace
    told = attributes(own)
    assert (told["aicc.tenant"], told["gen_ai.request.model"]) == ("cloud", "tiny")
    assert (told["http.response.status_code"], told["gen_ai.usage.output_tokens"]) == ("200", "4")
    [line] = [json.loads(one) for one in gateway.gate.log.read_text().splitlines() if '"msg":"request"' in one]
    assert (line["trace"], line["id"]) == (trace, told["aicc.request.id"])
    assert CANARY not in receiver.text()


def test_a_request_without_a_trace_begins_one(traced: tuple[Gateway, Engine, Receiver]) -> None:
    gateway, _, receiver = traced
    assert gateway.gate is not None
    assert gateway.chat(CANARY).status == 200
    [line] = [json.loads(one) for one in gateway.gate.log.read_text().splitlines() if '"msg":"request"' in one]
    wait_for(lambda: len(of_trace(receiver, line["trace"])) == 2, "spans of both", 30)
    [own] = of_trace(receiver, line["trace"])["gate"]
    assert not own.get("parentSpanId")
    assert CANARY not in receiver.text()


def test_a_client_that_wants_no_trace_has_none_and_a_stranger_makes_none(
    traced: tuple[Gateway, Engine, Receiver],
) -> None:
    gateway, _, receiver = traced
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}
    unrecorded = f"{CLIENT[:-2]}00"
    assert gateway.post("/v1/chat/completions", body, Traceparent=unrecorded).status == 200
    assert gateway.post("/v1/chat/completions", body, tenant="", Traceparent=CLIENT).status == 401
    assert gateway.chat("recorded").status == 200
    wait_for(lambda: [span for span in receiver.spans() if span["service"] == "gate"], "the third's span", 30)
    trace = CLIENT.split("-")[1]
    assert [span["name"] for span in receiver.spans() if span["traceId"] == trace] == []


def test_a_collector_that_is_gone_costs_no_request(traced: tuple[Gateway, Engine, Receiver]) -> None:
    gateway, _, receiver = traced
    receiver.collector.process.stop()
    for number in range(20):
        assert gateway.chat(f"{number}").status == 200
    assert gateway.gate is not None
    wait_for(lambda: gateway.gate and '"msg":"spans","lost":true' in gateway.gate.log.read_text(), "it says so", 30)


def span(trace: str, **more: Any) -> dict[str, Any]:
    return {
        "traceId": trace,
        "spanId": secrets.token_hex(8),
        "name": "chat",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
        **more,
    }


@pytest.mark.parametrize("events", [0, 1, 2])
def test_attributes_that_hold_content_are_deleted_and_others_stay(start: Start, events: int) -> None:
    """Also of a span without events."""
    receiver = start(1)

    def told(**values: str) -> list[dict[str, Any]]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]

    said = dict.fromkeys(HOLD_CONTENT, CANARY)
    event = {"timeUnixNano": "1", "name": "gen_ai.content.prompt", "attributes": told(text=CANARY)}
    kept = {"gen_ai.request.model": "tiny", "gen_ai.usage.input_tokens": "4"}
    sent = span(secrets.token_hex(16), attributes=told(**said, **kept), events=[event] * events)
    assert receiver.send(sent) == 200
    wait_for(receiver.spans, "the span")
    [arrived] = receiver.spans()
    assert attributes(arrived) == kept
    assert CANARY not in receiver.text()


def test_a_share_of_the_traces_is_kept_each_of_them_whole(start: Start) -> None:
    receiver = start(0.5)
    ids = [secrets.token_hex(16) for _ in range(400)]
    for half in range(2):
        assert receiver.send(*(span(trace, name=f"half {half}") for trace in ids)) == 200
    last = span("f" * 32)
    assert receiver.send(last) == 200
    wait_for(lambda: len(receiver.spans()) > 200, "the spans that are kept")
    receiver.collector.stop()
    found: dict[str, int] = {}
    for one in receiver.spans():
        found[one["traceId"]] = found.get(one["traceId"], 0) + 1
    found.pop("f" * 32, None)
    assert set(found.values()) == {2}
    assert 140 < len(found) < 260, "six standard deviations around half"
