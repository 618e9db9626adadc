"""Images for a node that has no registry: archives in, by name; and the pause image, made of one static binary."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from aicc.errors import ClusterError
from aicc.toolbox.catalogue import platform_name
from infra import versions

PAUSE = f"docker.io/local/pause:{versions.PAUSE}"


def write_static(binary: Path, reference: str, archive: Path) -> None:
    """Write an image of one static binary, which it runs, as a docker archive: the same binary gives the same bytes."""
    layer = _tar({binary.name: (binary.read_bytes(), 0o755)})
    config = json.dumps(
        {
            "architecture": platform_name().rpartition("-")[2],
            "os": "linux",
            "config": {"Entrypoint": [f"/{binary.name}"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": [reference], "Layers": ["layer.tar"]}]).encode()
    content = {"manifest.json": manifest, name: config, "layer.tar": layer}
    archive.write_bytes(_tar({path: (data, 0o644) for path, data in content.items()}))


def references(archive: Path) -> list[str]:
    """Return the full names of the images in a docker or OCI archive.

    Raises ClusterError where it is neither.
    """
    try:
        with tarfile.open(archive) as tar:
            members = set(tar.getnames())
            if "manifest.json" in members:
                found = [tag for image in _json(tar, "manifest.json") for tag in image.get("RepoTags") or ()]
            else:
                annotations = [image.get("annotations", {}) for image in _json(tar, "index.json")["manifests"]]
                keys = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
                found = [next((item[key] for key in keys if key in item), "") for item in annotations]
    except (OSError, tarfile.TarError, ValueError, LookupError) as error:
        raise ClusterError(
            f"{archive} is no image archive: {error}", hint="remove it, and the next run makes it again"
        ) from error
    return [reference for reference in found if reference]


def present(ctr: list[str]) -> set[str]:
    """Return the names of the images that the node has; `ctr` is the command line that reaches its containerd."""
    done = subprocess.run([*ctr, "images", "list", "--quiet"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(
            f"containerd of the local node does not answer:\n{done.stderr.strip()}",
            hint="run the command again; docs/runbooks/local-node.md says more",
        )
    return set(done.stdout.split())


def add(ctr: list[str], archive: Path) -> None:
    """Import an archive; raises ClusterError where containerd refuses it."""
    with archive.open("rb") as content:
        done = subprocess.run(
            [*ctr, "images", "import", "-"], stdin=content, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise ClusterError(
            f"containerd of the local node could not import {archive}:\n{done.stderr.strip()}",
            hint="if the archive is damaged, remove it, and the next run makes it again",
        )


def _json(tar: tarfile.TarFile, member: str) -> Any:
    file = tar.extractfile(member)
    return json.loads(file.read()) if file else {}


def _tar(content: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, (data, mode) in content.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
