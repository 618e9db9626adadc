"""A local stack whose model is in its own store, on a control plane of its own, without a real node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from aicc.kube.client import Kube
from aicc.kubeconfigs import connect
from aicc.local.cluster import LocalCluster
from aicc.paths import REPO
from aicc.stacks import Stack, stack
from images.prefetch.prefetch import sums
from infra import names
from infra.config.load import PROJECT
from tests.support.recorder import Recorder

NAME = "weights"
CASE = REPO / "tests" / "config_cases" / "local.ok.weights-of-the-store.yaml"
FILES = {"model.gguf": b"weights", "tokenizer.json": b"{}"}


def model_folder(folder: Path) -> Path:
    """A model's files."""
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


def declared(folder: Path, digest: str) -> Stack:
    """The stack, whose model `m` declares the digest."""
    config = yaml.safe_load(CASE.read_text(encoding="utf-8"))
    [model] = config["config"][f"{PROJECT}:center"]["models"]
    model["weights"]["digest"] = digest
    path = folder / f"Pulumi.{NAME}.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return stack(str(path))


def digest_of(folder: Path) -> str:
    """As sha256sum would say."""
    return sums.digest(sums.write({path.name: sums.of_file(path) for path in folder.iterdir()}))


@contextmanager
def running(state: Path) -> Iterator[None]:
    """The stack's control plane, with state in a folder of the test's."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(state))
        environment.setenv("KUBECONFIG", str(state / "the-users-own"))
        cluster = LocalCluster(NAME, real_node=False)
        try:
            cluster.start(Recorder())
            yield
        finally:
            cluster.delete(Recorder())


def namespaces(kube: Kube, stack: Stack) -> None:
    """What the program makes before there are keys."""
    for name in (names.SYSTEM_NAMESPACE, *(cache.namespace for cache in stack.plan.caches)):
        if kube.get("v1", "Namespace", name) is None:
            kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def forget_keys(stack: Stack) -> None:
    """As a cluster is before anybody made them."""
    with connect(stack) as kube:
        kube.delete("v1", "Secret", names.OBJECT_STORE, names.SYSTEM_NAMESPACE)
        for cache in stack.plan.caches:
            kube.delete("v1", "Secret", names.OBJECT_STORE_READER, cache.namespace)
