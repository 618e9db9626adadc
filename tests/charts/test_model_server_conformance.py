"""What others' tools say about the chart: helm lint, yamllint, kubeconform."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aicc import paths
from tests.charts.model_server import ModelServer
from tests.support.kubeconform import kubeconform

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "everything": {
        "engine": "sglang",
        "model": {"name": "qwen3-235b", "source": "Qwen/Qwen3-235B-A22B"},
        "tenant": "research",
        "image": {"repository": "registry.example.com/ppu/sglang", "digest": "sha256:" + "0123456789abcdef" * 4},
        "accelerator": {"resource": "alibabacloud.com/ppu", "count": 16},
        "tensorParallelSize": 8,
        "pipelineParallelSize": 2,
        "maxModelLen": 131_072,
        "extraArgs": ["--mem-fraction-static=0.85"],
        "replicas": {"min": 2, "max": 8},
        "resources": {"limits": {"cpu": "32"}},
        "runtimeClassName": "ppu",
        "priorityClassName": "aicc-research",
        "nodeSelector": {"aicc.io/pool": "zhenwu"},
        "tolerations": [{"key": "aicc.io/accelerator", "operator": "Equal", "value": "ppu", "effect": "NoSchedule"}],
        "labels": {"example.com/cost-centre": "42"},
        "annotations": {"example.com/owner": "platform"},
    },
    "on CPUs": {
        "engine": "llama-cpp",
        "model": {"name": "all-minilm-l6-v2", "source": "/models/all-minilm-l6-v2/model.gguf"},
        "weights": {"claim": "models"},
        "accelerator": {"resource": "", "count": 0},
        "embeddings": True,
        "maxModelLen": 512,
        "maxConcurrentRequests": 8,
        "sharedMemory": "",
    },
    "prefill and decode apart": {
        "engine": "sglang",
        "disaggregation": {"enabled": True, "replicas": {"prefill": 2, "decode": 4}},
        "weights": {"claim": "models"},
        "model": {"name": "qwen3-235b", "source": "/models/qwen3-235b"},
    },
    "bare": {
        "accelerator": {"resource": "", "count": 0},
        "sharedMemory": "",
        "spread": [],
        "resources": {"requests": {"cpu": "", "memory": ""}, "limits": {"memory": ""}},
    },
}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def values(request: pytest.FixtureRequest) -> dict[str, Any]:
    chosen: dict[str, Any] = request.param
    return chosen


@pytest.fixture
def rendered(chart: ModelServer, values: dict[str, Any], tmp_path: Path) -> Path:
    target = tmp_path / "rendered.yaml"
    target.write_text(chart.text(**values), encoding="utf-8")
    return target


def _yamllint(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yamllint", "--strict", "--config-file", str(paths.REPO / ".yamllint")]
    return subprocess.run([*command, *files], capture_output=True, text=True, check=False)


def test_helm_lints_without_a_warning(chart: ModelServer, values: dict[str, Any]) -> None:
    assert "0 chart(s) failed" in chart.helm.lint(chart.path, values)


def test_rendered_manifests_are_clean_yaml(rendered: Path) -> None:
    done = _yamllint(rendered)
    assert done.returncode == 0, done.stdout


def test_chart_files_are_clean_yaml(chart: ModelServer) -> None:
    done = _yamllint(chart.path / "values.yaml", chart.path / "Chart.yaml")
    assert done.returncode == 0, done.stdout


def test_rendered_manifests_fit_kubernetes_own_schemas(rendered: Path, kubeconform_binary: Path) -> None:
    kubeconform(kubeconform_binary, [rendered])


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {port: 1}}", "additional properties 'port'"),
        ("{apiVersion: example.com/v1, kind: Unknown, metadata: {name: a}}", "could not find schema for Unknown"),
        ("", "Summary: 0 resource "),
    ],
    ids=["unknown field", "no schema", "nothing"],
)
def test_kubeconform_refuses(kubeconform_binary: Path, tmp_path: Path, manifest: str, complaint: str) -> None:
    target = tmp_path / "manifest.yaml"
    target.write_text(manifest, encoding="utf-8")
    with pytest.raises(AssertionError, match=complaint):
        kubeconform(kubeconform_binary, [target])


def test_kubeconform_reads_schemas_of_custom_resources(kubeconform_binary: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schemas" / "example.com" / "widget_v1.json"
    schema.parent.mkdir(parents=True)
    schema.write_text('{"type": "object", "required": ["spec"]}', encoding="utf-8")
    target = tmp_path / "widget.yaml"
    target.write_text("{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}, spec: {}}", encoding="utf-8")
    kubeconform(kubeconform_binary, [target], [tmp_path / "schemas"])
