"""The example's plan and what it records, once for all of its tests."""

from __future__ import annotations

import pytest

from aicc.offline.record import Recording, record
from infra.catalogue import load
from infra.config.load import from_file
from infra.plan import CenterPlan, resolve
from tests.clouds.gcp.example import CONFIG, FILE, STACK


@pytest.fixture(scope="package")
def recording() -> Recording:
    return record(STACK, CONFIG)


@pytest.fixture(scope="package")
def plan() -> CenterPlan:
    return resolve(from_file(FILE), load())
