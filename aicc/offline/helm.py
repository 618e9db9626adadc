"""Renders releases with `helm template`.

Starting Helm costs more than rendering: 200 releases take 12 s of CPU one by one and 1 s in one process. Releases of
this project's own charts are therefore rendered together, as aliases under an umbrella chart. For that each of them
takes `fullnameOverride` and `namespaceOverride`, and a test holds both ways against each other.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from aicc.errors import AiccError, ConfigError
from aicc.paths import CHARTS
from infra import versions

_TIMEOUT_SECONDS = 120
_SOURCE = re.compile(r"^---\n# Source: umbrella/charts/r(\d+)/.*$", re.MULTILINE)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Objects = list[dict[str, Any]]


@dataclass(frozen=True)
class Release:
    """Everything that a rendering depends on."""

    name: str
    namespace: str
    chart: Path
    values: Mapping[str, Any]

    @property
    def key(self) -> str:
        """A digest of it all."""
        values = json.dumps(self.values, sort_keys=True)
        parts = [versions.HELM, versions.KUBERNETES, _digest(self.chart), self.name, self.namespace, values]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _digest(folder: Path) -> str:
    """Of a chart's files, their names included."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def render(releases: Sequence[Release], helm: Path) -> list[Objects]:
    """The objects of each release, in the releases' order.

    Raises ConfigError with Helm's message where a chart refuses its values.
    """
    rendered: dict[int, Objects] = {}
    for chart in {release.chart for release in releases}:
        chosen = [index for index, release in enumerate(releases) if release.chart == chart]
        objects = _render_chart(chart, [releases[index] for index in chosen], helm)
        rendered.update(zip(chosen, objects, strict=True))
    return [rendered[index] for index, _ in enumerate(releases)]


def _render_chart(chart: Path, releases: Sequence[Release], helm: Path) -> list[Objects]:
    if chart.parent == CHARTS and len(releases) > 1:
        try:
            return render_together(chart, releases, helm)
        except ConfigError:
            pass  # one by one, Helm says which release it refuses
    return [render_alone(release, helm) for release in releases]


def render_alone(release: Release, helm: Path) -> Objects:
    """One release in a process of its own, as Pulumi's provider does it."""
    text = _template(helm, release.name, release.chart, release.namespace, release.values)
    return [document for document in yaml.load_all(text, Loader=_Loader) if document]


def render_together(chart: Path, releases: Sequence[Release], helm: Path) -> list[Objects]:
    """Many releases of one of this project's charts, in one process."""
    version = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))["version"]
    dependencies = [{"name": chart.name, "version": version, "alias": f"r{index}"} for index, _ in enumerate(releases)]
    values = {
        f"r{index}": {**release.values, "fullnameOverride": release.name, "namespaceOverride": release.namespace}
        for index, release in enumerate(releases)
    }
    with tempfile.TemporaryDirectory() as temporary:
        umbrella = Path(temporary) / "umbrella"
        shutil.copytree(chart, umbrella / "charts" / chart.name)
        about = {"apiVersion": "v2", "name": "umbrella", "version": "0.0.0", "dependencies": dependencies}
        (umbrella / "Chart.yaml").write_text(json.dumps(about), encoding="utf-8")
        text = _template(helm, "umbrella", umbrella, "default", values)
    objects: list[Objects] = [[] for _ in releases]
    _, *pieces = _SOURCE.split(text)
    for alias, body in zip(pieces[::2], pieces[1::2], strict=True):
        objects[int(alias)] += [document for document in yaml.load_all(body, Loader=_Loader) if document]
    return objects


def _template(helm: Path, name: str, chart: Path, namespace: str, values: Mapping[str, Any]) -> str:
    command = [str(helm), "template", name, str(chart), "--namespace", namespace]
    try:
        done = subprocess.run(
            [*command, "--kube-version", versions.KUBERNETES, "--values", "-"],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise AiccError(f"helm rendered {name} for more than {_TIMEOUT_SECONDS} s", hint="run it again") from error
    if done.returncode != 0:
        raise ConfigError(f"chart {chart.name} refuses the values of {name}: {done.stderr.strip()}")
    return done.stdout
