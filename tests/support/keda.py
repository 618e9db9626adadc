"""KEDA's programs, which only stacks that ask for them build: tests run where they are, and say how to get them."""

from __future__ import annotations

import pytest

from aicc import toolbox
from aicc.local.keda.layout import PROGRAMS

BUILT = pytest.mark.skipif(
    not all(toolbox.locate(name) for name in PROGRAMS),
    reason="KEDA is not built on this machine: `make scaling` builds it, with progress, and runs these tests",
)
