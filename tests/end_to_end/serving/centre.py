"""A centre that serves real models from pods, shared by the tests that ask it: brought up once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from openai import APIError, OpenAI

from aicc import paths
from aicc.local.node.node import RealNode
from aicc.toolbox import ensure
from infra.config.models import Network
from tests.end_to_end.serving import deferred
from tests.support.centre import Centre, Config, eventually, small_config
from tests.support.recorder import Recorder

CHAT, EMBED = "smollm2-135m", "all-minilm-l6-v2"
TENANT = "research"
NAMESPACE = f"tenant-{TENANT}"
SCRAPE_SECONDS = 5
WATCHED = "watched"
"""A tenant that asks for nothing until its dashboards are looked at."""
ASK: list[Any] = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France?"},
]
OBSTACLES = RealNode("serving").obstacles(Network())
NEEDS_A_NODE = [
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
    config["tenants"][0]["budget"] = {"kwhPerMonth": 4000, "kgco2ePerMonth": 2500}
    config["tenants"][1]["limits"] = {"requestsPerMinute": 2}
    config["tenants"].append({"name": WATCHED, "kind": "enterprise", "group": f"test:{WATCHED}"})
    config["green"] = {"grid": "aws-eu-west-2", "profile": "great-britain", "pue": 1.2}
    config["saving"] = {"shifting": {"budgets": {TENANT: {"kwhPerDay": 1}}}}
    # Nobody waits for a scrape longer than need be.
    config["monitoring"] = {"scrapeSeconds": SCRAPE_SECONDS}
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
    deferred_at = 0.0
    """When the job that may wait was made, in seconds since 1970."""

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


@contextmanager
def serving_centre(folder: Path) -> Iterator[Serving]:
    """A centre whose two models are ready; taken down afterwards."""
    centre = Serving(folder, "serving", serving_config())
    centre.clients = {}
    try:
        centre.said = centre.run("up", "--driver", "offline").stdout
        eventually(centre.answers, "the chat model answers")
        with centre.kube() as kube:
            centre.deferred_at = deferred.create(kube, NAMESPACE)
        yield centre
    finally:
        for client in centre.clients.values():
            client.close()
        centre.run("down", expect=None)
    assert not centre.processes()
