"""Logs through the real programs: collector, store and door, told what a centre's own are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra import names
from infra.layers.telemetry import content, logs, stores
from infra.plan import CenterPlan
from tests.gateway.stack import Engine, Gateway, running, wait_for
from tests.support.helm import Helm
from tests.telemetry.programs import Collector, Pods, Store, folder_of, request

CANARY = "the-canary-sings-at-dawn"
RESEARCH, OTHER = names.log_account("research"), names.log_account("research-2")
Binary = Callable[[str], Path]


@dataclass
class Pipeline:
    """A node's files, collected into the stores."""

    plan: CenterPlan
    folder: Path
    program: Path
    cleanup: ExitStack
    kept: Mapping[str, Store]

    @property
    def pods(self) -> Pods:
        return Pods(self.folder / "pods")

    @property
    def tenants(self) -> Store:
        return self.kept[stores.LOGS]

    @property
    def platform(self) -> Store:
        return self.kept[stores.PLATFORM_LOGS]

    def collect(self) -> Collector:
        made = logs.configuration(self.plan, pods=str(self.folder / "pods"), state=str(self.folder / "state"))
        here: dict[str, Any] = {"exporters": {}}
        for name, exporter in made["exporters"].items():
            where = exporter["logs_endpoint"]
            for store, running_one in self.kept.items():
                where = where.replace(stores.address(store), f"http://127.0.0.1:{running_one.port}")
            here["exporters"][name] = {"logs_endpoint": where}
        collector = Collector.start(self.program, self.folder, made, here)
        self.cleanup.callback(collector.process.stop)
        return collector


@pytest.fixture
def pipeline(
    plan: CenterPlan, tmp_path: Path, binary: Binary, cleanup: ExitStack, kept: Mapping[str, Store]
) -> Pipeline:
    return Pipeline(plan, tmp_path, binary("otelcol"), cleanup, kept)


def test_each_tenant_s_lines_are_in_its_account_and_nowhere_else(pipeline: Pipeline) -> None:
    pipeline.pods.write("tenant-research", ["of research"], pod="model-a", container="server")
    pipeline.pods.write("tenant-research-2", ["of research-2"])
    pipeline.pods.write("aicc-gateway", ["of the gateway"])
    pipeline.pods.write("tenant-nobody", ["of no declared tenant"])
    pipeline.pods.write(names.LOG_COLLECTOR_NAMESPACE, ["of the collector"])
    pipeline.collect()
    wait_for(lambda: pipeline.tenants.texts(RESEARCH) and pipeline.tenants.texts(OTHER), "lines of both tenants")
    wait_for(lambda: len(pipeline.platform.texts(0)) == 2, "lines of the platform")
    assert pipeline.tenants.texts(RESEARCH) == {"of research"}
    assert pipeline.tenants.texts(OTHER) == {"of research-2"}
    assert pipeline.platform.texts(0) == {"of the gateway", "of no declared tenant"}
    assert pipeline.tenants.texts(0) == set()
    [line] = pipeline.tenants.lines(RESEARCH)
    kept = {key: line[key] for key in ("k8s.pod.name", "k8s.container.name", "k8s.node.name", "log.iostream")}
    assert kept == {
        "k8s.pod.name": "model-a",
        "k8s.container.name": "server",
        "k8s.node.name": "node-1",
        "log.iostream": "stdout",
    }
    assert json.loads(json.dumps(line))["_stream"].count("=") == len(logs.STREAM)


def test_a_restart_of_the_collector_repeats_no_line_and_loses_none(pipeline: Pipeline) -> None:
    pipeline.pods.write("tenant-research", [f"line {number}" for number in range(100)])
    first = pipeline.collect()
    wait_for(lambda: len(pipeline.tenants.lines(RESEARCH)) == 100, "the first lines")
    first.stop()
    pipeline.pods.write("tenant-research", [f"line {number}" for number in range(100, 150)])
    pipeline.collect()
    wait_for(lambda: len(pipeline.tenants.texts(RESEARCH)) == 150, "the later lines")
    assert len(pipeline.tenants.lines(RESEARCH)) == 150


def test_what_is_older_than_the_retention_is_not_kept(pipeline: Pipeline) -> None:
    pipeline.pods.write("tenant-research", ["too old"], pod="old", days_ago=31)
    pipeline.pods.write("tenant-research", ["old enough"], days_ago=29)
    pipeline.pods.write("aicc-gateway", ["for the platform"], days_ago=31)
    pipeline.collect()
    wait_for(lambda: pipeline.tenants.texts(RESEARCH) and pipeline.platform.texts(0), "lines of both stores")
    assert pipeline.tenants.texts(RESEARCH) == {"old enough"}
    assert pipeline.platform.texts(0) == {"for the platform"}
    dropped = request(pipeline.tenants.port, "GET", "/metrics")[1]
    assert 'vl_rows_dropped_total{reason="too_small_timestamp"} 1' in dropped


TOLD = {
    "vllm": f"INFO 11-27 Received request cmpl-1: prompt: '{CANARY}', params: SamplingParams(n=1), lora_request: None.",
    "vllm token ids": "DEBUG Request cmpl-1 details: prompt: '', prompt_token_ids: [17, 4, 99]",
    "vllm answer": f"INFO Generated response cmpl-1 (streaming complete): output: '{CANARY}', finish_reason: stop",
    "sglang": f"[2026-11-27] Receive: obj=GenerateReqInput(rid='1', text='{CANARY}', sampling_params=None)",
    "sglang answer": f"[2026-11-27] Finish: obj=GenerateReqInput(rid='1'), out={{'text': '{CANARY}'}}",
    "llama-server": f'srv log_server_r: request: {{"model":"m","messages":[{{"role":"user","content":"{CANARY}"}}]}}',
    "openai's client": f"Request options: {{'json_data': {{'prompt': '{CANARY}', 'model': 'm'}}}}",
}
HARMLESS = {
    "vllm": "INFO Received request cmpl-1: params: SamplingParams(n=1, temperature=0.0), lora_request: None.",
    "vllm, cut": "INFO Received request cmpl-1: prompt: '', params: SamplingParams(n=1), prompt_token_ids: [].",
    "vllm statistics": "INFO Engine 000: Avg prompt throughput: 5.2 tokens/s, Running: 1 reqs, Waiting: 0 reqs",
    "sglang": "[2026-11-27] Receive: obj=GenerateReqInput(rid='1', text=None, input_ids=None)",
    "llama-server": "srv  log_server_r: done request: POST /v1/chat/completions 127.0.0.1 200",
    "a tenant's": '{"level":"info","message":"input ready","prompt_tokens":12}',
}


def test_an_engine_s_line_with_content_is_withheld_and_others_stay(pipeline: Pipeline) -> None:
    pipeline.pods.write("tenant-research", [*TOLD.values(), *HARMLESS.values()])
    pipeline.collect()
    wait_for(lambda: len(pipeline.tenants.lines(RESEARCH)) == len(TOLD) + len(HARMLESS), "all lines")
    assert pipeline.tenants.texts(RESEARCH) == {content.WITHHELD, *HARMLESS.values()}
    assert len(pipeline.tenants.lines(RESEARCH, f'"{CANARY}"')) == 0
    assert len(pipeline.tenants.lines(RESEARCH, '"[withheld"')) == len(TOLD)


def test_what_was_said_to_a_model_is_in_no_log(pipeline: Pipeline, gate: Path, helm: Helm, tmp_path: Path) -> None:
    """A request through the real gateway; its programs' own output is collected as their containers' would be."""
    engine = Engine.start("tiny", tmp_path)
    try:
        with running(Gateway(folder_of(tmp_path, "gateway"), gate, helm, models=("tiny",)), [engine]) as gateway:
            assert gateway.chat(f"{CANARY} and on").status == 200
            assert gateway.chat(f"hold {CANARY}", model="unknown").status == 404
            assert (
                gateway.post("/v1/chat/completions", f'{{"model": "tiny", "messages": {CANARY}'.encode()).status == 400
            )
            assert gateway.gate is not None
            assert gateway.router is not None
            wait_for(lambda: gateway.gate and '"status":400' in gateway.gate.log.read_text(), "the access log")
            written = {"gate": gateway.gate.log.read_text(), "router": gateway.router.log.read_text()}
    finally:
        engine.process.stop()
    for container, text in written.items():
        pipeline.pods.write("aicc-gateway", text.splitlines(), pod="gateway-0", container=container)
    count = sum(len(text.splitlines()) for text in written.values())
    pipeline.collect()
    wait_for(lambda: len(pipeline.platform.lines(0)) == count, "every line")
    found = pipeline.platform.lines(0)
    assert CANARY not in json.dumps(found)
    assert content.WITHHELD not in {line["_msg"] for line in found}, "nothing had to be withheld"
    [told] = pipeline.platform.lines(0, 'k8s.container.name:=gate "request" | unpack_json | status:=200')
    assert (told["tenant"], told["model"]) == ("cloud", "tiny")
