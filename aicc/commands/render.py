"""`aicc render`: the stack's manifests as a folder fit for GitOps and `kubectl apply -k`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from aicc.errors import AiccError
from aicc.manifests import Manifest
from aicc.offline.graph import Graph
from aicc.offline.record import Resource
from aicc.offline.values import without_later

INDEX = "kustomization.yaml"
_HEADER = "# Rendered by `aicc render`; change the stack, not this file.\n"
_AFTER_WEIGHTS = {"argocd.argoproj.io/sync-wave": "1"}
"""Argo CD applies it once everything without a wave is healthy, the jobs that fetch weights among them."""
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class NotOursError(AiccError):
    """The output folder holds something that `aicc render` did not write."""


def render(graph: Graph, out: Path) -> list[Path]:
    """Write one file per object and an index in dependency order; what an earlier rendering left over is removed.

    Objects that hold a secret, or a value that only the cloud can give, are left out. Charts that others publish are
    named in the index, for `kustomize build --enable-helm`. The index comes first, so that a second rendering can go on
    from an interrupted one.

    Raises NotOursError, before writing, where the folder holds anything else.
    """
    earlier = _rendered(out)
    kept = [manifest for manifest in graph.manifests if not (manifest.secret or manifest.incomplete)]
    files = {path_of(manifest): manifest for manifest in kept}
    fetched = any(manifest.layer == "weights" for manifest in kept)
    for stale in earlier - set(files):
        _remove(out / stale)
    index = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [str(relative) for relative in files],
        **({"helmCharts": charts} if (charts := [_chart(item) for item in graph.upstream_charts]) else {}),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / INDEX).write_text(_HEADER + _dump(index), encoding="utf-8")
    for relative, manifest in files.items():
        path = out / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        body = _after_weights(manifest.body) if fetched and manifest.layer == "serving" else manifest.body
        path.write_text(_HEADER + _dump(body), encoding="utf-8")
    return [out / relative for relative in files]


def _chart(release: Resource) -> Mapping[str, object]:
    """A release as kustomize writes it; what the cloud gives later is left out of its values."""
    inputs = release.inputs
    address, _, name = inputs["chart"].rpartition("/")
    return {
        "name": name,
        "repo": address or inputs["repositoryOpts"]["repo"],
        "version": inputs["version"],
        "releaseName": release.name,
        "namespace": inputs["namespace"],
        "includeCRDs": True,
        # As Pulumi registers it: a chart's own tests are hooks.
        "skipHooks": True,
        "valuesInline": without_later(inputs.get("values", {})),
    }


def _after_weights(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model's object, in the wave after its weights; where nobody heeds waves, its pods wait for their files."""
    metadata = body["metadata"]
    return {**body, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **_AFTER_WEIGHTS}}}


def path_of(manifest: Manifest) -> Path:
    """`tenancy/tenant-research/resourcequota-tenant.yaml`; cluster-scoped objects are in `cluster`."""
    folder = Path(manifest.layer) / (manifest.namespace or "cluster")
    return folder / f"{manifest.kind.lower()}-{manifest.name.replace(':', '-')}.yaml"


def _rendered(out: Path) -> set[Path]:
    """What an earlier rendering wrote there."""
    if out.exists() and not out.is_dir():
        raise NotOursError(f"{out} is not a folder", hint="name an empty folder")
    if not out.exists() or not any(out.iterdir()):
        return set()
    index = out / INDEX
    if not index.is_file() or not index.read_text(encoding="utf-8").startswith(_HEADER):
        raise NotOursError(f"{out} is not empty and was not written by `aicc render`", hint="name an empty folder")
    return {Path(item) for item in yaml.safe_load(index.read_text(encoding="utf-8"))["resources"]}


def _remove(path: Path) -> None:
    """Remove a file of an earlier rendering; what others have added to the index stays."""
    if path.is_file() and path.read_text(encoding="utf-8").startswith(_HEADER):
        path.unlink()


def _dump(document: Mapping[str, object]) -> str:
    return yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, explicit_start=True
    )
