"""Our own charts as a layer registers them."""

from __future__ import annotations

import os
from pathlib import Path

from infra import images

_FOLDER = Path(__file__).resolve().parent.parent.parent / "charts"


def chart(name: str) -> str:
    """The chart's folder, relative to where the program runs, so that no machine's path reaches the state."""
    return os.path.relpath(_FOLDER / name)


def image(reference: str) -> dict[str, str]:
    """An image reference in a chart's parts.

    A port in the registry's name is not a tag.
    """
    name, _, digest = reference.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    return {"repository": repository, "tag": tag, "digest": digest, "pullPolicy": pull_policy(reference)}


def pull_policy(reference: str) -> str:
    """What is built here is on the node, or nowhere."""
    return "Never" if images.is_local(reference) else "IfNotPresent"
