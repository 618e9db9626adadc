"""Which device of a node each pod holds: stable for as long as the pod is there, and the same for the same history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Claim:
    """A pod that is bound to a node and asks for some of its devices."""

    uid: str
    namespace: str
    pod: str
    container: str
    devices: int
    job: bool


def allocate(before: Mapping[int, Claim], claims: Iterable[Claim], devices: int) -> dict[int, Claim]:
    """Return the holder of each device that has one.

    Those that held devices keep them; others get the lowest that are free, in the order of their uid. Where more is
    asked for than there is (a pod that is going overlaps with its successor), the last get fewer.
    """
    present = {claim.uid: claim for claim in claims}
    kept = {index: present[claim.uid] for index, claim in before.items() if claim.uid in present and index < devices}
    free = [index for index in range(devices) if index not in kept]
    for claim in sorted(present.values()):
        missing = claim.devices - sum(held.uid == claim.uid for held in kept.values())
        for index in free[: max(missing, 0)]:
            kept[index] = claim
        free = free[max(missing, 0) :]
    return kept
