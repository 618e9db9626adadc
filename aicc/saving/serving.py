"""One model through a week: its replicas come and go, and who asks while none is there waits."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aicc.saving.nodes import Fleet, Placement
from aicc.saving.power import PoolPower
from aicc.saving.queueing import Queue
from aicc.saving.traffic import Traffic
from aicc.saving.waits import Waits
from aicc.saving.week import STEP_SECONDS
from infra.plan.model import ModelPlan
from infra.plan.scaling import POLL_SECONDS

UNKNOWN_COLD_START_SECONDS = 300
"""Where the plan does not know a model's: presumed, of the 3 to 10 minutes that are told of vLLM."""
RATE_SECONDS = 30
"""A model is idle once this has passed since a request, and its idle time after that."""
_STEADY_STEPS = 5
"""Replicas go only when they were not needed for so long, as Kubernetes' autoscalers do."""


@dataclass(frozen=True)
class Serving:
    """How a model is served in a scenario."""

    model: ModelPlan
    least: Sequence[int]
    """Replicas that run at least, by step."""
    idle_seconds: int | None
    """Without a request before the last replica stops, where `least` is 0; None where it never is."""
    queue_depth: int
    """Requests at once that a replica works on well."""
    request_seconds: float
    """How long a request takes, at full speed."""
    cold_start_seconds: float
    hold_seconds: float


@dataclass
class Server:
    """A model's replicas."""

    serving: Serving
    traffic: Traffic
    fleet: Fleet
    queue: Queue
    powers: Mapping[str, PoolPower]
    waits: Waits = field(default_factory=Waits)
    """Of those who came while no replica was there."""
    longer: Waits = field(default_factory=Waits)
    """By how much answers took longer under a cap."""
    reserved: int = 0
    """Accelerators that its replicas hold."""
    refused: int = 0
    """Of those who waited: longer than they are held."""
    crowded_steps: int = 0
    """In which more was asked than the most replicas do."""
    work_seconds: dict[str, float] = field(default_factory=dict)
    """That replicas are busy at full speed, all together, by the pool that they are in; none for CPU nodes."""
    _shares: Mapping[str, float] = field(default_factory=dict)
    """The part of the replicas that is in each pool."""
    _pace: float = 1.0
    """Their mean speed."""
    _replicas: list[Placement] = field(default_factory=list)
    _serves_from: float | None = None
    """When the first replica answers; None while there is none."""
    _held: list[float] = field(default_factory=list)
    """Those who wait while nothing starts, for want of room."""
    _idle_from: float = -math.inf
    _needed: deque[int] = field(default_factory=lambda: deque(maxlen=_STEADY_STEPS))

    def begin(self) -> None:
        """Be there when the week starts, as if the week before had ended so."""
        pools = self.fleet.pools_of(self.serving.model.accelerator)
        self._shares = {pools[0].name: 1.0} if pools else {}
        self._pace = self.powers[pools[0].name].speed if pools else 1.0
        self._grow(self.serving.least[0], 0.0)
        if self._replicas:
            self._serves_from = 0.0

    def step(self, step: int) -> None:
        """Go through one minute."""
        now, count, model = step * STEP_SECONDS, self.traffic.counts[self.serving.model.name][step], self.serving.model
        load = count / STEP_SECONDS * self.serving.request_seconds / self.serving.queue_depth
        self.crowded_steps += load / self._pace > model.max_replicas
        if count:
            self._idle_from = now + STEP_SECONDS + RATE_SECONDS
            self._work(min(load, model.max_replicas), count)
        self._needed.append(math.ceil(load / self._pace))
        least = self.serving.least[step]
        waits_still = now < self._idle_from + (self.serving.idle_seconds or 0)
        wanted = max(least, min(max(self._needed), model.max_replicas), int(waits_still))
        if self._serves_from is None or self._serves_from > now:
            times = self.traffic.times(model.name, step) if count else []
            self._wake(times, now, asked=wanted > 0)
        elif wanted < len(self._replicas):
            self._shrink(wanted, now)
        if self._replicas:
            self._grow(wanted, now)

    @property
    def work_joules(self) -> Mapping[str, float]:
        """What its work draws besides idle power, by pool."""
        pieces = self.serving.model.accelerators_per_replica
        return {pool: busy * pieces * self.powers[pool].piece_work_watts for pool, busy in self.work_seconds.items()}

    def end(self, now: float) -> None:
        """The week is over: nobody waits any longer."""
        for time in self._held:
            self._waited(now - time)
        self._held = []
        self._shrink(0, now)

    def _work(self, replicas: float, count: int) -> None:
        for pool, share in self._shares.items():
            self.work_seconds[pool] = self.work_seconds.get(pool, 0.0) + replicas * share * STEP_SECONDS
            slower = self.serving.request_seconds * (1 / self.powers[pool].speed - 1)
            self.longer.add(slower, round(count * share))

    def _wake(self, times: list[float], now: float, *, asked: bool) -> None:
        """Start the first replica, and let those who come meanwhile wait for it."""
        self._held += times
        if not self._replicas and asked:
            # The first who asks is noticed at KEDA's next look; a window opens by the clock.
            noticed = max(now, self._held[0] if self._held else now) + POLL_SECONDS
            self._grow(1, noticed)
            if self._replicas:
                self._serves_from = max(self._replicas[0].ready, noticed) + self.serving.cold_start_seconds
        if self._serves_from is not None:
            for time in self._held:
                self._waited(self._serves_from - time)
            self._held = []

    def _waited(self, seconds: float) -> None:
        self.waits.add(min(seconds, self.serving.hold_seconds))
        self.refused += seconds > self.serving.hold_seconds

    def _grow(self, wanted: int, now: float) -> None:
        while len(self._replicas) < wanted:
            placement = self._placed(now)
            if placement is None:
                return
            self._replicas.append(placement)
            self._moved()

    def _placed(self, now: float) -> Placement | None:
        """Room for one replica, also in the place of lower tenants' jobs."""
        model = self.serving.model
        if model.accelerator is None:
            return Placement((), 0)
        pieces = model.accelerators_per_replica // model.nodes_per_replica
        placement = self.fleet.place(model.accelerator, pieces, now, model.nodes_per_replica)
        for _ in range(model.nodes_per_replica):
            if placement or not self.queue.make_room(model.tenant, model.accelerator, pieces, now):
                break
            placement = self.fleet.place(model.accelerator, pieces, now, model.nodes_per_replica)
        return placement

    def _shrink(self, wanted: int, now: float) -> None:
        while len(self._replicas) > wanted:
            self.fleet.release(self._replicas.pop(), now)
            self._moved()
        if not self._replicas:
            self._serves_from = None

    def _moved(self) -> None:
        """Note what the replicas hold, and in which pools; the last one's, where there is none left."""
        self.reserved = sum(placement.total for placement in self._replicas)
        pools = Counter(node.pool.name for placement in self._replicas for node in placement.nodes)
        if pools:
            self._shares = {pool: count / pools.total() for pool, count in pools.items()}
            self._pace = 1 / sum(share / self.powers[pool].speed for pool, share in self._shares.items())
