"""`aicc down`: removes everything that `up` made for a stack; the cache of binaries stays."""

from __future__ import annotations

import shutil

from aicc import drivers, paths
from aicc.drivers.base import Changes
from aicc.drivers.choice import Choice
from aicc.lock import owned
from aicc.progress import Reporter
from aicc.stacks import Stack


def down(stack: Stack, choice: Choice, reporter: Reporter, timeout_seconds: float) -> Changes | None:
    """Remove the stack's objects, or with a local stack its whole cluster; None where the cluster went as a whole."""
    with owned(stack.name, f"down --stack {stack.name}", reporter):
        if stack.plan.cloud.kind == "local":
            from aicc.local import volumes  # noqa: PLC0415
            from aicc.local.cluster import LocalCluster  # noqa: PLC0415  only local stacks pay for these
            from aicc.local.keda.keda import Keda  # noqa: PLC0415
            from aicc.local.monitoring.monitoring import Monitoring  # noqa: PLC0415
            from aicc.local.node.node import RealNode  # noqa: PLC0415

            Monitoring(stack.name).delete()
            Keda(stack.name).delete()
            RealNode(stack.name).delete(reporter)
            LocalCluster(stack.name).delete(reporter)
            volumes.forget(stack.name)
            shutil.rmtree(paths.state_dir(stack.name) / "pulumi", ignore_errors=True)
            removed = None
        else:
            driver = drivers.choose(choice, stack.name)
            reporter.note(f"driver {driver.name}: {driver.reason}")
            removed = driver.down(stack, reporter, timeout_seconds)
        drivers.forget(stack.name)
    return removed
