"""The example for kind, on a kind cluster: images through its registry, an answer, and network policies that hold."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from openai import APIConnectionError, APIStatusError, AuthenticationError, OpenAI

from infra import names
from tests.end_to_end.kind.cluster import KindCentre, kind_centre, lacking
from tests.support.centre import eventually

MODEL, RESEARCH, OTHER = "smollm2-135m", "tenant-research", "tenant-other"
LACKING = lacking()
pytestmark = [pytest.mark.cluster, pytest.mark.skipif(LACKING is not None, reason=f"no kind cluster: {LACKING}")]

ASK: list[Any] = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France?"},
]
# Some network plugins learn of a new pod only a moment after it runs.
CONNECT = """
import json, socket, time
time.sleep(10)
def reaches(host, port):
    try:
        with socket.create_connection((host, port), timeout=5):
            return True
    except OSError:
        return False
print(json.dumps({name: reaches(*address) for name, address in ADDRESSES.items()}))
"""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KindCentre]:
    """The example's centre, up."""
    with kind_centre(tmp_path_factory.mktemp("kind")) as centre:
        pushed = centre.run("images", "push", centre.registry).stdout.splitlines()
        assert sorted(pushed) == sorted(centre.images().values())
        centre.run("up", "--driver", "offline")
        yield centre


def _ask(centre: KindCentre, address: str, key: str) -> str | None:
    with OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0, timeout=60) as client:
        said = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=24, temperature=0)
    return said.choices[0].message.content


def _key(centre: KindCentre, tenant: str = "research") -> str:
    return centre.run("keys", "show", "--tenant", tenant).stdout.strip()


def _reaches(centre: KindCentre, namespace: str, addresses: dict[str, tuple[str, int]]) -> dict[str, bool]:
    """Which of the addresses a new pod in a namespace can connect to."""
    found: dict[str, bool] = json.loads(centre.pod(namespace, "probe", f"ADDRESSES = {addresses!r}\n{CONNECT}"))
    return found


def test_a_tenants_key_gets_an_answer_and_no_key_gets_none(centre: KindCentre) -> None:
    with centre.forwarded(names.GATEWAY_NAMESPACE, names.GATEWAY, 80) as address:
        assert "Paris" in (_ask(centre, address, _key(centre)) or "")
        with pytest.raises(AuthenticationError):
            _ask(centre, address, "sk-nobodys")
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(f"{address}/v1/models", timeout=30)  # noqa: S310  loopback
        refused.value.close()


def test_what_is_pinned_and_up_stays_as_it_is(centre: KindCentre) -> None:
    before = centre.path.read_text(encoding="utf-8")
    centre.run("images", "push", centre.registry)
    assert centre.path.read_text(encoding="utf-8") == before
    again = centre.run("up", "--driver", "offline")
    assert "objects: no changes" in again.stdout
    assert "network." not in again.stderr
    assert centre.status()["ready"] is True


def test_a_range_that_is_not_the_pods_is_said(centre: KindCentre) -> None:
    before = centre.path.read_text(encoding="utf-8")
    centre.path.write_text(before.replace("10.244.0.0/16", "10.64.0.0/14"), encoding="utf-8")
    try:
        said = centre.run("up", "--driver", "offline").stderr
    finally:
        centre.path.write_text(before, encoding="utf-8")
    assert "network.podCidr: 10.64.0.0/14 does not hold the cluster's pods, such as 10.244." in said


def test_only_who_may_reaches_the_model(centre: KindCentre) -> None:
    with centre.kube() as kube:
        [model] = kube.list("v1", "Pod", RESEARCH, "app.kubernetes.io/component=model-server")
    service = f"{names.model_release(MODEL)}.{RESEARCH}.svc"
    addresses = {
        "pod": (model["status"]["podIP"], 8000),
        "service": (service, 8000),
        "gateway": (f"{names.GATEWAY}.{names.GATEWAY_NAMESPACE}.svc", 80),
        "api": ("kubernetes.default.svc", 443),
    }
    everything, nothing = dict.fromkeys(addresses, True), dict.fromkeys(addresses, False)
    # Its own tenant does, which says that the others are not merely cut off.
    assert _reaches(centre, RESEARCH, addresses) == everything | {"api": False}
    assert _reaches(centre, OTHER, addresses) == nothing | {"gateway": True}
    assert _reaches(centre, "default", addresses) == nothing | {"gateway": True, "api": True}


def test_a_gateway_that_is_killed_comes_back(centre: KindCentre) -> None:
    with centre.kube() as kube:
        for pod in kube.list("v1", "Pod", names.GATEWAY_NAMESPACE):
            kube.delete("v1", "Pod", pod["metadata"]["name"], names.GATEWAY_NAMESPACE)
    key = _key(centre)

    def answers() -> bool:
        try:
            with centre.forwarded(names.GATEWAY_NAMESPACE, names.GATEWAY, 80) as address:
                return bool(_ask(centre, address, key))
        except (AssertionError, APIConnectionError, APIStatusError):
            return False

    eventually(answers, "the gateway answers again")


def test_down_leaves_nothing_but_the_cluster(centre: KindCentre) -> None:
    centre.run("down")
    with centre.kube() as kube:
        left = {item["metadata"]["name"] for item in kube.list("v1", "Namespace")}
    assert left == {"default", "kube-system", "kube-public", "kube-node-lease", "local-path-storage"}
