"""Two engines for a model, the router and the gate, shared by the tests that leave them as they were."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from aicc import paths, progress, toolbox
from aicc.toolbox import golang
from tests.gateway.stack import Engine, Gateway, running
from tests.support.helm import Helm

if importlib.util.find_spec("smg") is None:
    pytest.skip("SMG has no wheel for this platform", allow_module_level=True)

GATE = paths.REPO / "images" / "gateway" / "gate"


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(toolbox.ensure(["helm"], progress.reporter())["helm"])


@pytest.fixture(scope="session")
def go() -> golang.Go:
    return golang.find(GATE, progress.reporter())


@pytest.fixture(scope="session")
def gate(go: golang.Go, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import subprocess

    binary = tmp_path_factory.mktemp("gate") / "gate"
    subprocess.run([go.command, "build", "-o", binary, "."], cwd=GATE, env=go.environment, check=True)
    return binary


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    started = Engine.start("tiny", tmp_path_factory.mktemp("engine"))
    yield started
    started.process.stop()


@pytest.fixture(scope="session")
def gateway(gate: Path, helm: Helm, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    made = Gateway(
        tmp_path_factory.mktemp("gateway"),
        gate,
        helm,
        values={"hold": {"seconds": 1, "queue": 2}, "maxBodyBytes": 4096},
    )
    with running(made, [engine]) as started:
        yield started


@pytest.fixture
def start(gate: Path, helm: Helm, tmp_path: Path) -> Iterator[Callable[..., tuple[Gateway, list[Engine]]]]:
    """Starts a gateway of a test's own."""
    with ExitStack() as stack:

        def started(models: tuple[str, ...] = ("tiny",), **settings: Any) -> tuple[Gateway, list[Engine]]:
            engines = []
            for model in models:
                engines.append(Engine.start(model, tmp_path))
                stack.callback(engines[-1].process.stop)
            made = Gateway(tmp_path, gate, helm, **settings)
            stack.enter_context(running(made, engines))
            return made, engines

        yield started
