"""What is taken from nodes, pods and quotas, and what is not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.meter.meter import objects
from images.meter.meter.config import Config
from images.meter.meter.quantity import parse
from infra import quantity
from tests.images.meter import examples
from tests.images.meter.examples import RESOURCE


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return examples.config(tmp_path)


def requests(cpu: str, pieces: str = "0", **more: Any) -> dict[str, Any]:
    return {"name": "x", "resources": {"requests": {"cpu": cpu, RESOURCE: pieces}}, **more}


@given(st.decimals(0, 10**6, places=3), st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "Ti"]))
def test_a_quantity_is_what_the_plan_takes_it_for(number: Any, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert parse(text) == pytest.approx(float(Fraction(quantity.parse(text))), rel=1e-12)


@pytest.mark.parametrize("text", ["", "1.2.3.4x", "16 Gi", "Gi", "-"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse(text)


def test_a_node_is_of_the_pool_whose_labels_it_carries(config: Config) -> None:
    found = objects.node(examples.node("zhenwu-0000"), config)
    assert found is not None
    assert (found.pool, found.instance, found.simulated, found.ready) == ("zhenwu", "sim.zhenwu", True, True)
    assert (found.accelerators, found.cpu_cores) == (16, 159.5)
    labels = {"aicc.io/role": "system", "node.kubernetes.io/instance-type": "e2-standard-8"}
    system = objects.node(examples.node("s-0", labels), config)
    assert system is not None
    assert (system.pool, system.instance, system.simulated, system.accelerators) == (
        "system",
        "e2-standard-8",
        False,
        0,
    )


def test_a_node_of_somebody_else_is_not_the_centres(config: Config) -> None:
    assert objects.node(examples.node("other", {"team": "somebody"}), config) is None


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_that_is_not_ready_is_said_to_be(config: Config, status: str) -> None:
    found = objects.node(examples.node("zhenwu-0000", ready=status), config)
    assert found is not None
    assert not found.ready


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_holds_nothing(config: Config, phase: str) -> None:
    assert objects.pod(examples.pod("p", phase=phase), config) is None


def test_a_pod_of_no_tenant_is_the_platforms(config: Config) -> None:
    tenants = {
        namespace: objects.pod(examples.pod("p", namespace), config)
        for namespace in ("tenant-research", "kube-system", "tenant-gone")
    }
    assert {name: found.tenant for name, found in tenants.items() if found} == {
        "tenant-research": "research",
        "kube-system": "platform",
        "tenant-gone": "platform",
    }


def test_only_a_declared_model_of_the_tenant_is_a_model(config: Config) -> None:
    """Or members could make as many series as they like, and serve under another's name."""

    def model(name: str, namespace: str) -> str:
        found = objects.pod(examples.pod("p", namespace, labels={"aicc.io/model": name}), config)
        assert found is not None
        return found.model

    assert model("qwen", "tenant-research") == "qwen"
    assert model("qwen", "tenant-guests") == ""
    assert model("invented", "tenant-research") == ""


def test_requests_are_what_the_scheduler_keeps_free(config: Config) -> None:
    spec = {
        "containers": [requests("1", "2"), requests("500m", "2")],
        "initContainers": [
            requests("250m", "1", restartPolicy="Always"),  # a sidecar: it runs on beside the containers
            requests("8"),  # runs alone, but for the sidecar
        ],
        "overhead": {"cpu": "100m"},
    }
    found = objects.pod(examples.pod("p", spec=spec), config)
    assert found is not None
    assert found.cpu_cores == pytest.approx(8.35)
    assert found.accelerators == 5


def test_requests_of_the_whole_pod_take_the_place_of_its_containers(config: Config) -> None:
    spec = {"containers": [requests("1", "4")], "resources": {"requests": {"cpu": "6"}}}
    found = objects.pod(examples.pod("p", spec=spec), config)
    assert found is not None
    assert (found.cpu_cores, found.accelerators) == (6, 4)


@pytest.mark.parametrize(
    ("labels", "spec", "gang"),
    [
        ({}, {}, ""),
        ({}, {"schedulingGroup": {"podGroupName": "g"}}, "g"),
        ({"scheduling.x-k8s.io/pod-group": "g"}, {}, "g"),
        ({"pod-group.scheduling.sigs.k8s.io/name": "g"}, {}, "g"),
        ({"kueue.x-k8s.io/pod-group-name": "g"}, {}, "g"),
        ({"jobset.sigs.k8s.io/jobset-name": "g"}, {}, "g"),
        (
            {"leaderworkerset.sigs.k8s.io/name": "l", "leaderworkerset.sigs.k8s.io/group-index": "2"},
            {},
            "l-2",
        ),
    ],
)
def test_a_gang_is_named_whoever_made_it(config: Config, labels: Any, spec: Any, gang: str) -> None:
    found = objects.pod(examples.pod("p", labels=labels, spec=spec), config)
    assert found is not None
    assert found.gang == gang


def test_a_job_is_its_owner_or_the_jobset_that_it_is_of(config: Config) -> None:
    job = [{"kind": "Job", "name": "train-0"}]

    def named(labels: dict[str, str], owners: list[dict[str, str]]) -> str:
        found = objects.pod(examples.pod("p", labels=labels, owners=owners), config)
        assert found is not None
        return found.job

    assert named({}, job) == "train-0"
    assert named({"jobset.sigs.k8s.io/jobset-name": "train"}, job) == "train"
    assert named({}, [{"kind": "ReplicaSet", "name": "web"}]) == ""


def test_a_quota_is_in_the_resources_own_names(config: Config) -> None:
    amounts = {f"requests.{RESOURCE}": "32", "requests.cpu": "16", "limits.cpu": "99", "services.nodeports": "0"}
    found = objects.quota({"metadata": {"namespace": "tenant-research"}, "status": {"hard": amounts}}, config)
    assert found is not None
    assert found == ("research", {RESOURCE: 32, "cpu": 16}, {})
    assert objects.quota({"metadata": {"namespace": "kube-system"}, "status": {"hard": amounts}}, config) is None
