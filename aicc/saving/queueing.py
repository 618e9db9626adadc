"""Jobs that wait for their quota and for room, in order, the next one before them where it fits and they do not."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aicc.saving.jobs import Job
from aicc.saving.nodes import Fleet, Node, Placement
from aicc.saving.power import PoolPower


@dataclass(frozen=True)
class _Run:
    """A job on a node."""

    placement: Placement
    start: float
    joules: float
    """What it draws besides idle power until it is done."""

    @property
    def node(self) -> Node:
        """Where it is."""
        return self.placement.nodes[0]


@dataclass
class Queue:
    """Every tenant's jobs."""

    jobs: Sequence[Job]
    """By arrival."""
    quota: Mapping[tuple[str, str], int]
    """Accelerators that a tenant's jobs may hold, by tenant and kind."""
    fleet: Fleet
    powers: Mapping[str, PoolPower]
    ranks: Mapping[str, int]
    """Of tenants: a model's pods take the place of jobs of lower ones."""
    reserved: int = 0
    """Accelerators that running jobs hold."""
    evicted: int = 0
    """How often a job lost its place, and what it had done."""
    finished: dict[int, float] = field(default_factory=dict)
    """When each was done, by its place in `jobs`."""
    work_joules: dict[str, float] = field(default_factory=dict)
    """What jobs draw besides idle power, by pool."""
    _next: int = 0
    _waiting: list[int] = field(default_factory=list)
    _running: list[tuple[float, int, _Run]] = field(default_factory=list)
    _held: dict[tuple[str, str], int] = field(default_factory=dict)
    _tried: tuple[int, int] = (0, 0)
    """How many jobs had come, and how much had been given back, when the queue was last gone through."""

    @property
    def is_done(self) -> bool:
        """Whether every job has ended."""
        return len(self.finished) == len(self.jobs)

    def step(self, now: float) -> None:
        """End what is done by now, take in who has come, and start what fits."""
        while self._running and self._running[0][0] <= now:
            done, index, run = heapq.heappop(self._running)
            self.finished[index] = done
            self._leave(index, run, now)
        while self._next < len(self.jobs) and self.jobs[self._next].arrival <= now:
            self._waiting.append(self._next)
            self._next += 1
        if (self._next, self.fleet.releases) == self._tried:
            return  # what did not fit a minute ago still does not
        full: set[tuple[str, int]] = set()
        self._tried = self._next, self.fleet.releases
        self._waiting = [index for index in self._waiting if not self._starts(index, now, full)]

    def make_room(self, tenant: str, accelerator: str, pieces: int, now: float) -> bool:
        """Evict jobs of lower tenants from the node where they lose least, so that a model's pod fits there."""
        on: dict[Node, list[tuple[float, int, _Run]]] = {}
        for entry in self._running:
            if self.jobs[entry[1]].accelerator == accelerator and self._rank(entry[1]) < self.ranks[tenant]:
                on.setdefault(entry[2].node, []).append(entry)
        best: tuple[float, list[tuple[float, int, _Run]]] | None = None
        for node, entries in on.items():
            free, chosen = node.free, []
            for entry in sorted(entries, key=lambda entry: (self._rank(entry[1]), -entry[2].start, entry[1])):
                if free >= pieces:
                    break
                chosen.append(entry)
                free += self.jobs[entry[1]].pieces
            lost = sum((now - entry[2].start) * self.jobs[entry[1]].pieces for entry in chosen)
            if node.free < pieces <= free and (best is None or lost < best[0]):
                best = lost, chosen
        for done, index, run in best[1] if best else ():
            self._running.remove((done, index, run))
            self._leave(index, run, now)
            pool, unspent = run.node.pool.name, min((done - now) / (done - run.start), 1.0)
            self.work_joules[pool] -= run.joules * unspent
            self._waiting.insert(0, index)
            self.evicted += 1
        heapq.heapify(self._running)
        return best is not None

    def _rank(self, index: int) -> int:
        return self.ranks[self.jobs[index].tenant]

    def _leave(self, index: int, run: _Run, now: float) -> None:
        job = self.jobs[index]
        self._held[job.tenant, job.accelerator] -= job.pieces
        self.reserved -= job.pieces
        self.fleet.release(run.placement, now)

    def _starts(self, index: int, now: float, full: set[tuple[str, int]]) -> bool:
        """Start a job, if there is room; `full` remembers for which sizes there is none."""
        job = self.jobs[index]
        mine, size = (job.tenant, job.accelerator), (job.accelerator, job.pieces)
        held = self._held.get(mine, 0)
        if size in full or held + job.pieces > self.quota[mine]:
            return False
        placement = self.fleet.place(job.accelerator, job.pieces, now)
        if placement is None:
            full.add(size)
            return False
        pool = placement.nodes[0].pool.name
        power = self.powers[pool]
        self._held[mine] = held + job.pieces
        self.reserved += job.pieces
        run = _Run(placement, max(now, placement.ready), job.pieces * power.piece_work_watts * job.seconds)
        heapq.heappush(self._running, (run.start + job.seconds / power.speed, index, run))
        self.work_joules[pool] = self.work_joules.get(pool, 0.0) + run.joules
        return True
