"""Replicas of several nodes, by LeaderWorkerSet's own controller, of what the program declares; pods are simulated."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from aicc import toolbox
from aicc.kube.client import Kube
from tests.support.centre import Centre, eventually, small_config
from tests.support.lws import BUILT, controller
from tests.support.recorder import Recorder

pytestmark = [pytest.mark.cluster, BUILT]
NAMESPACE, SET = "tenant-research", "model-wide-group"
KIND = ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet")
GROUP, INDEX = "leaderworkerset.sigs.k8s.io/group-index", "leaderworkerset.sigs.k8s.io/worker-index"
SERVES = "app.kubernetes.io/component=model-server"
"""What the gateway selects engines by."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """Four simulated nodes of 16 accelerators, and the controller."""
    host = Centre(tmp_path_factory.mktemp("host"), "host", small_config())
    try:
        host.run("up", "--cluster-only")
        with host.kube() as kube, controller(kube, host.kubeconfig, tmp_path_factory.mktemp("lws")):
            yield host
    finally:
        host.run("down", expect=None)


@pytest.fixture(scope="module")
def kube(host: Centre) -> Iterator[Kube]:
    with host.kube() as connected:
        yield connected


def _image(digit: str) -> str:
    return f"registry.example.com/vllm@sha256:{digit * 64}"


@pytest.fixture(scope="module")
def guest(host: Centre, tmp_path_factory: pytest.TempPathFactory) -> Centre:
    """A centre with a model that takes all of them: two replicas of two nodes."""
    config = small_config()
    context = yaml.safe_load(host.kubeconfig.read_text(encoding="utf-8"))["current-context"]
    cloud = {"kind": "existing", "kubeconfig": str(host.kubeconfig), "context": context, "capabilities": ["lws"]}
    config["cloud"] = cloud
    node = {"cpu": 160, "memory": "1800Gi", "accelerator": "zhenwu-810e", "accelerators": 16}
    config["pools"] = [{"name": "zhenwu", "node": node, "nodes": 4}]
    config["tenants"][0]["quota"]["accelerators"] = {"zhenwu-810e": 64}
    wide, _ = config["models"]
    wide |= {"name": "wide", "parallel": {"tensor": 16, "pipeline": 2, "nodes": 2}, "image": _image("a")}
    wide |= {"replicas": {"min": 2, "max": 2}}
    config["models"] = [wide]
    guest = Centre(tmp_path_factory.mktemp("guest"), "guest", config)
    guest.run("up", "--driver", "offline")
    return guest


def _pods(kube: Kube, selector: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    """The pods by group and place in it."""
    found = kube.list("v1", "Pod", NAMESPACE, selector or "app.kubernetes.io/name=model-server")
    return {(pod["metadata"]["labels"][GROUP], pod["metadata"]["labels"][INDEX]): pod for pod in found}


def _ids(kube: Kube) -> dict[tuple[str, str], str]:
    return {place: pod["metadata"]["uid"] for place, pod in _pods(kube).items()}


def _set(kube: Kube) -> Mapping[str, Any]:
    found = kube.get(*KIND, SET, NAMESPACE)
    assert found is not None
    return found


def _whole(kube: Kube) -> bool:
    return _set(kube)["status"].get("readyReplicas") == 2 and len(_pods(kube)) == 4


def test_up_waits_until_every_pod_of_every_group_is_ready(guest: Centre, kube: Kube) -> None:
    assert _whole(kube)
    found = guest.status()
    assert found["ready"] is True
    assert [(model["ready"], model["wanted"]) for model in found["models"]] == [(2, 2)]
    [pool] = found["pools"]
    assert (pool["requested"], pool["allocatable"]) == (64, 64)


def test_the_gateway_finds_leaders_alone(guest: Centre, kube: Kube) -> None:
    assert set(_pods(kube, SERVES)) == {("0", "0"), ("1", "0")}
    assert set(_pods(kube)) == {("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")}


def test_each_pod_is_told_its_place_and_a_leader_that_is_found_before_it_is_ready(guest: Centre, kube: Kube) -> None:
    """Its engine waits for its workers, and they ask for it by name."""
    for (group, index), pod in _pods(kube).items():
        [container] = pod["spec"]["containers"]
        told = {each["name"]: each.get("value") for each in container["env"] if each["name"].startswith("LWS_")}
        assert told == {
            "LWS_LEADER_ADDRESS": f"{SET}-{group}.{SET}.{NAMESPACE}",
            "LWS_GROUP_SIZE": "2",
            "LWS_WORKER_INDEX": index,
        }
        assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == (pod["metadata"]["name"], SET)
    service = kube.get("v1", "Service", SET, NAMESPACE)
    assert service is not None, "the set has no Service of its name"
    assert (service["spec"]["clusterIP"], service["spec"]["publishNotReadyAddresses"]) == ("None", True)
    asked = kube.get("v1", "Service", "model-wide", NAMESPACE)
    assert asked is not None
    assert not asked["spec"].get("publishNotReadyAddresses")


def test_what_scales_it_counts_leaders(guest: Centre, host: Centre, kube: Kube) -> None:
    kubectl = toolbox.ensure(["kubectl"], Recorder())["kubectl"]
    path = f"/apis/{KIND[0]}/namespaces/{NAMESPACE}/leaderworkersets/{SET}/scale"
    command = [kubectl, "--kubeconfig", host.kubeconfig, "get", "--raw", path]
    scale = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (2, 2)
    assert set(_pods(kube, scale["status"]["selector"])) == {("0", "0"), ("1", "0")}


def test_a_second_up_changes_nothing(guest: Centre) -> None:
    assert guest.objects().startswith("no changes")


def test_a_group_that_loses_a_worker_is_made_anew_and_the_other_serves_on(guest: Centre, kube: Kube) -> None:
    before = _ids(kube)
    kube.delete("v1", "Pod", f"{SET}-0-1", NAMESPACE)
    eventually(lambda: not set(before.values()) & {_ids(kube).get(("0", "0")), _ids(kube).get(("0", "1"))}, "anew")
    eventually(lambda: _whole(kube), "two groups again")
    after = _ids(kube)
    assert {place for place in before if before[place] == after[place]} == {("1", "0"), ("1", "1")}


def test_a_new_version_replaces_one_group_at_a_time_in_place(guest: Centre, kube: Kube) -> None:
    """There is no accelerator for a third."""
    guest.config["models"][0]["image"] = _image("b")
    guest.save()
    ready = []
    with guest.start("up", "--driver", "offline") as process:
        assert process.stdout is not None
        while process.poll() is None:
            ready.append(_set(kube)["status"].get("readyReplicas", 0))
            assert len(_pods(kube)) <= 4
            time.sleep(0.1)
        assert process.returncode == 0, process.stdout.read()
    assert {pod["spec"]["containers"][0]["image"] for pod in _pods(kube).values()} == {_image("b")}
    assert min(ready) == 1


def test_status_says_what_a_group_waits_for(guest: Centre, kube: Kube) -> None:
    guest.config["models"][0]["replicas"] = {"min": 3, "max": 3}
    guest.config["tenants"][0]["quota"]["accelerators"] = {"zhenwu-810e": 96}
    guest.config["pools"][0]["nodes"] = 6
    guest.save()
    said = guest.run("up", "--driver", "offline", "--timeout", "20", expect=None)
    assert said.returncode != 0
    [model] = guest.status()["models"]
    assert (model["ready"], model["wanted"]) == (2, 3)
    assert "Insufficient alibabacloud.com/ppu" in model["problem"]


def test_down_leaves_nothing_of_it(guest: Centre, kube: Kube) -> None:
    guest.run("down")
    assert kube.list(*KIND) == []
    eventually(lambda: kube.get("v1", "Namespace", NAMESPACE) is None, "its namespace is gone")
