"""The chart under test, rendered as a release of a tenant's namespace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aicc import paths
from tests.support.helm import Helm, Objects


@dataclass(frozen=True)
class ModelServer:
    """`charts/model-server` with the helm that renders it; keyword arguments are values."""

    helm: Helm
    path: Path = field(default=paths.CHARTS / "model-server")

    def text(self, release: str = "model-qwen3", **values: Any) -> str:
        return self.helm.template(self.path, values, release=release, namespace="tenant-a")

    def objects(self, **values: Any) -> Objects:
        return Objects.parse(self.text(**values))

    def pod(self, **values: Any) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.objects(**values)["Deployment"]["spec"]["template"]["spec"]
        return spec

    def container(self, **values: Any) -> Mapping[str, Any]:
        [container] = self.pod(**values)["containers"]
        return dict(container)
