"""What a public cloud demands of a declared centre beyond its catalogue, so that it says no before anything is created.

Each cloud has a module; what all demand alike is in `common`. None needs the cloud's SDK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from infra.catalogue import Catalogue
from infra.config.issues import Issue
from infra.config.models import Center
from infra.plan.demands import alicloud, aws, azure, common, gcp


class Demands(Protocol):
    """One cloud's demands."""

    def check(self, center: Center, catalogue: Catalogue) -> Iterator[Issue]:
        """What the cloud, or the package that builds on it, would refuse."""

    def notes(self, center: Center, catalogue: Catalogue) -> Iterator[str]:
        """What it takes, and whoever runs the centre should know."""


CLOUDS: Mapping[str, Demands] = {"alicloud": alicloud, "aws": aws, "gcp": gcp, "azure": azure}
"""Only public clouds have any."""


def check(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """What the declared cloud would refuse."""
    if cloud := CLOUDS.get(center.cloud.kind):
        yield from common.check(center)
        yield from cloud.check(center, catalogue)


def notes(center: Center, catalogue: Catalogue) -> Iterator[str]:
    """What only the declared cloud makes noteworthy."""
    if cloud := CLOUDS.get(center.cloud.kind):
        yield from cloud.notes(center, catalogue)
