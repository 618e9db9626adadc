"""A stack's resource graph, made offline: recorded, expanded, layered, and in the order it can be applied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from aicc.manifests import Manifest
from aicc.offline.charts import expand, is_chart, is_own_chart
from aicc.offline.record import Resource, record
from aicc.offline.values import has_later, has_secret, reveal
from aicc.progress import Reporter
from infra.config.load import PROJECT, raw_config

_LAYER_PREFIX = f"{PROJECT}:layers:"
_PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(frozen=True)
class Graph:
    """Every resource of a stack, charts expanded, in a stable order."""

    stack: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        """The Kubernetes objects, by wave, then layer and name."""
        objects = [resource for resource in self.resources if _is_object(resource)]
        waves = _waves(self.resources)
        manifests = [
            Manifest(
                item.urn,
                layer_of(item),
                waves[item.urn],
                ordered(reveal(item.inputs)),
                secret=has_secret(item.inputs),
                incomplete=has_later(item.inputs),
            )
            for item in objects
        ]
        return tuple(sorted(manifests, key=lambda item: (item.wave, item.layer, item.kind, str(item))))

    @property
    def cloud_resources(self) -> list[Resource]:
        """Resources of clouds, which only the Pulumi engine can create."""
        return [
            resource
            for resource in self.resources
            if resource.custom
            and not (_is_object(resource) or is_chart(resource) or resource.type.startswith(_PROVIDER_PREFIX))
        ]

    @property
    def upstream_charts(self) -> list[Resource]:
        """Releases of charts that others publish; they are rendered where their registry is reached."""
        return [resource for resource in self.resources if is_chart(resource) and not is_own_chart(resource)]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Objects by layer and type, as `{"tenancy": {"core/v1:Namespace": 3}}`."""
        counts: dict[str, Counter[str]] = {}
        for resource in self.resources:
            if resource.custom and not is_chart(resource) and not resource.type.startswith(_PROVIDER_PREFIX):
                counts.setdefault(layer_of(resource), Counter())[resource.type.removeprefix("kubernetes:")] += 1
        for chart in self.upstream_charts:
            counts.setdefault(layer_of(chart), Counter())[f"chart {chart.name} {chart.inputs['version']}"] += 1
        return {layer: dict(sorted(counter.items())) for layer, counter in counts.items()}


def graph_of(stack: str, path: Path, reporter: Reporter) -> Graph:
    """The graph of a stack file, whose configuration has been validated."""
    recording = record(stack, raw_config(path))
    expanded = expand(recording.resources, reporter)
    return Graph(stack, tuple(sorted(expanded, key=_place)), recording.outputs)


def layer_of(resource: Resource) -> str:
    """The layer that a resource belongs to; `cloud` for what the cluster itself is made of."""
    for part in resource.urn.split("::")[2].split("$"):
        if part.startswith(_LAYER_PREFIX):
            return part.removeprefix(_LAYER_PREFIX).lower()
    return "cloud"


def ordered(body: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its keys as people write them: apiVersion, kind, metadata, then the rest by name."""
    first = [key for key in ("apiVersion", "kind", "metadata") if key in body]
    return {key: _sorted(body[key]) for key in [*first, *sorted(set(body) - set(first))]}


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: (key != "name", key))}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _is_object(resource: Resource) -> bool:
    return resource.custom and resource.type.startswith("kubernetes:") and not is_chart(resource)


def _place(resource: Resource) -> tuple[str, str]:
    """Independent of the order of registration, which concurrency changes from run to run."""
    return resource.urn.split("::")[2], resource.name


def _waves(resources: Sequence[Resource]) -> dict[str, int]:
    """For each resource, the longest chain of objects that must exist before it.

    What it waits for in a cloud counts for nothing here: only the engine creates that.
    """
    children: dict[str, list[str]] = {}
    for resource in resources:
        children.setdefault(resource.parent, []).append(resource.urn)
    charts = {resource.urn for resource in resources if is_chart(resource)}

    def needed(urns: Iterable[str]) -> set[str]:
        return {need for urn in urns for need in (children.get(urn, []) if urn in charts else [urn])}

    by_urn = {resource.urn: resource for resource in resources}
    needs = {resource.urn: needed(resource.dependencies) & by_urn.keys() for resource in resources}
    waves: dict[str, int] = {}
    for urn in TopologicalSorter(needs).static_order():
        earlier = [waves[need] + 1 for need in needs[urn] if _is_object(by_urn[need])]
        waves[urn] = max(earlier, default=0)
    return waves
