"""A kind cluster with a registry that its nodes pull from, as kind's own script makes them; and a centre on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from aicc.paths import REPO
from infra import versions
from tests.gateway.stack import free_port
from tests.support.centre import Centre

EXAMPLE = REPO / "examples" / "Pulumi.kind.yaml"
NODE_IMAGE = os.environ.get("AICC_TEST_KIND_NODE", f"kindest/node:v{versions.KUBERNETES}")
REGISTRY_IMAGE = "registry:3"
SECONDS = 300


def lacking() -> str | None:
    """What this machine lacks for a kind cluster; None where nothing is."""
    if absent := [command for command in ("docker", "kind", "kubectl") if shutil.which(command) is None]:
        return f"{', '.join(absent)} not on PATH"
    if not _succeeds("docker", "info"):
        return "no Docker daemon answers"
    images = [image for image in (NODE_IMAGE, REGISTRY_IMAGE) if not _succeeds("docker", "image", "inspect", image)]
    return f"Docker has no image {', '.join(images)}" if images else None


class KindCentre(Centre):
    """The example's centre, on a cluster of its own."""

    command_seconds = 900
    """Pushing compresses nothing, but copies half a gigabyte."""

    def __init__(self, folder: Path, cluster: str, registry: str) -> None:
        self.cluster, self.registry = cluster, registry
        self.kubeconfig_path = folder / "kubeconfig"
        text = EXAMPLE.read_text(encoding="utf-8").replace("localhost:5001", registry)
        config = yaml.safe_load(text)["config"]["ai-compute-center:center"]
        config["cloud"] |= {"kubeconfig": str(self.kubeconfig_path), "context": f"kind-{cluster}"}
        config["tenants"].append({"name": "other", "kind": "enterprise", "group": "test:other"})
        super().__init__(folder, "kind", config)

    @property
    def kubeconfig(self) -> Path:
        """The cluster's."""
        return self.kubeconfig_path

    def images(self) -> dict[str, str]:
        """The references of the stack file as it is now, by name."""
        declared = yaml.safe_load(self.path.read_text(encoding="utf-8"))["config"]["ai-compute-center:center"]
        [model] = declared["models"]
        found = (declared["gateway"]["image"], model["image"], model["source"].removeprefix("image:"))
        return {reference.partition("@")[0].rpartition("/")[2]: reference for reference in found}

    @contextmanager
    def forwarded(self, namespace: str, service: str, port: int) -> Iterator[str]:
        """A service's address on this machine."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), "--namespace", namespace]
        command += ["port-forward", f"service/{service}", f":{port}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                first = process.stdout.readline()
                assert first.startswith("Forwarding from 127.0.0.1:"), first
                yield f"http://{first.split()[2]}"
            finally:
                process.terminate()

    def pod(self, namespace: str, name: str, program: str) -> str:
        """Run a Python program in a pod that the admission policies let in; what it printed."""
        container = {
            "name": "probe",
            "image": self.images()["gateway"],
            "command": ["python3", "-c", program],
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [container],
            },
        }
        kubectl = ["kubectl", "--kubeconfig", str(self.kubeconfig), "--namespace", namespace]
        _run(*kubectl, "create", "--filename", "-", given=json.dumps(body))
        try:
            ended = "jsonpath={.status.phase}=Succeeded"
            _run(*kubectl, "wait", f"pod/{name}", f"--for={ended}", f"--timeout={SECONDS}s")
            return _run(*kubectl, "logs", name).strip()
        finally:
            _run(*kubectl, "delete", "pod", name, "--wait=false")


@contextmanager
def kind_centre(folder: Path) -> Iterator[KindCentre]:
    """A cluster and a registry, and a centre that is not up yet."""
    name, port = f"aicc-test-{os.getpid()}", free_port()
    registry = f"{name}-registry"
    centre = KindCentre(folder, name, f"localhost:{port}")
    try:
        published = f"127.0.0.1:{port}:5000"
        _run("docker", "run", "--detach", "--publish", published, "--name", registry, REGISTRY_IMAGE)
        kubeconfig = ("--kubeconfig", str(centre.kubeconfig))
        _run("kind", "create", "cluster", "--name", name, "--image", NODE_IMAGE, *kubeconfig, "--wait", "3m")
        _run("docker", "network", "connect", "kind", registry)
        for node in _run("kind", "get", "nodes", "--name", name).split():
            home = f"/etc/containerd/certs.d/{centre.registry}"
            written = f"mkdir -p {home} && cat > {home}/hosts.toml"
            _run("docker", "exec", "-i", node, "sh", "-c", written, given=f'[host."http://{registry}:5000"]\n')
        yield centre
    finally:
        for command in (("kind", "delete", "cluster", "--name", name), ("docker", "rm", "--force", "-v", registry)):
            subprocess.run(command, check=False, capture_output=True, timeout=SECONDS)


def _run(*command: str, given: str | None = None) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
