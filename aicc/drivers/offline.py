"""The offline driver: the program's manifests, rendered here and applied by server-side apply."""

from __future__ import annotations

from aicc.drivers.base import Changes
from aicc.errors import PrerequisiteError
from aicc.kubeconfigs import connect
from aicc.offline.graph import Graph, graph_of
from aicc.progress import Reporter
from aicc.stacks import Stack


class OfflineDriver:
    """No engine, no state file: the API server merges, and the ApplySet labels in the cluster are the inventory."""

    name = "offline"
    reason = "rendered here, applied by server-side apply"

    def up(self, stack: Stack, reporter: Reporter, timeout_seconds: float) -> Changes:
        """Apply every manifest of the stack.

        Raises PrerequisiteError where the stack has cloud resources.
        """
        from aicc.apply.engine import apply  # noqa: PLC0415  the Kubernetes client is slow to import
        from aicc.apply.lease import held  # noqa: PLC0415

        with reporter.step("Rendering the program") as step:
            graph = graph_of(stack.name, stack.path, reporter)
            step.update(detail=f"{len(graph.manifests)} objects")
        _require_no_cloud(graph)
        with connect(stack) as kube, held(kube, stack.name, reporter):
            outcome = apply(kube, graph.manifests, stack=stack.name, reporter=reporter, timeout_seconds=timeout_seconds)
        return Changes(len(outcome.created), len(outcome.changed), len(outcome.unchanged), deleted=len(outcome.pruned))

    def down(self, stack: Stack, reporter: Reporter, timeout_seconds: float) -> Changes:
        """Delete every object of the stack's inventory."""
        from aicc.apply.engine import destroy  # noqa: PLC0415  the Kubernetes client is slow to import
        from aicc.apply.lease import held  # noqa: PLC0415

        with connect(stack) as kube, held(kube, stack.name, reporter):
            outcome = destroy(kube, stack=stack.name, reporter=reporter, timeout_seconds=timeout_seconds)
        return Changes(deleted=len(outcome.pruned))


def _require_no_cloud(graph: Graph) -> None:
    if cloud := graph.cloud_resources:
        kinds = ", ".join(sorted({resource.type for resource in cloud})[:5])
        raise PrerequisiteError(
            f"stack {graph.stack} has {len(cloud)} cloud resources ({kinds}), which only the Pulumi CLI can create",
            hint="install the Pulumi CLI (pulumi.com/docs/install) and use --driver pulumi; nothing was changed",
        )
