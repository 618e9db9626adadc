"""A real node for the tests of this folder, and a tiny image to run on it: one static program that the tests build."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aicc.kube.client import Kube
from aicc.local.cluster import LocalCluster
from aicc.local.node import images
from aicc.local.node.declared import RealNodePlan
from aicc.local.node.node import RealNode
from aicc.toolbox import ensure
from aicc.toolbox.golang import find
from infra import names
from infra.config.models import Network
from tests.support.recorder import Recorder

IMAGE = "docker.io/local/probe:1"
LABELS = {names.POOL: "host", names.RUNS: names.CONTAINERS}
PLAN = RealNodePlan("host-0000", LABELS, Network())


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """What `holds` returns, once that is true of it."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, holds
        time.sleep(0.1)
    return found


@dataclass
class Centre:
    """A control plane with a real node."""

    cluster: LocalCluster
    node: RealNode
    kube: Kube
    home: Path

    @property
    def command(self) -> list[str]:
        """The command line of kubectl for this centre."""
        return [str(ensure(["kubectl"], Recorder())["kubectl"]), "--kubeconfig", str(self.cluster.kubeconfig)]

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl to its end; its output."""
        done = subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def inside(self, pod: str, *arguments: str) -> str:
        """Run the probe program in a pod; its output."""
        return self.kubectl("exec", pod, "--", "/probe", *arguments)

    def pod(self, name: str) -> dict[str, Any]:
        """Run a pod that serves HTTP, unless it runs already, and wait until it is Ready."""
        if self.kube.get("v1", "Pod", name, "default") is None:
            self.kube.create(pod_manifest(name))
        return until(lambda: self.ready(name))

    def service(self, name: str, pod: str) -> None:
        """Make a Service for a pod, on port 8000, unless it is there already."""
        self.pod(pod)
        if self.kube.get("v1", "Service", name, "default") is None:
            self.kube.create(service_manifest(name, pod))

    def ready(self, name: str) -> dict[str, Any] | None:
        """The pod, where it is Ready."""
        pod = self.kube.get("v1", "Pod", name, "default") or {}
        conditions = pod.get("status", {}).get("conditions", ())
        return pod if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions) else None

    def pid(self, part: str) -> int | None:
        """The process of a part of the node; None where it does not run."""
        status = self.node.status()
        assert status is not None
        return next(item.pid for item in status.parts if item.name == part)

    def events(self) -> list[dict[str, Any]]:
        """What the supervisor recorded."""
        return [json.loads(line) for line in (self.home / "logs" / "events.jsonl").read_text().splitlines()]


def pod_manifest(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": {
            "nodeSelector": {names.RUNS: names.CONTAINERS},
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "probe",
                    "image": IMAGE,
                    "imagePullPolicy": "Never",
                    "args": ["serve", ":80"],
                    "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1},
                    "securityContext": {
                        "runAsNonRoot": True,
                        "readOnlyRootFilesystem": True,
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                }
            ],
        },
    }


def service_manifest(name: str, pod: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": pod}, "ports": [{"port": 8000, "targetPort": 80}]},
    }


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image, built with the Go that the toolbox finds."""
    folder = tmp_path_factory.mktemp("probe")
    sources = Path(__file__).parent / "probe"
    go = find(sources, Recorder())
    subprocess.run(
        [go.command, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder / "probe"), "."],
        cwd=sources,
        env={**os.environ, **go.environment},
        check=True,
    )
    images.write_static(folder / "probe", IMAGE, folder / "probe.tar")
    return folder / "probe.tar"


def start(stack: str, state: Path) -> Centre:
    """A control plane with a real node, started or mended; skips the test where this machine can have none."""
    node = RealNode(stack)
    if obstacles := node.obstacles(PLAN.network):
        pytest.skip(f"no real node here: {'; '.join(obstacles)}")
    cluster = LocalCluster(stack)
    cluster.start(Recorder())
    kube = Kube.from_kubeconfig(cluster.kubeconfig)
    node.start(PLAN, kube, Recorder())
    return Centre(cluster, node, kube, state / "aicc" / stack / "node")


def remove(centre: Centre) -> None:
    centre.kube.close()
    centre.node.delete(Recorder())
    centre.cluster.delete(Recorder())


@pytest.fixture(scope="session")
def shared(state: Path, archive: Path) -> Iterator[Centre]:
    centre = start("real", state)
    centre.node.import_images({"probe": archive}, Recorder())
    yield centre
    remove(centre)


@pytest.fixture
def centre(shared: Centre) -> Centre:
    """The shared centre, mended where an earlier test hurt it."""
    shared.node.start(PLAN, shared.kube, Recorder())
    return shared
