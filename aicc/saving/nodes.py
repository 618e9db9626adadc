"""Nodes with accelerators through a week: what is on which, which are empty, and which come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.plan.model import PoolPlan

NODE_START_SECONDS = 300
"""From asking for a node until pods run on it: presumed."""
EMPTY_SECONDS = 600
"""How long a node must be empty before it goes; the cluster autoscaler's default."""


@dataclass(eq=False)
class Node:
    """One node."""

    pool: PoolPlan
    index: int
    free: int
    """Accelerators that nothing holds."""
    is_on: bool = True
    ready: float = 0.0
    """When pods run on it, in seconds since the week's start."""
    empty_since: float = 0.0


@dataclass(frozen=True)
class Placement:
    """Where a job, or a replica, is."""

    nodes: tuple[Node, ...]
    pieces: int
    """On each node."""

    @property
    def ready(self) -> float:
        """When all its nodes are."""
        return max((node.ready for node in self.nodes), default=0.0)

    @property
    def total(self) -> int:
        """Accelerators."""
        return self.pieces * len(self.nodes)


@dataclass
class PoolTally:
    """How long a pool's nodes were what, in seconds, all nodes together."""

    on_seconds: float = 0.0
    late_seconds: float = 0.0
    """On for jobs after the week, in a pool that would have shrunk otherwise."""
    used_seconds: float = 0.0
    """With something on them."""


@dataclass
class Fleet:
    """Every node that has accelerators."""

    pools: Sequence[PoolPlan]
    packed: bool
    """Whether what is fullest is filled first; else what is emptiest."""
    tallies: dict[str, PoolTally] = field(default_factory=dict)
    releases: int = 0
    """How often room was given back."""
    _nodes: dict[str, list[Node]] = field(default_factory=dict)
    """By kind of accelerator, as far as their pools may grow."""
    _shrinking: list[Node] = field(default_factory=list)
    _on: dict[str, int] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for pool in self.pools:
            nodes = self._nodes.setdefault(str(pool.accelerator), [])
            nodes += [
                Node(pool, index, pool.accelerators_per_node, index < pool.nodes) for index in range(pool.max_nodes)
            ]
            self._shrinking += [node for node in nodes if node.pool is pool and pool.scales]
            self._on[pool.name], self._used[pool.name] = pool.nodes, 0
            self.tallies[pool.name] = PoolTally()

    def pools_of(self, accelerator: str | None) -> list[PoolPlan]:
        """The pools that have a kind of accelerator."""
        return [pool for pool in self.pools if pool.accelerator == accelerator]

    def place(self, accelerator: str, pieces: int, now: float, nodes: int = 1) -> Placement | None:
        """Take as many accelerators on each of some nodes; new nodes are started where those that are on have no room.

        None where there is no room, and nothing was taken.
        """
        fitting = [node for node in self._nodes.get(accelerator, ()) if node.is_on and node.free >= pieces]
        sign = 1 if self.packed else -1
        fitting.sort(key=lambda node: (node.ready > now, sign * node.free))
        chosen = fitting[:nodes]
        started = self._start(accelerator, nodes - len(chosen), pieces, now) if len(chosen) < nodes else []
        if started is None:
            return None
        for node in (*chosen, *started):
            self._used[node.pool.name] += node.free == node.pool.accelerators_per_node
            node.free -= pieces
        return Placement((*chosen, *started), pieces)

    def release(self, placement: Placement, now: float) -> None:
        """Give back what `place` took."""
        self.releases += 1
        for node in placement.nodes:
            node.free += placement.pieces
            if node.free == node.pool.accelerators_per_node:
                self._used[node.pool.name] -= 1
                node.empty_since = now

    def retire(self, now: float) -> None:
        """Turn off nodes that have been empty for long, where their pool shrinks."""
        for node in self._shrinking:
            if not node.is_on:
                continue
            pool = node.pool
            since = max(node.empty_since, node.ready)
            goes = node.free == pool.accelerators_per_node and now - since >= EMPTY_SECONDS
            if goes and self._on[pool.name] > pool.min_nodes:
                node.is_on = False
                self._on[pool.name] -= 1

    def tally(self, seconds: float, *, in_week: bool) -> None:
        """Count a step; after the week, only nodes that something is on, of pools that would shrink."""
        for pool in self.pools:
            tally, used = self.tallies[pool.name], self._used[pool.name]
            if in_week:
                tally.on_seconds += self._on[pool.name] * seconds
                tally.used_seconds += used * seconds
            elif pool.scales:
                tally.late_seconds += used * seconds

    def _start(self, accelerator: str, count: int, pieces: int, now: float) -> list[Node] | None:
        room = {pool.name: pool.max_nodes - self._on[pool.name] for pool in self.pools}
        started: list[Node] = []
        for node in self._nodes.get(accelerator, ()):
            if len(started) == count:
                break
            if not node.is_on and node.pool.accelerators_per_node >= pieces and room[node.pool.name] > 0:
                room[node.pool.name] -= 1
                started.append(node)
        if len(started) < count:
            return None
        for node in started:
            node.is_on, node.ready = True, now + NODE_START_SECONDS
            self._on[node.pool.name] += 1
        return started
