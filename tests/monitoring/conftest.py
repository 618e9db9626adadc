"""The real promtool, got as the command line gets it."""

from __future__ import annotations

import pytest

from aicc import progress, toolbox
from tests.support.promtool import Promtool


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    return Promtool(toolbox.ensure(["promtool"], progress.reporter())["promtool"])
