"""A configuration and objects to measure by, small and readable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from images.meter.meter.config import Config, load

Document = dict[str, Any]
RESOURCE = "alibabacloud.com/ppu"


def document() -> Document:
    """A configuration with every field."""
    return {
        "version": 1,
        "center": "lab",
        "assumedUtilizationRatio": 0.6,
        "pue": {"value": 1.2, "source": "declared"},
        "grid": {"id": "east", "gco2ePerKwh": 500.0, "year": 2024},
        "pools": [
            {
                "name": "zhenwu",
                "nodeLabels": {"aicc.io/pool": "zhenwu"},
                "instance": "sim.zhenwu",
                "nodes": 2,
                "accelerator": "zhenwu-810e",
                "vendor": "t-head",
                "resource": RESOURCE,
                "acceleratorsPerNode": 16,
                "hostIdleWatts": 800.0,
                "hostPeakWatts": 1200.0,
                "acceleratorIdleWatts": 57.0,
                "acceleratorPeakWatts": 400.0,
                "embodiedGco2ePerHour": 142.5,
                "embodiedComplete": False,
                "price": {"perHour": 9.5, "currency": "USD"},
            },
            {"name": "system", "nodeLabels": {"aicc.io/role": "system"}},
        ],
        "tenants": [
            {
                "name": "research",
                "kind": "research",
                "namespace": "tenant-research",
                "budget": {"kwhPerMonth": 1000.0, "kgco2ePerMonth": 700.0},
            },
            {"name": "guests", "kind": "enterprise", "namespace": "tenant-guests"},
        ],
        "models": [
            {
                "name": "qwen",
                "tenant": "research",
                "slo": {"availabilityRatio": 0.99, "latencyRatio": 0.95, "ttftSeconds": 2.0, "tpotSeconds": 0.2},
            },
            {"name": "embed", "tenant": "guests", "slo": {"availabilityRatio": 0.9, "latencyRatio": 0.95}},
        ],
    }


def config(folder: Path, found: Document | None = None) -> Config:
    """Read it as the meter does."""
    path = folder / "meter.yaml"
    path.write_text(yaml.safe_dump(document() if found is None else found), encoding="utf-8")
    return load(path)


def node(name: str, labels: dict[str, str] | None = None, *, ready: str = "True", pieces: str = "16") -> Document:
    return {
        "metadata": {"name": name, "labels": labels or {"aicc.io/pool": "zhenwu", "aicc.io/simulated": "true"}},
        "status": {
            "allocatable": {"cpu": "159500m", RESOURCE: pieces},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def pod(name: str, namespace: str = "tenant-research", **more: Any) -> Document:
    """A pod of one container; `spec`, `labels`, `owners` and `phase` say what is special."""
    container = {"name": "main", "resources": {"requests": {"cpu": "500m", RESOURCE: "8"}}}
    return {
        "metadata": {
            "namespace": namespace,
            "name": name,
            "creationTimestamp": "2026-11-27T00:00:00Z",
            "labels": more.get("labels", {}),
            "ownerReferences": more.get("owners", []),
        },
        "spec": {"containers": [container], "nodeName": "zhenwu-0000", **more.get("spec", {})},
        "status": {"phase": more.get("phase", "Running")},
    }
