"""The images of this repository that a stack's pods run: built before anything changes, and given to the real node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aicc import images
from aicc.errors import ConfigError
from aicc.local.node.node import RealNode
from aicc.manifests import Manifest
from aicc.offline.graph import graph_of
from aicc.progress import Reporter
from aicc.stacks import Stack
from infra.images import is_local, local_image, name_of, names


def build(stack: Stack, reporter: Reporter) -> dict[str, Path]:
    """Return the archive of each image that the stack uses, built where it is not yet.

    Raises ConfigError where a pod names an image that no folder makes, PrerequisiteError and AiccError as building
    does.
    """
    with reporter.step("Looking which images the stack uses"):
        wanted = used(graph_of(stack.name, stack.path, reporter).manifests)
    return images.ensure(wanted, reporter)


def give(stack: Stack, archives: Mapping[str, Path], reporter: Reporter) -> None:
    """Import images into the stack's real node."""
    if archives:
        RealNode(stack.name).import_images(archives, reporter)


def used(manifests: Iterable[Manifest]) -> list[str]:
    """Return the names of the images of this repository that some manifests run, in order.

    Raises ConfigError where one names what is not made here.
    """
    found = {
        reference: manifest for manifest in manifests for reference in _images(manifest.body) if is_local(reference)
    }
    for reference, manifest in found.items():
        name = name_of(reference)
        if name not in names() or local_image(name) != reference:
            made = local_image(name) if name in names() else f"one of {', '.join(names())}"
            raise ConfigError(
                f"{manifest} runs {reference}, which is not what images/ makes: {made}",
                hint="leave the image out of the stack file, or name one of a registry; nothing was changed",
            )
    return sorted({name_of(reference) for reference in found})


def _images(node: Any) -> Iterator[str]:
    """Every `image` in an object, whatever kind of pod it makes."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "image" and isinstance(value, str):
                yield value
            else:
                yield from _images(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _images(item)
