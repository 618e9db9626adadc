"""Packing: what the scheduler is told, and the same pods on fewer nodes of a real control plane."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc.kube.client import Kube
from aicc.local import scheduler
from aicc.local.cluster import LocalCluster
from aicc.local.configuration import BINARIES, Layout, Ports, render
from aicc.local.nodes import SimulatedNode, reconcile
from tests.support.centre import eventually
from tests.support.recorder import Recorder

PPU = "alibabacloud.com/ppu"
NODES, PODS, PIECES = 8, 16, 4


def test_accelerators_come_before_cpu_and_memory() -> None:
    [profile] = yaml.safe_load(scheduler.render([PPU, "nvidia.com/gpu", PPU]))["profiles"]
    strategy = profile["pluginConfig"][0]["args"]["scoringStrategy"]
    assert strategy["type"] == "MostAllocated"
    weights = {each["name"]: each["weight"] for each in strategy["resources"]}
    assert weights == {"cpu": 1, "memory": 1, PPU: 10, "nvidia.com/gpu": 10}


def test_another_configuration_is_another_file_so_that_the_cluster_is_started_anew() -> None:
    layout = Layout(Path("/state/control-plane"))
    first, second = (layout.scheduler(scheduler.render(names)) for names in ([PPU], [PPU, "nvidia.com/gpu"]))
    assert first != second
    binaries = {tool: Path("/bin") / tool for tool in BINARIES.values()}
    text = render(layout, binaries, Ports(1, 2, 3, 4, 5, 6), "10.0.0.0/16", scheduler=first)
    assert next(iter(yaml.safe_load_all(text)))["options"]["kubeSchedulerConfig"] == str(first)


def placed(kube: Kube) -> Counter[str]:
    pods = kube.list("v1", "Pod", "default")
    return Counter(pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName"))


def pod(index: int) -> dict[str, Any]:
    resources = {"requests": {"cpu": "4", "memory": "16Gi", PPU: str(PIECES)}, "limits": {PPU: str(PIECES)}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{index}", "namespace": "default", "labels": {"app": "packed"}},
        "spec": {"containers": [{"name": "main", "image": "image", "resources": resources}]},
    }


@pytest.mark.cluster
@pytest.mark.parametrize("packs", [False, True])
def test_the_same_pods_on_fewer_nodes(state: Path, packs: bool) -> None:
    cluster = LocalCluster(
        f"packing-{packs}".lower(), real_node=False, scheduler=scheduler.render([PPU]) if packs else None
    )
    try:
        cluster.start(Recorder())
        with Kube.from_kubeconfig(cluster.kubeconfig) as kube:
            offered = {"cpu": "160", "memory": "1800Gi", PPU: "16"}
            reconcile(kube, [SimulatedNode(f"node-{index}", {}, (), offered) for index in range(NODES)], Recorder())
            for index in range(PODS):
                kube.create(pod(index))
            eventually(lambda: sum(placed(kube).values()) == PODS, "every pod has a node")
            found = placed(kube)
    finally:
        cluster.delete(Recorder())
    assert len(found) == (PODS * PIECES // 16 if packs else NODES)
