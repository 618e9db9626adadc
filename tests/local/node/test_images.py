"""Image archives, without containerd."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from aicc.errors import ClusterError
from aicc.local.node import images


def _archive(path: Path, member: str, content: object) -> Path:
    data = json.dumps(content).encode()
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo(member)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return path


def test_the_same_binary_gives_the_same_image_under_the_name_given(tmp_path: Path) -> None:
    binary = tmp_path / "program"
    binary.write_bytes(b"\x7fELF and so on")
    archives = [tmp_path / "one.tar", tmp_path / "two.tar"]
    for archive in archives:
        images.write_static(binary, "docker.io/local/program:1", archive)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    assert images.references(archives[0]) == ["docker.io/local/program:1"]


@pytest.mark.parametrize("key", ["io.containerd.image.name", "org.opencontainers.image.ref.name"])
def test_an_oci_archive_names_its_images(tmp_path: Path, key: str) -> None:
    index = {"manifests": [{"annotations": {key: "docker.io/local/a:1"}}, {}]}
    assert images.references(_archive(tmp_path / "oci.tar", "index.json", index)) == ["docker.io/local/a:1"]


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.tar"
    path.write_bytes(content)
    with pytest.raises(ClusterError, match="is no image archive"):
        images.references(path)


def test_an_archive_without_images_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="is no image archive"):
        images.references(_archive(tmp_path / "empty.tar", "readme", {}))
