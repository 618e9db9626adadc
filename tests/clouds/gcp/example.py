"""What must hold of every centre on Google Cloud, as its example stack is planned."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from aicc.offline.record import Recording, Resource, record
from aicc.paths import REPO
from infra import names
from infra.config.load import KEY, raw_config
from infra.plan import CenterPlan, PoolPlan

STACK = "gcp-us-central1"
FILE = REPO / f"examples/Pulumi.{STACK}.yaml"
CONFIG = raw_config(FILE)


def declared(**cloud: Any) -> Recording:
    """The example, with parts of its cloud declared otherwise."""
    center = CONFIG[KEY]
    return record(STACK, {**CONFIG, KEY: {**center, "cloud": {**center["cloud"], **cloud}}})


def made(recording: Recording, kind: str) -> list[Resource]:
    return [resource for resource in recording.resources if resource.type.startswith(f"gcp:{kind}:")]


def of(recording: Recording, kind: str) -> dict[str, Mapping[str, Any]]:
    """Inputs of the resources of a kind such as `storage/bucket`, by logical name."""
    return {resource.name: resource.inputs for resource in made(recording, kind)}


def cluster(recording: Recording) -> Mapping[str, Any]:
    return of(recording, "container/cluster")["cluster"]


def pools(recording: Recording, pool: str) -> list[Mapping[str, Any]]:
    """The GKE node pools of one of the plan's pools."""
    return [
        inputs
        for inputs in of(recording, "container/nodePool").values()
        if inputs["nodeConfig"]["labels"].get(names.POOL) == pool
    ]


def pool_of(plan: CenterPlan, name: str, **changes: Any) -> PoolPlan:
    return dataclasses.replace(next(pool for pool in plan.pools if pool.name == name), **changes)
