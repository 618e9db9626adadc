"""Spans through the real collector into the real store, and back out as docs/howto/trace-a-request.md asks for them.

VictoriaTraces is not built here, as no proxy serves it as a Go module. Where a `victoria-traces` is on PATH, it is run.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from infra.layers.telemetry import stores, traces
from infra.plan import CenterPlan
from tests.gateway.stack import Process, free_port, wait_for
from tests.telemetry.programs import Collector, folder_of, request

STORE = shutil.which("victoria-traces")
FOUND_SECONDS = 60.0
"""The store shows a span once it has been written, some seconds later."""

pytestmark = pytest.mark.skipif(STORE is None, reason="no victoria-traces is on PATH")


@pytest.fixture
def store(plan: CenterPlan, tmp_path: Path, cleanup: ExitStack) -> int:
    """The store's port."""
    [declared] = stores.of_traces(plan.traces)
    port, home = free_port(), folder_of(tmp_path, "store")
    command: list[str | Path] = [
        str(STORE),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={home / 'data'}",
        f"-retentionPeriod={declared.retention_days}d",
        "-retention.maxDiskUsagePercent=99",
        "-loggerFormat=json",
        "-envflag.enable",
        "-envflag.prefix=VM_",
    ]
    process = Process.start(command, home / "store.log")
    cleanup.callback(process.stop)
    wait_for(lambda: request(port, "GET", "/health")[0] == 200, "the store answers")
    return port


@pytest.fixture
def collector(store: int, plan: CenterPlan, tmp_path: Path, binary: Callable[[str], Path], cleanup: ExitStack) -> int:
    """The port that takes spans; the store's address is all that is changed of what it sends."""
    http = free_port()
    made = traces.configuration(plan.traces.model_copy(update={"sampling_ratio": 1.0}))
    there = made["exporters"]["otlp_http"]["traces_endpoint"]
    here = {
        "receivers": {
            "otlp": {
                "protocols": {
                    "grpc": {"endpoint": f"127.0.0.1:{free_port()}"},
                    "http": {"endpoint": f"127.0.0.1:{http}"},
                }
            }
        },
        "exporters": {
            "otlp_http": {"traces_endpoint": there.replace(stores.address(stores.TRACES), f"http://127.0.0.1:{store}")}
        },
    }
    started = Collector.start(binary("otelcol"), folder_of(tmp_path, "collector"), made, here)
    cleanup.callback(started.process.stop)
    return http


def jaeger(port: int, path: str) -> Any:
    status, body = request(port, "GET", f"/select/jaeger/api/{path}")
    assert status == 200, body
    return json.loads(body)["data"]


def attributes(**values: str) -> list[Mapping[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def test_a_trace_is_found_by_its_id_as_the_how_to_asks_for_it_without_what_was_said(store: int, collector: int) -> None:
    trace, root = secrets.token_hex(16), secrets.token_hex(8)
    now = time.time_ns()
    spans = [
        {
            "traceId": trace,
            "spanId": root if parent is None else secrets.token_hex(8),
            **({"parentSpanId": parent} if parent else {}),
            "name": name,
            "kind": 2,
            "startTimeUnixNano": str(now),
            "endTimeUnixNano": str(now + 20_000_000),
            "attributes": attributes(**{"aicc.tenant": "research", "gen_ai.prompt": "the-canary-sings"}),
        }
        for name, parent in (("POST /v1/chat/completions", None), ("route", root))
    ]
    resource = {"attributes": attributes(**{"service.name": "gate"})}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    headers = {"Content-Type": "application/json"}
    assert request(collector, "POST", "/v1/traces", headers, json.dumps(body).encode())[0] == 200

    def found() -> list[Any]:
        status, answer = request(store, "GET", f"/select/jaeger/api/traces/{trace}")
        return json.loads(answer)["data"] if status == 200 else []

    wait_for(lambda: found() and len(found()[0]["spans"]) == len(spans), "the trace is found", FOUND_SECONDS)
    [whole] = found()
    assert whole["traceID"] == trace
    assert {span["operationName"] for span in whole["spans"]} == {"POST /v1/chat/completions", "route"}
    [child] = [span for span in whole["spans"] if span["operationName"] == "route"]
    assert [(reference["refType"], reference["spanID"]) for reference in child["references"]] == [("CHILD_OF", root)]
    tags = {tag["key"]: tag["value"] for tag in child["tags"]}
    assert tags["aicc.tenant"] == "research"
    assert "the-canary-sings" not in json.dumps(whole)
    wait_for(lambda: "gate" in (jaeger(store, "services") or []), "the service is listed", FOUND_SECONDS)
