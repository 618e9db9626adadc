"""The example's plan and what it records, once for all of its tests."""

from __future__ import annotations

import pytest

from infra.catalogue import load
from infra.config.load import from_file
from infra.plan import CenterPlan, resolve
from tests.clouds.aws.example import EXAMPLE, Recorded, planned


@pytest.fixture(scope="package")
def example() -> Recorded:
    return planned()


@pytest.fixture(scope="package")
def plan() -> CenterPlan:
    return resolve(from_file(EXAMPLE), load())
