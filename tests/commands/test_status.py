"""What `aicc status` says of a model, from the workloads that run it."""

from __future__ import annotations

from typing import Any

import pytest

from aicc.commands import status
from aicc.commands.status import ModelStatus
from aicc.paths import REPO
from infra.catalogue import load
from infra.config.load import from_file
from infra.outputs import GATEWAY_ENDPOINT
from infra.plan import ModelPlan, resolve

APART, WHOLE = resolve(from_file(REPO / "tests/config_cases/local.ok.prefill-and-decode-apart.yaml"), load()).models


def workload(release: str, wanted: int, ready: int, half: str = "") -> dict[str, Any]:
    labels = {"app.kubernetes.io/instance": release, "app.kubernetes.io/component": f"model-server{half}"}
    return {
        "metadata": {"namespace": "tenant-apps", "name": f"{release}{half}", "labels": labels},
        "spec": {"replicas": wanted},
        "status": {"readyReplicas": ready},
    }


def told(monkeypatch: pytest.MonkeyPatch, model: ModelPlan, *serving: dict[str, Any]) -> ModelStatus:
    monkeypatch.setattr(status, "why_not_ready", lambda _, own: f"{own['metadata']['name']} waits")
    return status._model(model, list(serving), {}, None)  # type: ignore[arg-type]


def test_the_replicas_of_both_halves_are_the_model_s(monkeypatch: pytest.MonkeyPatch) -> None:
    halves = [workload("model-apart", 2, 2, "-prefill"), workload("model-apart", 1, 1, "-decode")]
    found = told(monkeypatch, APART, *halves)
    assert (found.ready, found.wanted, found.enough, found.endpoint) == (3, 3, True, GATEWAY_ENDPOINT)


def test_what_one_half_waits_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    halves = [workload("model-apart", 2, 2, "-prefill"), workload("model-apart", 1, 0, "-decode")]
    found = told(monkeypatch, APART, *halves)
    assert (found.ready, found.wanted, found.enough) == (2, 3, False)
    assert found.problem == "model-apart-decode waits"


def test_a_half_that_is_not_there_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, APART, workload("model-apart", 2, 2, "-prefill"))
    assert (found.ready, found.wanted, found.enough) == (2, 3, False)


def test_a_whole_model_is_one_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, WHOLE, workload("model-whole", 1, 0))
    assert (found.ready, found.wanted, found.problem) == (0, 1, "model-whole waits")
