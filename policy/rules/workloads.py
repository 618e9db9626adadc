"""Pods: images by digest, and nothing of the host outside of the accelerators' namespace.

The cluster's admission policies refuse the same at run time (infra/layers/admission.py); here a plan fails earlier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra import names
from policy.model import UNKNOWN, Messages, Props, ResourceRule, Stack, StackRule, Subject, UndecidedError
from policy.read import is_true, mappings, value

_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_HOST = ("hostNetwork", "hostPID", "hostIPC")
_HOLDERS = frozenset({"containers", "jobTemplate", "spec", "template"})
"""Where pods are: one of these that is not known could hide some."""
_OPERATORS = "operators"
"""Role of namespaces of upstream charts, which are pinned by version and name their own images."""


def pods(found: Any, where: str = "") -> Iterator[Props]:
    """Pod specifications anywhere in an object, so that JobSets and other templates of pods are found as well."""
    if found is UNKNOWN and where in _HOLDERS:
        raise UndecidedError(where)
    if isinstance(found, Mapping):
        if isinstance(found.get("containers"), list):
            yield found
            return
        for key, item in found.items():
            yield from pods(item, key)
    elif isinstance(found, list):
        for item in found:
            yield from pods(item, where)


def _pods(subject: Subject) -> Iterator[Props]:
    return pods(subject.props.get("spec"), "spec") if subject.type.startswith("kubernetes:") else iter(())


def _containers(pod: Props) -> Iterator[Props]:
    for kind in _CONTAINERS:
        yield from mappings(pod, kind)


def _host(subject: Subject) -> Messages:
    if not subject.type.startswith("kubernetes:") or _namespace(subject) == names.ACCELERATOR_NAMESPACE:
        return
    allowed = f"only pods in {names.ACCELERATOR_NAMESPACE} may"
    for pod in _pods(subject):
        for container in _containers(pod):
            if is_true(container, "securityContext", "privileged"):
                yield f"container {container['name']} is privileged; {allowed}"
        for volume in mappings(pod, "volumes"):
            if "hostPath" in volume:
                yield f"volume {volume['name']} is a path of the host; {allowed}"
        for name in _HOST:
            if is_true(pod, name):
                yield f"has {name}; {allowed}"


def _own_images(subject: Subject, stack: Stack) -> Messages:
    """A local centre may use images that were built on the spot."""
    by_tag = list(_by_tag(subject))
    if by_tag and value(stack.center, "cloud") != "local" and not _upstream(subject, stack):
        yield from by_tag


def _upstream_images(subject: Subject, stack: Stack) -> Messages:
    if _upstream(subject, stack):
        yield from _by_tag(subject)


def _by_tag(subject: Subject) -> Iterator[str]:
    for pod in _pods(subject):
        for user, image in _images(pod):
            if image and not _DIGEST.fullmatch(image):
                yield f"{user} has image {image}; it must be pinned by digest (name@sha256:…)"


def _images(pod: Props) -> Iterator[tuple[str, Any]]:
    """What runs or mounts an image, and which; None where a volume is no image."""
    for container in _containers(pod):
        yield f"container {container['name']}", value(container, "image")
    for volume in mappings(pod, "volumes"):
        yield f"volume {volume['name']}", value(volume, "image", "reference")


def _upstream(subject: Subject, stack: Stack) -> bool:
    """Whether the object is in a namespace of upstream charts."""
    homes = (item.props for item in stack.of_type("kubernetes:core/v1:Namespace"))
    return any(
        value(home, "metadata", "name") == _namespace(subject)
        for home in homes
        if value(home, "metadata", "labels", names.ROLE) == _OPERATORS
    )


def _namespace(subject: Subject) -> Any:
    return value(subject.props, "metadata", "namespace")


RULES = (
    ResourceRule("host-isolation", "Pods have nothing of their host.", "mandatory", _host),
    StackRule("images-by-digest", "The centre's pods name their images by digest.", "mandatory", _own_images),
    StackRule("upstream-images-by-digest", "Upstream charts' pods do so, too.", "advisory", _upstream_images),
)
