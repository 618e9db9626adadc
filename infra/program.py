"""The program: load the declared centre, resolve it, build it on its cloud, layer by layer, and export."""

from __future__ import annotations

import pulumi

from infra import layers, outputs
from infra.catalogue import load
from infra.clouds import registry
from infra.config import InvalidCenterError
from infra.config.load import from_pulumi
from infra.declaration import Declaration
from infra.estimate import estimate
from infra.plan import resolve


def run() -> None:
    """Register everything the stack declares.

    Raises pulumi.RunError, which the CLI shows without a traceback, for an invalid centre.
    """
    try:
        catalogue = load()
        plan = resolve(from_pulumi(), catalogue)
    except InvalidCenterError as error:
        raise pulumi.RunError(str(error)) from error
    estimated = estimate(plan, catalogue)
    Declaration(plan, estimated)
    cluster = registry.cloud(plan.cloud.kind).build(plan)
    layers.build(plan, cluster)
    for name, value in outputs.of(plan, cluster, estimated).items():
        pulumi.export(name, value)
