"""Kills parts of a serving centre under load, counts what clients lost, and writes faults.md.

    python -m benchmarks.faults

A local centre of its own, with a real node, two gateway pods and two replicas of a small embedding model, gets requests
at a constant rate through the gateway's loopback address. Nothing is announced: a part's processes are sent SIGKILL, a
pod's all at once. No client repeats a request. Everything is removed at the end. Takes root, and about four minutes.
"""

from __future__ import annotations

import datetime
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from aicc.kube.client import Kube
from aicc.local.node.node import RealNode
from aicc.paths import REPO
from benchmarks.steady_load import Request, SteadyLoad
from infra import names
from tests.support.centre import Centre, eventually

RESULTS = Path(__file__).parent / "faults.md"
MODEL, TENANT = "all-minilm-l6-v2", "research"
RATE = 10.0
BEFORE_SECONDS, AFTER_SECONDS, LONGEST_SECONDS = 6.0, 8.0, 90.0
"""Of load: before a kill; after the part is ready again; and after the kill at most."""
MODELS = (names.tenant_namespace(TENANT), "app.kubernetes.io/component=model-server")
GATEWAYS = (names.GATEWAY_NAMESPACE, f"app.kubernetes.io/instance={names.GATEWAY}")
STORE = (names.SYSTEM_NAMESPACE, f"app.kubernetes.io/instance={names.OBJECT_STORE}")


@dataclass(frozen=True)
class Fault:
    """One kill, and what clients saw of it."""

    what: str
    requests: list[Request]
    killed: float
    """When, by the monotonic clock."""
    ready_seconds: float | None
    """Until the part was ready again; None: not while the load ran."""

    @property
    def lost(self) -> list[Request]:
        """Requests without their answer."""
        return [request for request in self.requests if not request.served]

    @property
    def steady_seconds(self) -> float:
        """From the kill until the last request was sent that got no answer; 0 where all that were sent since did."""
        return max((request.sent - self.killed for request in self.lost if request.sent > self.killed), default=0.0)

    @property
    def in_flight(self) -> int:
        """Requests that were under way at the moment of the kill."""
        return sum(request.sent < self.killed < request.ended for request in self.requests)

    def slowest(self, *, before: bool) -> float:
        """The longest time to an answer, in seconds: of requests that ended before the kill, or of the others."""
        return max(
            (one.seconds for one in self.requests if one.served and (one.ended < self.killed) == before), default=0
        )

    def row(self) -> str:
        """The line of the table."""
        ready = "not in this run" if self.ready_seconds is None else f"{self.ready_seconds:.1f} s"
        figures = [
            str(len(self.requests)),
            str(self.in_flight),
            str(len(self.lost)),
            f"{self.steady_seconds:.2f} s",
            ready,
        ]
        slowest = [f"{self.slowest(before=before):.2f} s" for before in (True, False)]
        return f"| {' | '.join([self.what, *figures, *slowest])} |"

    def losses(self) -> list[str]:
        """A line for each way in which requests were lost: how many, when they were sent, and why."""
        kinds = Counter((request.sent < self.killed, request.outcome) for request in self.lost)
        return [
            f"- {self.what}: {count} × {explained(kind[1], under_way=kind[0])}"
            for kind, count in sorted(kinds.items(), reverse=True)
        ]


def explained(outcome: str, *, under_way: bool) -> str:
    """Say of a lost request what its client saw and why; what is not known to happen is said to be so."""
    if under_way and outcome == "connection closed":
        return "`connection closed`, sent before the kill: the pod that died had them in hand."
    reasons = {
        "connection closed": "no pod of the Service took the connection in the time for which it is dialled again, "
        "or one that was dying had taken it.",
        "502 engine_stopped": "the replica that died had them in hand, and they cannot be given to another.",
        "503 model_unavailable": "no replica was ready for as long as the gateway holds a request.",
        "503 router_unavailable": "the gate of the pod that died outlived its router by a moment.",
    }
    when = "before" if under_way else "after"
    return f"`{outcome}`, sent {when} the kill: {reasons.get(outcome, 'not explained.')}"


@dataclass(frozen=True)
class Pod:
    """A pod that is ready."""

    uid: str
    containers: frozenset[str]

    def processes(self) -> list[psutil.Process]:
        """Everything that runs in it, its pause process included, found by its control group."""
        return [process for process in psutil.process_iter() if f"pod{self.uid}" in control_groups(process)]

    def cpu_seconds(self) -> float:
        """What its processes have used."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes())


def control_groups(process: psutil.Process) -> str:
    """The kernel's list of a process' control groups; nothing where it is gone."""
    try:
        return Path(f"/proc/{process.pid}/cgroup").read_text()
    except OSError:
        return ""


class Serving:
    """The centre under load."""

    def __init__(self, centre: Centre, kube: Kube) -> None:
        self._kube = kube
        self._node = RealNode(centre.name)
        self._endpoint = f"{self._node.publish(names.GATEWAY_NAMESPACE, names.GATEWAY, 80)}/v1"
        self._key = centre.run("keys", "show", "--tenant", TENANT).stdout.strip()

    def pods(self, where: tuple[str, str]) -> list[Pod]:
        """The pods there that are ready, as the API server knows them."""
        found = self._kube.list("v1", "Pod", *where)
        return [Pod(pod["metadata"]["uid"], containers(pod["status"])) for pod in found if is_ready(pod["status"])]

    def kill_pods(self, what: str, where: tuple[str, str], count: int = 1) -> Fault:
        """Kill pods, those that work hardest first."""
        alive = self.pods(where)
        idle = {pod.uid: pod.cpu_seconds() for pod in alive}
        victims: list[Pod] = []

        def aim() -> list[psutil.Process]:
            victims.extend(sorted(alive, key=lambda pod: pod.cpu_seconds() - idle[pod.uid], reverse=True)[:count])
            return [process for pod in victims for process in pod.processes()]

        def ready() -> bool:
            dead = frozenset[str]().union(*(pod.containers for pod in victims))
            return sum(not pod.containers & dead for pod in self.pods(where)) >= len(alive)

        return self._fault(what, aim, ready)

    def kill_part(self, name: str) -> Fault:
        """Kill a process of the node."""
        before = self._part(name)

        def aim() -> list[psutil.Process]:
            return [psutil.Process(before.pid)]

        def ready() -> bool:
            now = self._part(name)
            return bool(now.ready and now.starts > before.starts)

        return self._fault(name, aim, ready)

    def _part(self, name: str) -> Any:
        status = self._node.status()
        return next(part for part in status.parts if part.name == name) if status else None

    def _fault(self, what: str, aim: Callable[[], list[psutil.Process]], ready: Callable[[], bool]) -> Fault:
        """Load, kill, wait until the part is ready, load a while longer."""
        load = SteadyLoad(self._endpoint, self._key, MODEL, RATE)
        load.start()
        try:
            time.sleep(BEFORE_SECONDS)
            victims = aim()
            killed = time.monotonic()
            for process in victims:
                process.kill()
            while not (is_back := ready()) and time.monotonic() - killed < LONGEST_SECONDS:
                time.sleep(0.05)
            took = time.monotonic() - killed
            time.sleep(AFTER_SECONDS)
        finally:
            requests = load.stop()
        fault = Fault(what, requests, killed, took if is_back else None)
        print("\n".join([fault.row(), *fault.losses()]), flush=True)
        return fault


def is_ready(status: dict[str, Any]) -> bool:
    """Whether a pod's status says Ready."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", ()))


def containers(status: dict[str, Any]) -> frozenset[str]:
    """The containers of a pod that run, sidecars included."""
    kept = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    return frozenset(one["containerID"] for one in kept if "running" in one["state"])


def config() -> dict[str, Any]:
    """The stack: the model as the local stack declares it, twice, and two gateway pods."""
    local = yaml.safe_load((REPO / "Pulumi.local.yaml").read_text())["config"]["ai-compute-center:center"]
    [model] = [one for one in local["models"] if one["name"] == MODEL]
    return {
        "name": "faults",
        "cloud": {"kind": "local"},
        "gateway": {"replicas": 2},
        "pools": [{"name": "host", "instance": "host.machine", "nodes": 1}],
        "tenants": [{"name": TENANT, "kind": "research", "group": "jinshan:research"}],
        "models": [{**model, "replicas": {"min": 2, "max": 2}}],
    }


def page(faults: list[Fault], load: str) -> str:
    """The results."""
    machine = f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, Linux {platform.release()}"
    day = datetime.datetime.now(datetime.UTC).date()
    losses = [line for fault in faults for line in fault.losses()]
    return "\n".join(
        [
            "# Parts killed under load",
            "",
            f"Written by `python -m benchmarks.faults` on {day}: {machine}.",
            f"Load average before and after: {load}. {RATE:.0f} requests/s for embeddings ({MODEL}) through the",
            "gateway's loopback address, each on a connection of its own, none repeated by its client. Two gateway",
            "pods and two replicas on one node; what is killed gets SIGKILL without notice, a pod all its processes.",
            "",
            "- **under way**: requests at the moment of the kill. **lost**: those that got no answer.",
            "- **lost until**: from the kill until the last lost one was sent; from then on each was answered.",
            "- **ready after**: from the kill until the API server (of a pod) or the supervisor (of a part) says so.",
            "",
            "| killed | requests | under way | lost | lost until | ready after | slowest before | slowest after |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
            *(fault.row() for fault in faults),
            "",
            "## What was lost, and why",
            "",
            *(losses or ["Nothing."]),
            "",
        ]
    )


def measure(serving: Serving) -> list[Fault]:
    """Each fault in turn; the two that leave nobody to answer come last."""
    return [
        serving.kill_pods("one of two gateway pods", GATEWAYS),
        serving.kill_pods("one of two model pods", MODELS),
        serving.kill_part("containerd"),
        serving.kill_part("kubelet"),
        serving.kill_pods("the object store's pod", STORE),
        serving.kill_pods("both gateway pods", GATEWAYS, count=2),
        serving.kill_pods("both model pods", MODELS, count=2),
    ]


def main() -> None:
    """Measure, write the results, and leave nothing behind."""
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        centre = Centre(Path(folder), "faults", config())
        os.environ["XDG_STATE_HOME"] = str(centre.state)
        try:
            centre.run("up", "--driver", "offline")
            with centre.kube() as kube:
                faults = measure(Serving(centre, kube))
        finally:
            centre.run("down", expect=None)
        eventually(lambda: not centre.processes(), "every process is gone")
    RESULTS.write_text(page(faults, f"{before:.1f}, {os.getloadavg()[0]:.1f}"), encoding="utf-8")
    sys.stdout.write(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
