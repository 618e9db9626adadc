"""What every test may use: the local stack's plan and graph, goldens, and Hypothesis without a clock."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from aicc import stacks
from aicc.offline.graph import Graph
from infra.plan import CenterPlan
from tests.support.graphs import Graphs

# The same examples in every run, and none refused for being slow: no machine's speed decides a test.
# More, at random: pytest --hypothesis-profile=default
settings.register_profile("aicc", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aicc")


def pytest_configure() -> None:
    """Whatever the environment of this run is, what it starts can be interrupted, and is compiled once."""
    # A shell starts its background jobs with SIGINT ignored.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Hundreds of commands would each compile the whole project, and each process of the tests all of the tests.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


STARTS_CLUSTERS = {"apply", "drivers", "end_to_end", "engines", "images", "local", "models", "scaling", "telemetry"}
"""Folders whose tests start control planes, nodes and builds, and look at what the whole machine has of them."""


class TwoLines(LoadScopeScheduling):
    """With `--dist loadscope`: what starts clusters runs one after the other, and all else beside it, by folder."""

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.removeprefix("tests/").partition("/")[0]
        return "clusters" if folder in STARTS_CLUSTERS else folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TwoLines:
    return TwoLines(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="rewrite tests/goldens, and fail for a review")


@pytest.fixture(scope="session")
def local_plan() -> CenterPlan:
    return stacks.stack("local").plan


@pytest.fixture(scope="session")
def stack_graphs() -> Mapping[str, Graph]:
    """The resources of every stack that has a file."""
    return Graphs()


@pytest.fixture(scope="session")
def local_graph(stack_graphs: Mapping[str, Graph]) -> Graph:
    return stack_graphs["local"]
