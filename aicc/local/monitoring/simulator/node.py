"""One simulated node's devices: who holds each, and what its exporter says at a moment."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aicc.local.monitoring.simulator import curves, faults
from aicc.local.monitoring.simulator.allocation import Claim, allocate
from aicc.local.monitoring.simulator.curves import Curve, Load, Rating
from aicc.local.monitoring.simulator.faults import FaultFile
from aicc.local.monitoring.simulator.vocabulary import EXPORTERS, Exporter, Reading, Sample

STEP_SECONDS = 15
"""Devices are read, and energy is summed up, at whole multiples of it: no figure depends on when it is asked for."""
_LONGEST_STEPS = 240
"""After a longer pause (a machine that slept) the counter goes on from where it was, as a driver's does."""


@dataclass(frozen=True)
class Pool:
    """What the simulator is told of a pool."""

    name: str
    product: str
    vendor: str
    resource: str
    devices: int
    rating: Rating

    @property
    def exporter(self) -> Exporter | None:
        """Of its vendor, where one is known."""
        return EXPORTERS.get(self.vendor)


def pools(told: Mapping[str, Any]) -> dict[str, Pool]:
    """Read the pools of the simulator's configuration."""
    return {
        name: Pool(
            name=name,
            product=pool["name"],
            vendor=pool["vendor"],
            resource=pool["resource"],
            devices=pool["devices"],
            rating=Rating(pool["idle_watts"], pool["peak_watts"], pool["memory_mib"]),
        )
        for name, pool in told.items()
    }


class Node:
    """The devices of one node."""

    def __init__(self, name: str, pool: Pool, seed: str, now: float) -> None:
        self.name, self.pool = name, pool
        self._seed = seed
        self._held: dict[int, Claim] = {}
        self._curves = [self._curve(index) for index in range(pool.devices)]
        self._joules = [0.0] * pool.devices
        self._errors = [0] * pool.devices
        self._frozen: dict[int, Reading] = {}
        self._summed = _step(now)
        self._lock = threading.Lock()

    def bind(self, claims: Iterable[Claim], now: float) -> None:
        """Give devices to the pods that are on the node now."""
        with self._lock:
            self._sum(now)
            before, self._held = self._held, allocate(self._held, claims, self.pool.devices)
            for index in range(self.pool.devices):
                if before.get(index) != self._held.get(index):
                    self._curves[index] = self._curve(index)

    def read(self, failing: FaultFile, now: float) -> list[Reading]:
        """Return what is known of each device, with what it fails at."""
        with self._lock:
            self._sum(now)
            return [self._read(index, failing.of(self.name, index), now) for index in range(self.pool.devices)]

    def samples(self, failing: FaultFile, now: float) -> Iterator[Sample]:
        """Return what the node's exporter says, nothing where its vendor's is not known."""
        exporter = self.pool.exporter
        if exporter:
            for reading in self.read(failing, now):
                yield from exporter.samples(reading)

    def _read(self, index: int, failing: frozenset[str], now: float) -> Reading:
        if faults.FROZEN not in failing:
            self._frozen.pop(index, None)
        elif index in self._frozen:
            return self._frozen[index]
        reading = self._true(index, now)
        if faults.ERROR in failing:
            self._errors[index] = max(self._errors[index], 1)
            reading = replace(reading, errors=self._errors[index])
        for fault, factor in faults.POWERS.items():
            if fault in failing and reading.watts is not None:
                reading = replace(reading, watts=reading.watts * factor)
        if faults.FROZEN in failing:
            self._frozen[index] = reading
        return reading

    def _true(self, index: int, now: float) -> Reading:
        pool, claim, curve = self.pool, self._held.get(index), self._curves[index]
        at = _step(now) * STEP_SECONDS
        busy = curves.utilization(curve, at)
        return Reading(
            node=self.name,
            index=index,
            product=pool.product,
            utilization=busy,
            watts=curves.watts(pool.rating, curve, busy, at),
            joules=None if pool.rating.peak_watts is None else self._joules[index],
            used_mib=curves.memory_mib(pool.rating, curve),
            total_mib=pool.rating.memory_mib,
            celsius=curves.celsius(curve, busy, at),
            errors=self._errors[index],
            namespace=claim.namespace if claim else "",
            pod=claim.pod if claim else "",
            container=claim.container if claim else "",
        )

    def _sum(self, now: float) -> None:
        """Add up the energy until now. It never falls, whatever the clock does."""
        until = _step(now)
        for step in range(max(self._summed + 1, until - _LONGEST_STEPS), until + 1):
            at = step * STEP_SECONDS
            for index, curve in enumerate(self._curves):
                drawn = curves.watts(self.pool.rating, curve, curves.utilization(curve, at), at)
                self._joules[index] += (drawn or 0.0) * STEP_SECONDS
        self._summed = max(self._summed, until)

    def _curve(self, index: int) -> Curve:
        claim = self._held.get(index)
        load = Load(f"{claim.namespace}/{claim.pod}", claim.job) if claim else None
        return curves.curve(self._seed, f"{self.name}/{index}", load)


def _step(now: float) -> int:
    return int(now // STEP_SECONDS)
