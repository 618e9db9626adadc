"""Pools: somebody answers for accelerators, and no pool grows further than the stack declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra import names
from policy.model import CENTER, Messages, Props, ResourceRule, Stack, StackRule, Subject, by_type
from policy.read import is_set, is_true, items, mappings, value


@dataclass(frozen=True)
class _Bounds:
    """How far a node pool of a cloud grows by itself, in all zones together."""

    pool: str | None
    """The declared pool that it belongs to."""
    least: int | None
    most: int | None


def _owned(props: Props) -> Iterator[str]:
    for pool in mappings(props, "pools"):
        if is_set(pool, "accelerator") and not is_set(pool, "owner"):
            yield f"pool {pool['name']} has accelerators and nobody who answers for them; its owner must be declared"


def _bounded(props: Props) -> Iterator[str]:
    for pool in mappings(props, "pools"):
        if is_set(pool, "accelerator"):
            yield from _wrong_bounds(pool)


def _wrong_bounds(pool: Props) -> Iterator[str]:
    least, nodes, most = (value(pool, name) for name in ("minNodes", "nodes", "maxNodes"))
    if least is None or most is None:
        yield f"pool {pool['name']} has accelerators and no bounds; minNodes and maxNodes must be given"
    elif not 0 <= least <= nodes <= most:
        yield (
            f"pool {pool['name']} scales from {least} to {most} nodes and starts with {nodes}; "
            "0 ≤ minNodes ≤ nodes ≤ maxNodes must hold"
        )


def _alicloud(props: Props) -> _Bounds | None:
    if not is_true(props, "scalingConfig", "enable"):
        return None
    scaling = value(props, "scalingConfig")
    return _Bounds(value(props, "tags", "pool"), value(scaling, "minSize"), value(scaling, "maxSize"))


def _aws(props: Props) -> _Bounds:
    scaling = value(props, "scalingConfig") or {}
    return _Bounds(value(props, "tags", "pool"), value(scaling, "minSize"), value(scaling, "maxSize"))


def _gcp(props: Props) -> _Bounds | None:
    """Bounds are of all zones together, or of each."""
    scaling = value(props, "autoscaling")
    if not scaling:
        return None
    pool = value(props, "nodeConfig", "labels", names.POOL)
    if is_set(scaling, "totalMaxNodeCount"):
        return _Bounds(pool, value(scaling, "totalMinNodeCount"), value(scaling, "totalMaxNodeCount"))
    zones = max(len(items(props, "nodeLocations")), 1)
    least, most = value(scaling, "minNodeCount"), value(scaling, "maxNodeCount")
    return _Bounds(pool, least and least * zones, most and most * zones)


def _azure(props: Props) -> _Bounds | None:
    if not is_true(props, "enableAutoScaling"):
        return None
    return _Bounds(value(props, "tags", "pool"), value(props, "minCount"), value(props, "maxCount"))


def _karpenter(props: Props) -> Iterator[str]:
    if not is_set(props, "spec", "limits"):
        yield "grows without an end; spec.limits must say how far"


_READERS: dict[str, Callable[[Props], _Bounds | None]] = {
    "alicloud:cs/nodePool:NodePool": _alicloud,
    "aws:eks/nodeGroup:NodeGroup": _aws,
    "azure-native:containerservice:AgentPool": _azure,
    "gcp:container/nodePool:NodePool": _gcp,
}


def _bounds(subject: Subject) -> _Bounds | None:
    return _READERS[subject.type](subject.props) if subject.type in _READERS else None


def _as_declared(subject: Subject, stack: Stack) -> Messages:
    bounds = _bounds(subject)
    if bounds is None:
        return
    if bounds.most is None:
        yield "grows without an end; it must say how far"
        return
    if not 0 <= (bounds.least or 0) <= bounds.most:
        yield f"scales from {bounds.least} to {bounds.most} nodes; the least must be from 0 to the most"
    limits = {pool["name"]: pool["maxNodes"] for pool in mappings(stack.center, "pools")}
    most, limit = _together(bounds.pool, stack), limits.get(bounds.pool)
    if limit is not None and most > limit:
        yield f"lets pool {bounds.pool} grow to {most} nodes; it may have {limit}, as declared"


def _together(pool: str | None, stack: Stack) -> int:
    """How far a declared pool grows, of which a cloud may have made one node pool for each zone."""
    found = (_bounds(subject) for kind in _READERS for subject in stack.of_type(kind))
    return sum(bounds.most or 0 for bounds in found if bounds and bounds.pool == pool)


RULES = (
    ResourceRule(
        "accelerator-pools-owned", "Somebody answers for every accelerator.", "mandatory", by_type({CENTER: _owned})
    ),
    ResourceRule(
        "accelerator-pools-bounded",
        "Pools with accelerators have sound bounds of scaling.",
        "mandatory",
        by_type({CENTER: _bounded, "kubernetes:karpenter.sh/v1:NodePool": _karpenter}),
    ),
    StackRule("node-pools-as-declared", "No node pool grows further than declared.", "mandatory", _as_declared),
)
