"""The members of a set as the cluster has them, and their removal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from aicc.apply.applyset import ID_LABEL, PART_OF_LABEL, ApplySet
from aicc.apply.objects import GroupKind, ObjectRef
from aicc.apply.order import DEFINITION, deletion_rank
from aicc.apply.wait import Deadline, until_gone
from aicc.kube.client import Kube
from aicc.kube.transport import ApiError, Object
from aicc.progress import Step


@dataclass(frozen=True)
class Members:
    """Objects of a cluster that are members of some set."""

    ours: Mapping[ObjectRef, Object]
    others: Mapping[ObjectRef, str]
    """Members of other sets, with the id of the set."""


def find(kube: Kube, applyset: ApplySet, kinds: Mapping[GroupKind, str | None]) -> Members:
    """List the members among `kinds`, each in the given apiVersion (None: the one its group prefers).

    A kind that is not served has none. An object that a controller made is no member, even where the controller copied
    the labels of a member to it, as that of EndpointSlices does.
    """

    def list_kind(kind: GroupKind, api_version: str | None) -> list[Object]:
        if api_version is None:
            resource = kube.find_resource(kind.group, kind.kind)
            api_version = resource.api_version if resource else None
        if api_version is None or not kube.serves(api_version, kind.kind):
            return []
        return kube.list(api_version, kind.kind, label_selector=PART_OF_LABEL)

    ours: dict[ObjectRef, Object] = {}
    others: dict[ObjectRef, str] = {}
    for objects in kube.map(lambda each: list_kind(*each), kinds.items()):
        for obj in objects:
            owner = obj["metadata"]["labels"][PART_OF_LABEL]
            if any(each.get("controller") for each in obj["metadata"].get("ownerReferences") or []):
                continue
            if owner == applyset.id:
                ours[ObjectRef.of(obj)] = obj
            else:
                others[ObjectRef.of(obj)] = owner
    return Members(ours, others)


def owner_name(kube: Kube, applyset_id: str) -> str:
    """The parent of another set for a message: a ConfigMap or Secret, else just the id."""
    for kind in ("ConfigMap", "Secret"):
        parents = kube.list("v1", kind, label_selector=f"{ID_LABEL}={applyset_id}", metadata_only=True)
        if parents:
            return f"the ApplySet of {ObjectRef.of(parents[0])}"
    return f"the ApplySet {applyset_id}"


def remove(kube: Kube, objects: Iterable[Object], step: Step, deadline: Deadline) -> tuple[ObjectRef, ...]:
    """Delete the objects in order, each rank gone before the next; what they were.

    Only these very objects are deleted, not ones of the same name made since. Raises NotReadyError where one stays.
    """
    definitions = kube.list(*_DEFINITION, metadata_only=True)
    custom_groups = {each["metadata"]["name"].partition(".")[2] for each in definitions}

    def rank(obj: Object) -> int:
        return deletion_rank(GroupKind.of(obj), custom_groups)

    removed: list[ObjectRef] = []
    for _, group in groupby(sorted(objects, key=rank), key=rank):
        rest = tuple(group)
        kube.map(lambda obj: _delete(kube, obj), rest)
        until_gone(kube, {ObjectRef.of(obj): obj for obj in rest}, step, deadline)
        removed += map(ObjectRef.of, rest)
        step.update(len(removed))
    return tuple(removed)


_DEFINITION = ("apiextensions.k8s.io/v1", DEFINITION.kind)


def _delete(kube: Kube, obj: Object) -> None:
    metadata = obj["metadata"]
    try:
        kube.delete(obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace"), uid=metadata["uid"])
    except ApiError as error:
        if error.code != 409:  # 409: another object has that name now
            raise
