"""The routers as the chart starts them, finding pods as the charts label them, in a real API server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc import paths
from aicc.kube.client import Kube
from aicc.local.cluster import LocalCluster
from tests.gateway.stack import Engine, Process, call, container_args, free_port, wait_for, with_options
from tests.support.helm import Helm
from tests.support.recorder import Recorder

pytestmark = pytest.mark.cluster
NAMESPACE = "tenant-a"
GROUP = {"nodesPerReplica": 2, "leaderWorkerSet": True, "tensorParallelSize": 2, "engine": "sglang"}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        started = LocalCluster("discovery", real_node=False)
        started.start(Recorder())
        yield started
        started.delete(Recorder())


def pods(helm: Helm, model: str, addresses: Mapping[str, str], **values: Any) -> Iterator[dict[str, Any]]:
    """A ready pod of every template of a model's chart that has an address, by its component."""
    release = {"model": {"name": model, "source": "a/b"}, "accelerator": {"resource": "nvidia.com/gpu", "count": 1}}
    text = helm.template(
        paths.CHARTS / "model-server", {**release, **values}, release=f"model-{model}", namespace=NAMESPACE
    )
    for metadata in _templates(yaml.safe_load_all(text)):
        component = metadata["labels"]["app.kubernetes.io/component"]
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**metadata, "name": f"{model}-{component}", "namespace": NAMESPACE},
            # No scheduler: nothing but this test says what becomes of it.
            "spec": {"schedulerName": "none", "containers": [{"name": "engine", "image": "engine"}]},
            "status": {
                "phase": "Running",
                "podIP": addresses[component],
                "podIPs": [{"ip": addresses[component]}],
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }


def _templates(bodies: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for body in bodies:
        if body and body["kind"] == "Deployment":
            yield body["spec"]["template"]["metadata"]
        elif body and body["kind"] == "LeaderWorkerSet":
            for rank in ("leader", "worker"):
                yield body["spec"]["leaderWorkerTemplate"][f"{rank}Template"]["metadata"]


def test_each_router_finds_its_own_pods_and_no_other(cluster: LocalCluster, helm: Helm, tmp_path: Path) -> None:
    port, bootstrap_port = free_port(), free_port()
    split = {"enabled": True, "bootstrapPort": bootstrap_port}
    addresses = {
        "model-server": "127.0.0.11",
        "model-server-worker": "127.0.0.12",
        "model-server-prefill": "127.0.0.13",
        "model-server-prefill-worker": "127.0.0.14",
        "model-server-decode": "127.0.0.15",
        "model-server-decode-worker": "127.0.0.16",
    }
    with ExitStack() as stack:
        kube = stack.enter_context(Kube.from_kubeconfig(cluster.kubeconfig))
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, "test")
        wait_for(lambda: kube.get("v1", "ServiceAccount", "default", NAMESPACE), "pods can be made")
        for pod in (
            *pods(helm, "whole", addresses, **GROUP),
            *pods(helm, "apart", addresses, **GROUP, disaggregation=split),
        ):
            kube.create(pod)
            kube.patch_status("v1", "Pod", pod["metadata"]["name"], pod["status"], NAMESPACE)
        for component, half in (("", ""), ("-prefill", "prefill"), ("-decode", "decode")):
            engine = Engine.start(
                "apart" if half else "whole",
                tmp_path,
                port,
                half,
                host=addresses[f"model-server{component}"],
                bootstrap_port=bootstrap_port,
            )
            stack.callback(engine.process.stop)
        values = {"models": ["whole", "apart"], "splitModels": ["apart"], "discovery": {"port": port}}
        routers = {}
        for name in ("router", "split-router"):
            args = container_args(helm, values, "initContainers", name)
            process, routers[name] = _router(args, tmp_path / f"{name}.log", cluster.kubeconfig)
            stack.callback(process.stop)
        found = {name: lambda asked=asked: _workers(asked) for name, asked in routers.items()}
        whole = {f"http://127.0.0.11:{port}": ("regular", "whole", None)}
        halves = {
            f"http://127.0.0.13:{port}": ("prefill", "apart", bootstrap_port),
            f"http://127.0.0.15:{port}": ("decode", "apart", None),
        }
        wait_for(lambda: found["router"]() == whole, "the router has found the whole model", seconds=60)
        wait_for(lambda: found["split-router"]() == halves, "the other has found both halves", seconds=60)
        body = json.dumps({"model": "apart", "messages": [{"role": "user", "content": "hello"}]}).encode()
        headers = {"Content-Type": "application/json"}
        assert call(routers["split-router"], "POST", "/v1/chat/completions", body, headers).status == 200


def _router(args: list[str], log: Path, kubeconfig: Path) -> tuple[Process, int]:
    """A router with the chart's arguments, and its port."""
    port, priorities = free_port(), log.with_suffix(".yaml")
    priorities.write_text("classes: {}\n", encoding="utf-8")
    own = {
        "--port": str(port),
        "--prometheus-host": "127.0.0.1",
        "--prometheus-port": str(free_port()),
        "--priority-scheduler-config": str(priorities),
    }
    command = [sys.executable, "-m", "smg.launch_router", *with_options(args, own)]
    return Process.start(command, log, KUBECONFIG=str(kubeconfig)), port


def _workers(port: int) -> dict[str, tuple[str, str, int | None]]:
    workers = json.loads(call(port, "GET", "/workers").body)["workers"]
    return {one["url"]: (one["worker_type"], one["model_id"], one.get("bootstrap_port")) for one in workers}
