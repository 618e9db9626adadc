"""The programs that clusters run, where they have been built: `python -m aicc.toolbox victoria-logs vmauth otelcol`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from aicc import toolbox
from infra.catalogue import load
from infra.config.load import from_file
from infra.layers.telemetry import stores
from infra.plan import CenterPlan, resolve
from tests.gateway.conftest import gate, go, helm
from tests.layers.test_telemetry import DECLARED
from tests.telemetry.programs import Store

__all__ = ["gate", "go", "helm"]

WANTED = "AICC_TEST_TELEMETRY"
"""Set to 1, what has not been built is built, and not skipped."""


@pytest.fixture(scope="session")
def binary() -> Callable[[str], Path]:
    from aicc.progress import reporter

    def found(name: str) -> Path:
        if os.environ.get(WANTED) == "1":
            return toolbox.ensure([name], reporter())[name]
        if located := toolbox.locate(name):
            return located.path
        pytest.skip(f"{name} is not built here: python -m aicc.toolbox {name}")

    return found


@pytest.fixture(scope="session")
def plan() -> CenterPlan:
    """Two tenants, `research` and `research-2`, and two retentions."""
    return resolve(from_file(DECLARED), load())


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def kept(plan: CenterPlan, tmp_path: Path, binary: Callable[[str], Path], cleanup: ExitStack) -> Mapping[str, Store]:
    """The stores of a centre, by name."""
    found = {}
    for store in stores.of_logs(plan.logs):
        home = tmp_path / store.name
        home.mkdir()
        found[store.name] = Store.start(binary("victoria-logs"), home, f"{store.retention_days}d")
        cleanup.callback(found[store.name].process.stop)
    return found
