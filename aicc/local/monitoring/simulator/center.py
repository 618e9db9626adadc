"""The simulated nodes that there are, and the pods bound to them, as the API server says: asked again and again."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aicc.errors import AiccError
from aicc.kube.client import Kube
from aicc.local.monitoring.simulator.allocation import Claim
from aicc.local.monitoring.simulator.node import Node, Pool
from infra import names, quantity

REFRESH_SECONDS = 5.0
_SHARE_OF_TIME = 0.1
"""At most this share of the time is spent on asking: of a large centre it is asked less often."""


class Center:
    """Every simulated node with accelerators, by name."""

    def __init__(self, kube: Kube, pools: Mapping[str, Pool], seed: str, clock: Callable[[], float]) -> None:
        self._kube, self._pools, self._seed, self._clock = kube, pools, seed, clock
        self._nodes: dict[str, Node] = {}
        self._stopped = threading.Event()
        self._answered = False

    @property
    def ready(self) -> bool:
        """Whether the API server has answered once."""
        return self._answered

    @property
    def nodes(self) -> Mapping[str, Node]:
        """By name."""
        return self._nodes

    def follow(self, say: Callable[[str], None]) -> None:
        """Ask until `stop`; what an API server that does not answer said last still holds."""
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                self.refresh()
            except AiccError as error:
                say(error.message)
            took = time.monotonic() - started
            self._stopped.wait(max(REFRESH_SECONDS, took / _SHARE_OF_TIME))

    def stop(self) -> None:
        """End `follow`."""
        self._stopped.set()

    def refresh(self) -> None:
        """Ask once. Raises AiccError where the API server refuses or does not answer."""
        known = self._nodes
        present = {
            name: known.get(name) or Node(name, pool, self._seed, self._clock()) for name, pool in self._simulated()
        }
        claims: dict[str, list[Claim]] = defaultdict(list)
        for pod in self._kube.list("v1", "Pod"):
            node = present.get(pod["spec"].get("nodeName", ""))
            if node and (claim := claim_of(pod, node.pool.resource)):
                claims[node.name].append(claim)
        for name, node in present.items():
            node.bind(claims[name], self._clock())
        self._nodes, self._answered = present, True

    def _simulated(self) -> Iterator[tuple[str, Pool]]:
        for node in self._kube.list("v1", "Node", label_selector=names.SIMULATED, metadata_only=True):
            pool = self._pools.get(node["metadata"]["labels"].get(names.POOL, ""))
            if pool:
                yield node["metadata"]["name"], pool


def claim_of(pod: Mapping[str, Any], resource: str) -> Claim | None:
    """Return what a pod holds of a resource; None where it holds nothing, or has ended."""
    if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
        return None
    metadata = pod["metadata"]
    for container in pod["spec"]["containers"]:
        asked = container.get("resources", {}).get("limits", {}).get(resource)
        if asked and (devices := int(quantity.parse(asked))):
            owners = {owner["kind"] for owner in metadata.get("ownerReferences", ())}
            job = "Job" in owners or "batch.kubernetes.io/job-name" in metadata.get("labels", {})
            return Claim(metadata["uid"], metadata["namespace"], metadata["name"], container["name"], devices, job)
    return None
