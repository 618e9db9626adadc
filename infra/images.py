"""The container images that are built from this repository, and the reference of each: pure, offline, deterministic.

A tag is a hash of everything that an image is made from: its folder below `images/`, and the base where it has one.
What Debian's archive serves that day is the one input that it does not cover. Building them is `aicc.images`' part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from infra import versions

FOLDER = Path(__file__).resolve().parent.parent / "images"
REPOSITORY = "docker.io/local"
"""No registry: such an image is imported into the nodes that run it, and never pulled."""
BASE = "debian"
"""The folder of the base image; it is no image that a plan names."""
DIGITS = 16


def names() -> tuple[str, ...]:
    """Every image, in order of name."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/Containerfile")))


def local_image(name: str) -> str:
    """Return the full reference of an image, such as `docker.io/local/pause:0123456789abcdef`.

    Raises KeyError where there is no `images/<name>/Containerfile`.
    """
    return f"{REPOSITORY}/{name}:{content_hash(name)}"


def is_local(reference: str) -> bool:
    """Whether an image is built here, and so can be pulled from nowhere."""
    return reference.startswith(f"{REPOSITORY}/")


def name_of(reference: str) -> str:
    """Return the image's name in a reference that `local_image` made."""
    return reference.removeprefix(f"{REPOSITORY}/").partition(":")[0]


def content_hash(name: str) -> str:
    """Return the hash of what the image is made from, in hexadecimal digits.

    Raises KeyError where there is no such image.
    """
    folder = FOLDER / name
    if not (folder / "Containerfile").is_file():
        raise KeyError(name)
    content = hashlib.sha256()
    for part in _parts(folder):
        content.update(part)
    if needs_base(name):
        content.update(base_hash().encode())
    return content.hexdigest()[:DIGITS]


def needs_base(name: str) -> bool:
    """Whether the image starts from the base image, in its last stage or an earlier one."""
    return "ARG BASE" in (FOLDER / name / "Containerfile").read_text(encoding="utf-8").splitlines()


def base_hash() -> str:
    """Return the hash of what the offline base is made from, and of the ordinary base that stands for the same."""
    content = hashlib.sha256(f"{versions.DEBIAN.suite} {versions.DEBIAN.image}".encode())
    for part in _parts(FOLDER / BASE):
        content.update(part)
    return content.hexdigest()[:DIGITS]


def _parts(folder: Path) -> Iterator[bytes]:
    """Each file's name, whether it can be run, and what it holds; what editors and Python leave behind is not part."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        name = path.relative_to(folder)
        if any(part.startswith(".") or part == "__pycache__" for part in name.parts) or name.suffix == ".md":
            continue
        held = path.read_bytes()
        runs = bool(path.stat().st_mode & 0o100)
        yield f"{name.as_posix()} {runs} {len(held)}\n".encode()
        yield held
