"""The program: load the declared centre, resolve it, build it on its cloud, layer by layer, and export."""

from __future__ import annotations

import pulumi

from infra import layers, outputs
from infra.catalogue import load
from infra.clouds import registry
from infra.config import InvalidCenterError
from infra.config.load import from_pulumi
from infra.plan import resolve


def run() -> None:
    """Register everything the stack declares.

    Raises pulumi.RunError, which the CLI shows without a traceback, for an invalid centre.
    """
    try:
        plan = resolve(from_pulumi(), load())
    except InvalidCenterError as error:
        raise pulumi.RunError(str(error)) from error
    cluster = registry.cloud(plan.cloud.kind).build(plan)
    layers.build(plan, cluster)
    for name, value in outputs.of(plan, cluster).items():
        pulumi.export(name, value)
