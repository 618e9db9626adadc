"""The real helm and kubeconform, got as the command line gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aicc import progress, toolbox
from tests.charts.model_server import ModelServer
from tests.support.helm import Helm


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(toolbox.ensure(["helm"], progress.reporter())["helm"])


@pytest.fixture(scope="session")
def kubeconform_binary() -> Path:
    return toolbox.ensure(["kubeconform"], progress.reporter())["kubeconform"]


@pytest.fixture(scope="session")
def chart(helm: Helm) -> ModelServer:
    return ModelServer(helm)
