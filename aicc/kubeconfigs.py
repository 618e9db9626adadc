"""How to reach a stack's cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aicc.errors import ClusterError
from aicc.stacks import Stack
from infra.clouds.local_paths import kubeconfig_path
from infra.config.clouds import ExistingCloud, PublicCloud

if TYPE_CHECKING:
    from aicc.kube.client import Kube


def kubeconfig_of(stack: Stack) -> tuple[Path, str | None]:
    """The stack's kubeconfig file and context.

    Raises ClusterError where the file is not there.
    """
    cloud = stack.plan.cloud
    if isinstance(cloud, ExistingCloud):
        path, context = Path(cloud.kubeconfig).expanduser(), cloud.context
        hint = "cloud.kubeconfig in the stack's file names it"
    elif isinstance(cloud, PublicCloud):
        from aicc.drivers.pulumi import save_kubeconfig  # noqa: PLC0415  it imports the Automation API

        path, context = save_kubeconfig(stack), None
        hint = f"bring the cluster up first: aicc up --stack {stack.name}"
    else:
        path, context = kubeconfig_path(stack.name), None
        hint = f"bring the cluster up first: aicc up --stack {stack.name}"
    if not path.is_file():
        raise ClusterError(f"stack {stack.name} has no cluster to talk to: {path} does not exist", hint=hint)
    return path, context


def connect(stack: Stack, *, patience_seconds: float = 30) -> Kube:
    """Talk to the stack's cluster; a request that finds it restarting is repeated for `patience_seconds`.

    Raises ClusterError where it cannot be reached.
    """
    from aicc.kube.client import Kube  # noqa: PLC0415  the Kubernetes client is slow to import

    path, context = kubeconfig_of(stack)
    return Kube.from_kubeconfig(path, context, retry_seconds=patience_seconds)
