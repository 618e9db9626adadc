"""The local KEDA of one stack: this module decides what should run, sees what does, and converges."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from aicc import paths
from aicc.kube.client import Kube
from aicc.kube.readiness import holds
from aicc.kube.transport import ApiError
from aicc.local import configuration as control_plane
from aicc.local.configuration import LOOPBACK
from aicc.local.files import write_private
from aicc.local.keda import certificates, objects
from aicc.local.keda.definitions import definitions
from aicc.local.keda.layout import ADAPTER, OPERATOR, PROGRAMS, Layout, Ports
from aicc.local.keda.network import Network, network_of
from aicc.local.node.declared import RealNodePlan
from aicc.local.programs import Program, Programs, ProgramStatus
from aicc.progress import Reporter
from aicc.stacks import Stack
from aicc.toolbox import ensure
from infra.clouds.local_paths import state_home
from infra.plan.scaling import has_keda

_FIELD_MANAGER = "aicc-local"
_WAIT_SECONDS = 60.0


def follow(stack: Stack, real: RealNodePlan | None, kube: Kube, reporter: Reporter) -> None:
    """Run KEDA in the real node's network, where the stack asks for it.

    Without a real node the gateway is simulated and counts nothing: then only KEDA's definitions are there. One that is
    wanted no more runs on until `leave`: what it scales can go only while it is there.
    """
    keda, wanted = Keda(stack.name), has_keda(stack.plan.cloud)
    if wanted and real is None:
        keda.stop()
        keda.define(kube, reporter)
        reporter.warn("nothing scales here: without a real node there is no gateway that counts requests for KEDA")
    elif wanted or keda.exists:
        keda.start(kube, network_of(stack.name, real), reporter)


def leave(stack: Stack, kube: Kube) -> None:
    """End a KEDA that the stack, as it is now, does not ask for."""
    if not has_keda(stack.plan.cloud):
        Keda(stack.name).retire(kube)


class Keda:
    """The local KEDA of one stack."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._layout = Layout((state_home() / stack).resolve() / "keda")
        self._programs = Programs(self._layout.home, PROGRAMS)
        self._control_plane = control_plane.Layout((state_home() / stack).resolve() / "control-plane")

    def start(self, kube: Kube, network: Network, reporter: Reporter) -> None:
        """Bring KEDA up in a network, or what is missing of it, and wait until the API server has its metrics.

        Raises PrerequisiteError where a program cannot be had, ClusterError where one does not start.
        """
        binaries = ensure(PROGRAMS, reporter)
        self.define(kube, reporter)
        paths.private_dir(paths.state_dir(self._stack) / "keda")
        with reporter.step("Starting KEDA", total=len(PROGRAMS)) as step:
            ports = self._ports(network)
            write_private(self._layout.kubeconfig, network.kubeconfig)
            self._launch(binaries, network, ports)
            for manifest in objects.manifests(ports.adapter, (self._layout.certificates / "ca.crt").read_bytes()):
                kube.apply(manifest, _FIELD_MANAGER)
            # Until the API server has reached the adapter.
            self._programs.wait(
                lambda: [] if _is_available(kube) else [ADAPTER],
                _WAIT_SECONDS,
                lambda _: step.update(1, detail="waiting for its metrics"),
            )
            step.update(len(PROGRAMS), detail="")

    def define(self, kube: Kube, reporter: Reporter) -> None:
        """Have the API server know KEDA's custom resources.

        Raises PrerequisiteError where the definitions cannot be had.
        """
        for definition in definitions(reporter):
            kube.apply(definition, _FIELD_MANAGER)

    def stop(self) -> None:
        """End both programs; what they need to go on is kept."""
        self._programs.kill(PROGRAMS)
        self._layout.forget_ports()

    @property
    def metrics_port(self) -> int | None:
        """Where its operator tells its metrics, in the network that it runs in; None where it does not."""
        ports = self._layout.ports()
        return ports.operator_metrics if ports else None

    @property
    def exists(self) -> bool:
        """Whether the stack has had a KEDA that it did not leave."""
        return self._layout.home.exists()

    def delete(self) -> None:
        """End both programs and remove their files; what the API server knows goes with the cluster."""
        self._programs.kill(PROGRAMS)
        shutil.rmtree(self._layout.home, ignore_errors=True)

    def retire(self, kube: Kube) -> None:
        """End a KEDA that is wanted no more, and have the API server ask for its metrics no longer."""
        if not self.exists:
            return
        with contextlib.suppress(ApiError):
            kube.delete("apiregistration.k8s.io/v1", "APIService", f"{objects.VERSION}.{objects.GROUP}")
        self.delete()

    def status(self) -> tuple[ProgramStatus, ...]:
        """Return what runs now; nothing where the stack has no KEDA, or one that was stopped."""
        if self._layout.ports() is None:
            return ()
        return self._programs.status()

    def _ports(self, network: Network) -> Ports:
        """Keep the ports of last time while both programs run where they should."""
        known, live = self._layout.ports(), self._programs.running()
        if known and len(live) == len(PROGRAMS) and all(network.holds(process.pid) for process in live.values()):
            return known
        self._programs.kill(PROGRAMS)
        return self._layout.choose_ports()

    def _launch(self, binaries: Mapping[str, Path], network: Network, ports: Ports) -> None:
        paths.private_dir(self._layout.certificates)
        if not (self._layout.certificates / "tls.crt").exists():
            certificates.issue(self._layout.certificates)
        environment = {
            "KUBECONFIG": str(self._layout.kubeconfig),
            "POD_NAMESPACE": objects.NAMESPACE,
            "WATCH_NAMESPACE": "",
            "KEDA_CLUSTER_OBJECT_NAMESPACE": objects.NAMESPACE,
        }
        self._programs.converge(
            [
                Program(name, binaries[name], tuple(arguments), environment, prefix=network.prefix)
                for name, arguments in self._commands(network, ports).items()
            ]
        )

    def _commands(self, network: Network, ports: Ports) -> Mapping[str, list[str]]:
        own = self._layout.certificates
        return {
            OPERATOR: [
                f"--metrics-bind-address={network.address}:{ports.operator_metrics}",
                f"--health-probe-bind-address={LOOPBACK}:{ports.operator_health}",
                f"--metrics-service-bind-address={LOOPBACK}:{ports.operator_service}",
                f"--cert-dir={own}",
                # What elsewhere is mounted from Secrets.
                "--enable-cert-rotation=false",
                "--enable-webhook-patching=false",
                "--enable-apiservice-patching=false",
                f"--ca-dir={own}",
            ],
            ADAPTER: [
                f"--bind-address={LOOPBACK}",
                f"--secure-port={ports.adapter}",
                f"--cert-dir={own}",
                f"--tls-cert-file={own}/tls.crt",
                f"--tls-private-key-file={own}/tls.key",
                # The API server shows the administrator's certificate when it hands a request on.
                f"--client-ca-file={self._control_plane.ca}",
                f"--authentication-kubeconfig={self._layout.kubeconfig}",
                f"--authorization-kubeconfig={self._layout.kubeconfig}",
                f"--lister-kubeconfig={self._layout.kubeconfig}",
                f"--metrics-service-address={LOOPBACK}:{ports.operator_service}",
            ],
        }


def _is_available(kube: Kube) -> bool:
    service = kube.get("apiregistration.k8s.io/v1", "APIService", f"{objects.VERSION}.{objects.GROUP}") or {}
    return holds(service, "Available")
