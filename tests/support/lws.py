"""LeaderWorkerSet's controller beside a local control plane: the pinned program, on loopback, with its own webhooks."""

from __future__ import annotations

import base64
import copy
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from aicc import paths, toolbox
from aicc.kube.client import Kube
from aicc.local.keda import certificates
from aicc.progress import PlainReporter
from aicc.toolbox import golang
from tests.gateway.stack import Process, free_port, wait_for

PROGRAM = "lws-manager"
BUILT = pytest.mark.skipif(
    not toolbox.locate(PROGRAM),
    reason="LeaderWorkerSet's controller is not built on this machine: `make groups` builds it, and runs these tests",
)
_MANAGER = "tests"
_STARTED = '"controllerKind": "LeaderWorkerSet", "worker count"'
"""In its log; it starts once its webhooks do."""
_WEBHOOKS = {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}


@contextmanager
def controller(kube: Kube, kubeconfig: Path, folder: Path) -> Iterator[None]:
    """Run it, with its definitions and webhooks known to the API server, until the end of the block."""
    reporter = PlainReporter(Console(file=io.StringIO()))
    sources = golang.sources(paths.TOOLS / "lws", "sigs.k8s.io/lws", reporter)
    certificates.issue(folder)
    webhook, health = free_port(), free_port()
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(_configuration(folder, webhook, health)), encoding="utf-8")
    for path in sorted((sources / "config" / "crd" / "bases").glob("*.yaml")):
        kube.apply(yaml.safe_load(path.read_text(encoding="utf-8")), _MANAGER)
    command = [toolbox.ensure([PROGRAM], reporter)[PROGRAM], f"--config={config}"]
    process = Process.start(command, folder / "manager.log", KUBECONFIG=str(kubeconfig))
    authority = (folder / "ca.crt").read_bytes()
    try:
        for each in yaml.safe_load_all((sources / "config" / "webhook" / "manifests.yaml").read_text(encoding="utf-8")):
            if each["kind"] in _WEBHOOKS:
                kube.apply(_on_loopback(each, webhook, authority), _MANAGER)
        wait_for(lambda: _STARTED in process.log.read_text(), "LeaderWorkerSet's controller has started", 120)
        yield
    finally:
        process.stop()


def _configuration(folder: Path, webhook: int, health: int) -> Mapping[str, Any]:
    return {
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "webhook": {"host": "127.0.0.1", "port": webhook, "certDir": str(folder)},
        "metrics": {"bindAddress": "0"},
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
    }


def _on_loopback(configuration: Mapping[str, Any], port: int, authority: bytes) -> Mapping[str, Any]:
    """A webhook configuration as its project publishes it, with the program's address in place of a Service's."""
    own = copy.deepcopy(dict(configuration))
    own["metadata"]["name"] = f"lws-{own['metadata']['name']}"
    for webhook in own["webhooks"]:
        path = webhook["clientConfig"].pop("service")["path"]
        url, bundle = f"https://127.0.0.1:{port}{path}", base64.b64encode(authority).decode()
        webhook["clientConfig"] = {"url": url, "caBundle": bundle}
    return own
