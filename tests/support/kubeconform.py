"""Strict validation of manifests against Kubernetes' own schemas, without internet.

The schemas come with the package `kubernetes-validate`. There they name each other by an address at kubernetes.io
that serves nothing, so kubeconform reads a copy in which they name each other by file.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra import versions

_BUILT_IN = "{{ .ResourceKind }}{{ .KindSuffix }}.json"
_CUSTOM = "{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"
_ID = re.compile(r',\s*"\$id": "[^"]*"')


def kubeconform(binary: Path, files: Sequence[Path], extra_schema_dirs: Sequence[Path] = ()) -> None:
    """Raise AssertionError, with kubeconform's output, unless every object in `files` fits its schema exactly.

    An object without a schema is an error too. `extra_schema_dirs` hold schemas of custom resources, laid out as
    `<group>/<kind>_<version>.json`, all in lower case.
    """
    locations = [f"{_schemas()}/{_BUILT_IN}", *(f"{folder}/{_CUSTOM}" for folder in extra_schema_dirs)]
    arguments = [argument for location in locations for argument in ("-schema-location", location)]
    done = subprocess.run(
        [binary, "-strict", "-summary", *arguments, *files],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or "Summary: 0 resource" in done.stdout:
        raise AssertionError(f"kubeconform refused the manifests:\n{done.stdout}{done.stderr}")


@functools.cache
def _schemas() -> Path:
    package = importlib.util.find_spec("kubernetes_validate")
    assert package, "kubernetes-validate is not installed"
    assert package.origin
    minor = versions.KUBERNETES.rsplit(".", maxsplit=1)[0]
    source = Path(package.origin).parent / "kubernetes-json-schema" / f"v{minor}.0-local-strict"
    assert source.is_dir(), f"kubernetes-validate has no schemas for Kubernetes {minor}"

    copy = tempfile.TemporaryDirectory(prefix="kubernetes-schemas-")
    atexit.register(copy.cleanup)
    for schema in source.glob("*.json"):
        text = schema.read_text(encoding="utf-8").replace('"/api/_definitions.json#', '"_definitions.json#')
        (Path(copy.name) / schema.name).write_text(_ID.sub("", text), encoding="utf-8")
    return Path(copy.name)
