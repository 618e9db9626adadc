"""The real node of a stack: this module decides what should run, sees what does, and converges."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aicc import paths
from aicc.errors import ClusterError, NotReadyError
from aicc.kube.client import Kube
from aicc.local import configuration as control_plane
from aicc.local.files import write_private
from aicc.local.node import certificates, configuration, images, objects, publish, requirements, sandbox
from aicc.local.node.certificates import Subject
from aicc.local.node.declared import RealNodePlan
from aicc.local.node.layout import CONTAINERD_SOCKET, Layout, Specification
from aicc.local.node.parts import NAMES
from aicc.local.programs import tail
from aicc.progress import Reporter, Step
from aicc.toolbox import debian
from aicc.toolbox import ensure as ensure_tools
from infra.clouds.local_paths import state_home
from infra.config.models import Network

_WAIT_SECONDS = 120.0
_POLL_SECONDS = 0.1
_STALE_SECONDS = 15.0
"""A supervisor that has not said anything for so long says nothing about now."""


@dataclass(frozen=True)
class PartStatus:
    """One process of the node."""

    name: str
    pid: int | None
    """On this machine; None where it does not run."""
    ready: bool
    starts: int
    """How often it was started since the node was."""


@dataclass(frozen=True)
class NodeStatus:
    """The node's processes as they are now."""

    name: str
    parts: tuple[PartStatus, ...]
    published: Mapping[str, str]
    """Addresses on this machine's loopback, by Service, such as `gateway.aicc-gateway:80`."""

    @property
    def ready(self) -> bool:
        """Whether every part runs and says that it is ready."""
        return not self.waiting

    @property
    def waiting(self) -> list[str]:
        """Which parts do not run, or do not say that they are ready."""
        return [part.name for part in self.parts if not part.ready]


class RealNode:
    """The real node of one stack."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._layout = Layout((state_home() / stack).resolve() / "node")
        self._control_plane = control_plane.Layout((state_home() / stack).resolve() / "control-plane")

    def obstacles(self, network: Network) -> list[str]:
        """Return why this machine can have no real node in such a network, a phrase each."""
        ranges = (network.pod_cidr, network.service_cidr, network.node_cidr)
        six = [cidr for cidr in ranges if ipaddress.ip_network(cidr).version == 6]
        return [*requirements.obstacles(self._layout), *(f"network {cidr} is IPv6" for cidr in six)]

    def start(self, plan: RealNodePlan, kube: Kube, reporter: Reporter) -> bool:
        """Bring the node up, or what is missing of it; whether anything had to be done.

        Raises PrerequisiteError where packages or binaries cannot be had, NotReadyError where a part does not start.
        """
        debian.ensure(requirements.programs(), "a real node", reporter)
        tools = ensure_tools(requirements.TOOLS, reporter)
        objects.prepare(kube, plan.address)
        wanted, files = self._wanted(plan, tools)
        if changed := not self._runs(wanted):
            with reporter.step(f"Starting the real node {plan.name}", total=len(NAMES)) as step:
                self._launch(wanted, files, tools, kube, step)
        objects.declare(kube, plan.name, plan.labels)
        return changed

    def delete(self, reporter: Reporter) -> None:
        """End every process of the node and remove its files and control groups."""
        if not self._layout.home.exists() and sandbox.find(self._layout) is None:
            return
        with reporter.step("Removing the real node"):
            sandbox.end(self._layout)
            if self._layout.home.exists():
                shutil.rmtree(self._layout.home)

    def status(self) -> NodeStatus | None:
        """Return what runs now; None where the stack was never given a real node."""
        specification = _json(self._layout.specification)
        if not specification:
            return None
        live = sandbox.processes(self._layout)
        state = _json(self._layout.state)
        seen = state.get("parts", {}) if time.time() - state.get("time", 0) < _STALE_SECONDS else {}
        published = publish.read(self._layout.publications)
        return NodeStatus(
            name=specification["name"],
            parts=tuple(
                PartStatus(
                    name=name,
                    pid=live[name].pid if name in live else None,
                    ready=name in live and seen.get(name, {}).get("ready", False),
                    starts=seen.get(name, {}).get("starts", 0),
                )
                for name in NAMES
            ),
            published={publish.title(target): _url(port) for target, port in published.items()},
        )

    def import_images(self, archives: Mapping[str, Path], reporter: Reporter) -> None:
        """Give the node the images in archives, by name; those that it has already are not read again.

        Raises ClusterError where the node does not run or an archive is none.
        """
        ctr = self._ctr()
        have = images.present(ctr)
        absent = {name: path for name, path in archives.items() if not set(images.references(path)) <= have}
        if not absent:
            return
        with reporter.step("Importing images", total=len(absent)) as step:
            for done, (name, archive) in enumerate(absent.items()):
                step.update(done, detail=name)
                images.add(ctr, archive)
            step.update(len(absent), detail="")

    def publish(self, namespace: str, service: str, port: int) -> str:
        """Make a Service reachable on this machine alone and return its address, `http://127.0.0.1:PORT`.

        The same Service has the same port in every run. Raises ClusterError where the stack has no real node.
        """
        self._command("true")
        return _url(publish.port_of(self._layout.publications, namespace, service, port))

    def _ctr(self) -> list[str]:
        return self._command("ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io")

    def _command(self, *arguments: str) -> list[str]:
        found = sandbox.command(self._layout, *arguments)
        if found is None:
            raise ClusterError(
                f"the real node of stack {self._stack} does not run",
                hint=f"bring it up: aicc up --stack {self._stack}",
            )
        return found

    def _wanted(self, plan: RealNodePlan, tools: Mapping[str, Path]) -> tuple[Specification, dict[str, str]]:
        """Return what should run, with the configuration files."""
        ports = control_plane.read_ports(self._control_plane.applied.read_text())
        if ports is None:
            raise ClusterError("the local cluster does not run", hint=f"aicc up --stack {self._stack}")
        found = {name: str(path) for name, path in tools.items()}
        found["containerd"] = debian.which("containerd") or "containerd"
        pods = ipaddress.ip_network(plan.network.pod_cidr)
        node = Specification(
            name=plan.name,
            address=plan.address,
            pod_cidr=str(next(pods.subnets(new_prefix=24)) if pods.prefixlen < 24 else pods),
            cluster_cidr=plan.network.pod_cidr,
            service_cidr=plan.network.service_cidr,
            api_port=ports.kubeApiserverPort,
            commands=found,
            cni_plugins=requirements.cni_folder(),
            fingerprint="",
        )
        files = configuration.files(node, self._layout, images.PAUSE)
        hashed = json.dumps([asdict(node), files, self._control_plane.ca.read_text()]).encode()
        return Specification(**{**asdict(node), "fingerprint": hashlib.sha256(hashed).hexdigest()}), files

    def _runs(self, wanted: Specification) -> bool:
        status = self.status()
        return status is not None and status.ready and _json(self._layout.specification) == wanted.as_json()

    def _launch(
        self, wanted: Specification, files: Mapping[str, str], tools: Mapping[str, Path], kube: Kube, step: Step
    ) -> None:
        """Start the sandbox anew unless what runs is what is wanted, and wait until pods can be placed."""
        same = _json(self._layout.specification) == wanted.as_json()
        if not (same and sandbox.find(self._layout)):
            sandbox.end(self._layout)
            self._write(wanted, files)
            sandbox.start(self._layout)
        self._wait(wanted, tools, kube, step)

    def _write(self, wanted: Specification, files: Mapping[str, str]) -> None:
        layout = self._layout
        for folder in (layout.home, layout.configuration, layout.configuration / "cni"):
            paths.private_dir(folder)
        write_private(layout.configuration / configuration.CA, self._control_plane.ca.read_text())
        for name, text in files.items():
            write_private(layout.configuration / name, text)
        certificates.issue(
            layout.configuration,
            {
                "kubelet": Subject(f"system:node:{wanted.name}", "system:nodes"),
                "kubelet-serving": Subject(
                    f"system:node:{wanted.name}", "system:nodes", (f"IP:{wanted.address}", f"DNS:{wanted.name}")
                ),
                "kube-proxy": Subject("system:kube-proxy"),
                "coredns": Subject(configuration.DNS_USER),
            },
            self._control_plane.ca,
            self._control_plane.ca.with_name("ca.key"),
        )
        write_private(layout.specification, json.dumps(wanted.as_json(), indent=2))

    def _wait(self, wanted: Specification, tools: Mapping[str, Path], kube: Kube, step: Step) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        paused = False
        while waiting := self._waiting(wanted, kube):
            step.update(max(len(NAMES) - len(waiting), 0), detail=f"waiting for {', '.join(waiting)}")
            if not paused and "containerd" not in waiting:
                self._import_pause(tools["pause"])
                paused = True
            if time.monotonic() > deadline or not sandbox.alive(self._layout):
                late = waiting[0]
                raise NotReadyError(
                    f"{late} of the real node {wanted.name} is not ready; its log ends:\n{self._tail(late)}",
                    hint=f"the logs are in {self._layout.logs}; docs/runbooks/local-node.md says more",
                )
            time.sleep(_POLL_SECONDS)
        if not paused:
            self._import_pause(tools["pause"])
        step.update(len(NAMES), detail="")

    def _waiting(self, wanted: Specification, kube: Kube) -> list[str]:
        status = self.status()
        parts = status.waiting if status else list(NAMES)
        return parts or ([] if objects.ready(kube, wanted.name) else [f"node {wanted.name}"])

    def _import_pause(self, binary: Path) -> None:
        ctr = self._ctr()
        if images.PAUSE not in images.present(ctr):
            archive = self._layout.home / "pause.tar"
            images.write_static(binary, images.PAUSE, archive)
            images.add(ctr, archive)
            archive.unlink()

    def _tail(self, part: str) -> str:
        """Return the end of a part's log; of the supervisor's where the part has none."""
        for name in (part, "supervisor", "kubelet"):
            log = self._layout.logs / f"{name}.log"
            if log.exists() and log.read_bytes().strip():
                return tail(log)
        return "(there is no log)"


def _url(port: int) -> str:
    return f"http://{control_plane.LOOPBACK}:{port}"


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
