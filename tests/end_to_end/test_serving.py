"""Requests to the local centre: through the gateway with a tenant's key, answered by real models in pods.

What the gateway promises is tested one by one in tests/gateway, against an engine that fails on command; here it is the
whole way: weights from the store, through the cache, into llama.cpp's server, behind the gateway's address on loopback.
"""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import psutil
import pytest
import yaml
from openai import APIError, AuthenticationError, BadRequestError, NotFoundError, OpenAI, RateLimitError, Stream

from aicc import paths
from aicc.local.node.node import RealNode
from aicc.toolbox import ensure
from infra.config.models import Network
from tests.support.centre import Centre, Config, eventually, small_config
from tests.support.monitored import Monitored
from tests.support.recorder import Recorder

CHAT, EMBED = "smollm2-135m", "all-minilm-l6-v2"
NAMESPACE = "tenant-research"
ASK: list[Any] = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France?"},
]
LONG: list[Any] = [{"role": "user", "content": "Count from one to a thousand, in words."}]
OBSTACLES = RealNode("serving").obstacles(Network())

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(OBSTACLES), reason=f"no real node on this machine: {'; '.join(OBSTACLES)}"),
]


def serving_config() -> Config:
    """The small centre with this machine, and with the two models that `Pulumi.local.yaml` serves for real."""
    config = small_config()
    local = yaml.safe_load((paths.REPO / "Pulumi.local.yaml").read_text(encoding="utf-8"))
    declared = local["config"]["ai-compute-center:center"]
    config["pools"].append({"name": "host", "instance": "host.machine", "nodes": 1})
    config["models"] = [model for model in declared["models"] if model["name"] in {CHAT, EMBED}]
    config["tenants"][1]["limits"] = {"requestsPerMinute": 2}
    return config


class Serving(Centre):
    """A centre whose gateway answers."""

    clients: dict[str, OpenAI]

    def client(self, tenant: str = "research") -> OpenAI:
        """The official client, unchanged, with a tenant's key."""
        if tenant not in self.clients:
            key = self.run("keys", "show", "--tenant", tenant).stdout.strip()
            self.clients[tenant] = OpenAI(base_url=self.address, api_key=key, max_retries=0, timeout=60)
        return self.clients[tenant]

    @property
    def address(self) -> str:
        """The gateway's address, as `aicc up` prints it."""
        [line] = [line for line in self.said.splitlines() if line.startswith("gateway: ")]
        return line.removeprefix("gateway: ")

    said = ""
    """What `aicc up` printed."""

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl to its end; its output."""
        command = [ensure(["kubectl"], Recorder())["kubectl"], "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def metrics(self, namespace: str, label: str, port: int) -> str:
        """What the first pod with a label tells Prometheus."""
        names = self.kubectl("get", "pods", "-n", namespace, "-l", label, "-o", "name").split()
        pod = names[0].removeprefix("pod/")
        return self.kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/metrics")

    def engines(self) -> list[psutil.Process]:
        """The processes of the chat model's engine."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if "llama-server" in " ".join(process.info["cmdline"] or [])
            and CHAT in process.environ().get("LLAMA_ARG_ALIAS", "")
            and any(str(self.state) in " ".join(parent.cmdline()) for parent in process.parents())
        ]

    def answers(self) -> bool:
        """Whether the chat model does."""
        try:
            self.client().chat.completions.create(model=CHAT, messages=ASK, max_tokens=1)
        except APIError:
            return False
        return True


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A centre whose two models are ready."""
    centre = Serving(tmp_path_factory.mktemp("serving"), "serving", serving_config())
    centre.clients = {}
    try:
        centre.said = centre.run("up", "--driver", "offline").stdout
        eventually(centre.answers, "the chat model answers")
        yield centre
    finally:
        for client in centre.clients.values():
            client.close()
        centre.run("down", expect=None)
    assert not centre.processes()


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
