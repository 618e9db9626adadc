"""Expands releases of this project's own charts with `helm template`, into what the provider would register.

Renderings are cached by everything that goes into them: a chart that did not change costs nothing.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aicc import paths
from aicc.errors import ConfigError
from aicc.offline.helm import Release, render
from aicc.offline.record import PROGRAM, Resource
from aicc.offline.values import has_secret
from aicc.progress import Reporter
from aicc.toolbox import ensure
from infra.layers.objects import RELEASE_TYPE, type_token

CHART_TYPE = "kubernetes:helm.sh/v4:Chart"
MAX_CACHED = 4_000


def expand(resources: Sequence[Resource], reporter: Reporter) -> list[Resource]:
    """Every resource, with each chart followed by the objects it renders to.

    Raises ConfigError with Helm's message where a chart refuses its values.
    """
    releases = {resource.urn: _release(resource) for resource in resources if is_own_chart(resource)}
    folder = paths.private_dir(paths.cache_dir() / "charts")
    rendered = {urn: _cached(folder, release) for urn, release in releases.items()}
    if missing := [urn for urn, objects in rendered.items() if objects is None]:
        made = render([releases[urn] for urn in missing], ensure(["helm"], reporter)["helm"])
        for urn, objects in zip(missing, made, strict=True):
            rendered[urn] = objects
            _keep(folder / f"{releases[urn].key}.json", json.dumps(objects))
        _make_room(folder)
    expanded = []
    for resource in resources:
        expanded.append(resource)
        expanded += [_child(resource, body) for body in rendered.get(resource.urn) or []]
    return expanded


def is_chart(resource: Resource) -> bool:
    """Whether it is a Helm release, of Pulumi's making or of Helm's own."""
    return resource.type in {CHART_TYPE, RELEASE_TYPE}


def is_own_chart(resource: Resource) -> bool:
    """Whether it is a release of a chart in this repository; others are rendered where their registry is reached."""
    return is_chart(resource) and "version" not in resource.inputs


def _release(chart: Resource) -> Release:
    if has_secret(chart.inputs):
        raise ConfigError(
            f"chart {chart.name} is given a secret value, which would be rendered into files",
            hint="declare a Secret object and let the chart refer to it",
        )
    folder = (PROGRAM / chart.inputs["chart"]).resolve()
    return Release(chart.name, chart.inputs["namespace"], folder, chart.inputs.get("values", {}))


def _child(chart: Resource, body: Mapping[str, Any]) -> Resource:
    """One rendered object, named and typed as the provider does."""
    metadata = body["metadata"]
    place = f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else metadata["name"]
    name, token = f"{chart.name}:{place}", type_token(body)
    head, _, _ = chart.urn.rpartition("::")
    return Resource(f"{head}${token}::{name}", token, name, chart.urn, chart.dependencies, custom=True, inputs=body)


def _cached(folder: Path, release: Release) -> list[dict[str, Any]] | None:
    try:
        objects = json.loads((folder / f"{release.key}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return objects if isinstance(objects, list) else None


def _keep(cached: Path, text: str) -> None:
    """Write atomically: another run may be reading."""
    with tempfile.NamedTemporaryFile("w", dir=cached.parent, delete=False, encoding="utf-8") as temporary:
        temporary.write(text)
    Path(temporary.name).replace(cached)


def _make_room(folder: Path) -> None:
    """Forget the oldest renderings where there are too many."""
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in kept[: max(0, len(kept) - MAX_CACHED)]:
        path.unlink(missing_ok=True)
