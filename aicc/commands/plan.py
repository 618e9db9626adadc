"""`aicc plan`: what the program would register, with neither cluster nor credentials."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.tree import Tree

from aicc import sdks
from aicc.commands import policy
from aicc.commands.estimate import estimate, section
from aicc.offline.charts import is_chart
from aicc.offline.graph import Graph, graph_of, layer_of
from aicc.offline.values import mask
from aicc.progress import Reporter
from aicc.stacks import Stack
from infra.catalogue import load
from infra.estimate.savings import savings
from infra.layers import ordered
from infra.plan import CenterPlan, cold_start
from infra.plan.scaling import POLL_SECONDS


def plan(stack: Stack, reporter: Reporter) -> Graph:
    """Record, expand and order the stack's resources, with the cloud's SDK installed where it is missing."""
    sdks.ensure(stack.plan.cloud.kind, reporter)
    return graph_of(stack.name, stack.path, reporter)


def as_json(stack: Stack, graph: Graph) -> dict[str, Any]:
    """Return the plan for programs: pools, tenants, models, counts, and every resource with its inputs."""
    center = stack.plan
    return {
        "stack": stack.name,
        "center": center.name,
        "cloud": center.cloud.kind,
        "notes": list(center.notes),
        "pools": [
            {
                "name": pool.name,
                "nodes": pool.nodes,
                "instance": pool.instance,
                "accelerator": pool.accelerator,
                "accelerators": pool.accelerators,
            }
            for pool in center.pools
        ],
        "tenants": [{"name": item.name, "kind": item.kind, "quota": dict(item.hard)} for item in center.tenants],
        "models": [
            {
                "name": model.name,
                "tenant": model.tenant,
                "accelerator": model.accelerator,
                "acceleratorsPerReplica": model.accelerators_per_replica,
                "replicas": {"min": model.min_replicas, "max": model.max_replicas},
                "disaggregation": asdict(model.split) if model.split else None,
                "scaling": asdict(model.scaling) if model.scaling else None,
                "image": model.image,
                "coldStartSeconds": cold_start.of(model, center.pools).total_seconds,
            }
            for model in center.models
        ],
        "savings": [asdict(found) for found in savings(center, load())],
        "estimate": estimate(stack).as_dict(),
        "policy": policy.check(graph).as_json(),
        "counts": graph.counts,
        "outputs": mask(graph.outputs),
        "resources": [
            {
                "urn": item.urn,
                "type": item.type,
                "name": item.name,
                "layer": layer_of(item),
                "inputs": mask(item.inputs) if item.custom else None,
            }
            for item in graph.resources
        ],
    }


def show(stack: Stack, graph: Graph, console: Console) -> None:
    """Print the plan for people."""
    models = [*_cold_starts(stack.plan), *_splits(stack.plan), *_scaling(stack.plan), *_using_less(stack.plan)]
    console.print(Group(_pools(stack.plan), "", section(estimate(stack)), "", *models, _tree(stack, graph), ""))
    policy.show(policy.check(graph), console)
    console.print(Group(*_notes(stack), _summary(graph)))


def _notes(stack: Stack) -> list[str]:
    """What could not be verified."""
    return [f"note: {note}" for note in stack.plan.notes]


def _pools(center: CenterPlan) -> Table:
    columns = ("pool", "nodes", "instance", "accelerators", "zones")
    table = Table(*columns, title=f"Pools of {center.name}", title_justify="left")
    for pool in center.pools:
        what = f"{pool.accelerators:,} × {pool.accelerator}" if pool.accelerator else "—"
        table.add_row(pool.name, f"{pool.nodes:,}", pool.instance or "as declared", what, ", ".join(pool.zones))
    return table


def _cold_starts(center: CenterPlan) -> list[RenderableType]:
    """A row for each model of whose weights something is declared."""
    table = Table("model", "download", "load", "cold start", "how", title="Cold start", title_justify="left")
    for model in center.models:
        if model.weights:
            found = cold_start.of(model, center.pools)
            spans = (found.download_seconds, found.load_seconds, found.total_seconds)
            table.add_row(model.name, *map(_span, spans), found.method)
    return [table, ""] if table.row_count else []


def _splits(center: CenterPlan) -> list[RenderableType]:
    """A row for each model whose prefill and decode are apart."""
    columns = ("model", "prefill", "decode", "each", "together", "cache goes by")
    table = Table(*columns, title="Prefill and decode apart", title_justify="left")
    for model in center.models:
        if split := model.split:
            pieces = model.accelerators_per_replica
            together = f"{pieces * model.max_replicas:,} × {model.accelerator}"
            way = f"{split.transfer_backend} over {split.rdma_resource or 'TCP'}"
            table.add_row(model.name, f"{split.prefill:,}", f"{split.decode:,}", f"{pieces:,}", together, way)
    return [table, ""] if table.row_count else []


def _scaling(center: CenterPlan) -> list[RenderableType]:
    """A row for each model whose replicas KEDA chooses: one that stops makes somebody wait for its cold start."""
    columns = ("model", "replicas", "one more from", "stops", "first request waits")
    table = Table(*columns, title="Scaling by KEDA", title_justify="left")
    for model in center.models:
        if not (scaling := model.scaling):
            continue
        more = [f"{scaling.queue_depth:,} requests a replica"]
        if scaling.ttft_seconds:
            more.append(f"{scaling.ttft_seconds:g} s to the first token")
        stops, waits = "never", "—"
        if model.min_replicas == 0:
            cold = _span(cold_start.of(model, center.pools).total_seconds)
            stops = f"{scaling.idle_seconds:,} s after the last request"
            waits = f"{cold} and {POLL_SECONDS} s to notice; at most {scaling.hold_seconds:,} s"
        replicas = f"{model.min_replicas} to {model.max_replicas}"
        table.add_row(model.name, replicas, " or ".join(more), stops, waits)
        for window in scaling.schedules:
            when = f"from {window.start} to {window.end}, {window.time_zone}: {window.hours_per_week:.0f} h a week"
            table.add_row("", f"{window.replicas} or more", when, "when it closes, unless asked for", "—")
    return [table, ""] if table.row_count else []


def _using_less(center: CenterPlan) -> list[RenderableType]:
    """A row for each way of using less that is declared."""
    table = Table("what", "set to", "expected to save", "may delay", title="Using less", title_justify="left")
    for found in savings(center, load()):
        table.add_row(found.what, found.set_to, found.saves, found.delays)
    return [table, ""] if table.row_count else []


def _span(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:,.1f} s"


def _tree(stack: Stack, graph: Graph) -> RenderableType:
    tree = Tree(f"[bold]{stack.name}[/] on cloud {stack.plan.cloud.kind}")
    for layer in ("cloud", *(layer.name for layer in ordered())):
        counts = graph.counts.get(layer, {})
        if not counts:
            continue
        branch = tree.add(f"[bold]{layer}[/] ({sum(counts.values())})")
        for kind, count in counts.items():
            branch.add(f"{kind} × {count}")
    return tree


def _summary(graph: Graph) -> str:
    charts = sum(is_chart(resource) for resource in graph.resources)
    waves = max((manifest.wave for manifest in graph.manifests), default=-1) + 1
    cloud = len(graph.cloud_resources)
    return (
        f"{len(graph.manifests)} Kubernetes objects ({charts} charts) in {waves} waves, {cloud} cloud resources. "
        "Nothing was changed."
    )
