"""What people use on the gateway, in pods of a real node: a page in a browser, and a batch of requests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.serving.centre import CHAT, NAMESPACE, NEEDS_A_NODE, TENANT, Serving
from tests.support import browser as chromium
from tests.support.centre import eventually

pytestmark = NEEDS_A_NODE

COMPLAINTS = ("Ask again in", "No replica of this model is free", "was cut off")
BATCH, CLAIM = "capitals", "batch"
BATCH_SECONDS = 180
KEY_SECONDS = 30
"""The key is made after the page, whose kubelet is told of it: by itself it looks once a minute or so."""
ANSWER_TOKENS = 48
"""How long so small a model's answer would be, is left to chance: as long as its context, now and then."""
VOLUME: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": CLAIM, "namespace": NAMESPACE},
    "spec": {
        "storageClassName": "aicc-shared",
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "1Gi"}},
    },
}


@pytest.fixture(scope="module")
def offered(serving: Serving) -> str:
    """What `aicc up` says once the stack also has a page, and a batch that waits for its input."""
    serving.config["applications"] = {
        "chat": [{"tenant": TENANT, "models": [CHAT], "answerTokens": ANSWER_TOKENS}],
        "batchInference": [
            {
                "name": BATCH,
                "tenant": TENANT,
                "model": CHAT,
                "input": {"claim": CLAIM, "path": "requests.jsonl"},
                "output": {"claim": CLAIM, "path": "answers"},
                "concurrency": 2,
                "suspended": True,
            }
        ],
    }
    serving.save()
    return serving.run("up", "--driver", "offline").stdout


def address_of_page(said: str) -> str:
    [line] = [line for line in said.splitlines() if line.startswith(f"chat page of tenant {TENANT}: ")]
    return line.rpartition(": ")[2]


def test_people_talk_to_a_real_model_on_a_page_of_this_machine(serving: Serving, offered: str) -> None:
    address = address_of_page(offered)
    assert address.startswith("http://127.0.0.1:")
    [page] = serving.status()["pages"]
    assert (page["tenant"], page["ready"], page["address"]) == (TENANT, True, address)
    eventually(lambda: has_key(serving), "the kubelet has mounted the tenant's key", seconds=KEY_SECONDS)
    before = answered(serving)
    with chromium.browser() as window:
        window.open(address)
        window.type("#chat-input", "What is the capital of France?")
        window.until(
            lambda: window.script("return document.querySelector('#chat-submit')?.disabled === false"),
            "the page does not connect",
        )
        window.type("#chat-input", "\ue007")
        # What so small a model says is left to chance; that all of it was said and shown without a complaint is not.
        eventually(lambda: answered(serving) > before, "an answer went through the gateway")
        assert not [words for words in COMPLAINTS if words in window.text]
        assert window.asked() == {address.removeprefix("http://")}


def test_a_batch_waits_for_its_input_and_then_answers_every_request(serving: Serving, offered: str) -> None:
    assert f"batch {BATCH} of tenant {TENANT}: suspended" in offered
    with serving.kube() as kube:
        kube.create(VOLUME)
        eventually(lambda: bool(volume_of(serving)), "the claim has a volume")
    folder = serving.state / "aicc" / serving.name / "volumes" / volume_of(serving)
    (folder / "requests.jsonl").write_text("".join(f"{line}\n" for line in requests()), encoding="utf-8")
    [batch] = serving.config["applications"]["batchInference"]
    batch.pop("suspended")
    serving.save()
    serving.run("up", "--driver", "offline")
    eventually(lambda: state_of_batch(serving) == "done", "the batch is done", seconds=BATCH_SECONDS)
    answers = read(folder / "answers" / "results.jsonl")
    assert {answer["custom_id"] for answer in answers} == {"fr", "de", "none"}
    by_id = {answer["custom_id"]: answer["response"] for answer in answers}
    assert {each["status_code"] for each in by_id.values()} == {200}
    assert all(each["body"]["choices"][0]["message"]["content"] for each in by_id.values())
    assert read(folder / "answers" / "errors.jsonl") == []


def has_key(serving: Serving) -> bool:
    """Whether the page's pod sees its key, without which it says that it has none."""
    look = ("exec", "-n", NAMESPACE, f"deployment/chat-{TENANT}", "--", "sh", "-c", 'test -s "$AICC_KEY_FILE"')
    try:
        serving.kubectl(*look)
    except subprocess.CalledProcessError:
        return False
    return True


def answered(serving: Serving) -> float:
    """Answers to the tenant by the model so far, as the gateway counts them."""
    text = serving.metrics("aicc-gateway", "app.kubernetes.io/name=inference-gateway", 9090)
    series = f'aicc_gateway_requests_total{{tenant="{TENANT}",model="{CHAT}",code="200"}} '
    return sum(float(line.removeprefix(series)) for line in text.splitlines() if line.startswith(series))


def requests() -> list[str]:
    asked = {"fr": "What is the capital of France?", "de": "What is the capital of Germany?", "none": "Say nothing."}
    return [
        json.dumps(
            {
                "custom_id": name,
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {"messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 24},
            }
        )
        for name, text in asked.items()
    ]


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def volume_of(serving: Serving) -> str:
    return serving.kubectl("get", "pvc", CLAIM, "-n", NAMESPACE, "-o", "jsonpath={.spec.volumeName}")


def state_of_batch(serving: Serving) -> str:
    [batch] = serving.status()["batches"]
    state: str = batch["state"]
    assert not state.startswith("failed"), state
    return state
