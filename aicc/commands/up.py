"""`aicc up`: the cluster where it is ours to start, its nodes, then everything that the program declares."""

from __future__ import annotations

import time
from dataclasses import dataclass

from aicc import capabilities, drivers, ranges, sdks
from aicc.commands import entrance
from aicc.commands.status import status
from aicc.drivers.base import Changes, Driver
from aicc.drivers.choice import Choice
from aicc.errors import NotReadyError
from aicc.kubeconfigs import connect
from aicc.lock import owned
from aicc.models.upload import supplied
from aicc.progress import Reporter
from aicc.stacks import Stack
from infra.config.clouds import ExistingCloud

_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Up:
    """What `up` did."""

    driver: Driver
    nodes: Changes | None
    """Simulated nodes; None on clusters that have their own."""
    objects: Changes


def up(stack: Stack, choice: Choice, reporter: Reporter, timeout_seconds: float) -> Up:
    """Bring the stack up, or go on with bringing it up.

    Raises AiccError subclasses; whatever was made stays, and the next run goes on from there.
    """
    driver = drivers.choose(choice, stack.name)
    reporter.note(f"driver {driver.name}: {driver.reason}")
    sdks.ensure(stack.plan.cloud.kind, reporter)
    with owned(stack.name, f"up --stack {stack.name}", reporter):
        nodes = start_cluster(stack, reporter)
        drivers.remember(driver, stack.name)
        with supplied(stack, reporter):
            objects = driver.up(stack, reporter, timeout_seconds)
        _leave(stack)
        if tenants := entrance.ensure_keys(stack):
            reporter.note(f"made the first key to the gateway of: {', '.join(tenants)}")
        _wait_for_replicas(stack, reporter, timeout_seconds)
    return Up(driver, nodes, objects)


def _leave(stack: Stack) -> None:
    """End what only objects of an earlier run needed."""
    if stack.plan.cloud.kind != "local":
        return
    from aicc.local.keda.keda import leave  # noqa: PLC0415  only local stacks pay for it

    with connect(stack) as kube:
        leave(stack, kube)


def _wait_for_replicas(stack: Stack, reporter: Reporter, timeout_seconds: float) -> None:
    """Wait for what no object's own status tells: autoscalers bring models to their least replicas only afterwards.

    Raises NotReadyError naming what is short.
    """
    deadline = time.monotonic() + timeout_seconds
    with reporter.step("Waiting for nodes and models") as step:
        while short := status(stack).short:
            if time.monotonic() > deadline:
                raise NotReadyError(
                    f"after {timeout_seconds:.0f} s not everything is ready:\n  " + "\n  ".join(short),
                    hint=f"see why: aicc status --stack {stack.name}; then run `aicc up` again",
                )
            step.update(detail=short[0])
            time.sleep(_POLL_SECONDS)


def cluster_only(stack: Stack, reporter: Reporter) -> None:
    """Start the local cluster and its nodes, for a `pulumi up` of one's own."""
    with owned(stack.name, f"up --cluster-only --stack {stack.name}", reporter):
        start_cluster(stack, reporter)


def _look_at(stack: Stack, cloud: ExistingCloud, reporter: Reporter) -> None:
    """Reach the cluster, and hold what it serves against what is declared."""
    with connect(stack) as kube:
        for line in ranges.mismatches(kube, stack.plan.network):
            reporter.note(line)
        if more := capabilities.unused(kube, cloud.capabilities):
            reporter.note(f"the cluster also serves {', '.join(more)}: named in cloud.capabilities, they are used")


def start_cluster(stack: Stack, reporter: Reporter) -> Changes | None:
    """Start the local cluster and make its nodes the plan's; None where the cluster is not ours."""
    if isinstance(stack.plan.cloud, ExistingCloud):
        _look_at(stack, stack.plan.cloud, reporter)  # said now, not after the program has run
    if stack.plan.cloud.kind != "local":
        return None
    from aicc.local import machine, nodes, scheduler, supply, volumes  # noqa: PLC0415  only local stacks pay for these
    from aicc.local.cluster import LocalCluster  # noqa: PLC0415
    from aicc.local.keda.keda import follow as follow_keda  # noqa: PLC0415
    from aicc.local.monitoring.monitoring import follow as follow_monitoring  # noqa: PLC0415
    from aicc.local.node.declared import real_node  # noqa: PLC0415
    from aicc.local.simulate import nodes_of  # noqa: PLC0415

    real = machine.wanted(stack, reporter)
    archives = supply.build(stack, reporter) if real else {}
    cidr = stack.plan.network.service_cidr
    packs = scheduler.of(stack.plan)
    LocalCluster(stack.name, service_cidr=cidr, real_node=real is not None, scheduler=packs).start(reporter)
    with connect(stack) as kube:
        machine.retire(stack, real, kube, reporter)
        made = nodes.reconcile(kube, nodes_of(stack.plan, stand_in=real is None), reporter)
        machine.start(stack, real, kube, reporter)
        supply.give(stack, archives, reporter)
        follow_keda(stack, real, kube, reporter)
        if declared := real_node(stack.plan):
            volumes.reconcile(kube, stack.name, declared.name, reporter)
    follow_monitoring(stack, real, reporter)
    return Changes(made.created, made.changed, made.unchanged, deleted=made.deleted)
