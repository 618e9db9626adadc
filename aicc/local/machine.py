"""Whether the pool that is this machine gets a real node, and what follows for the cluster's nodes."""

from __future__ import annotations

from aicc.kube.client import Kube
from aicc.local.node import objects
from aicc.local.node.declared import RealNodePlan, real_node
from aicc.local.node.node import RealNode
from aicc.progress import Reporter
from aicc.stacks import Stack


def wanted(stack: Stack, reporter: Reporter) -> RealNodePlan | None:
    """Return the real node that the stack is to have; None, said aloud, where this machine can have none."""
    declared = real_node(stack.plan)
    if declared is None:
        return None
    if obstacles := RealNode(stack.name).obstacles(declared.network):
        reporter.warn(f"node {declared.name} is simulated, and no container runs: {'; '.join(obstacles)}")
        return None
    return declared


def retire(stack: Stack, real: RealNodePlan | None, kube: Kube, reporter: Reporter) -> None:
    """Remove the real node of an earlier run that is wanted no more, or under another name."""
    node = RealNode(stack.name)
    status = node.status()
    if status is None or (real is not None and real.name == status.name):
        return
    node.delete(reporter)
    objects.forget(kube, status.name)


def start(stack: Stack, real: RealNodePlan | None, kube: Kube, reporter: Reporter) -> None:
    """Bring the real node up, once no simulated one has its name."""
    if real is not None:
        RealNode(stack.name).start(real, kube, reporter)
