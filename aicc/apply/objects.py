"""What names an object, and what became of the objects of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aicc.kube.discovery import group_of
from infra.names import LEFT_TO_OTHERS


@dataclass(frozen=True, order=True)
class GroupKind:
    """A kind in every version."""

    group: str
    """Empty for the core group."""
    kind: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        """The kind of an object."""
        return cls(group_of(str(obj["apiVersion"])), str(obj["kind"]))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `Deployment.apps` or `ConfigMap`."""
        kind, _, group = text.partition(".")
        return cls(group, kind)

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind


@dataclass(frozen=True, order=True)
class ObjectRef:
    """What identifies one object of a cluster, whichever version it is read in."""

    group_kind: GroupKind
    namespace: str
    """Empty for cluster-scoped objects."""
    name: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        """The identity of an object as the API server returned it."""
        metadata = obj["metadata"]
        return cls(GroupKind.of(obj), metadata.get("namespace") or "", metadata["name"])

    def __str__(self) -> str:
        return f"{self.group_kind.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True)
class Outcome:
    """What one run did."""

    created: tuple[ObjectRef, ...] = ()
    changed: tuple[ObjectRef, ...] = ()
    unchanged: tuple[ObjectRef, ...] = ()
    pruned: tuple[ObjectRef, ...] = ()
    """Deleted, and gone."""


def left_to_others(declared: Mapping[str, Any], before: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the manifest with the field that its annotation leaves to others as it is in the cluster.

    Such as the suspension of a job that a controller has let run: applied anew, it would be stopped.
    """
    path = str((declared["metadata"].get("annotations") or {}).get(LEFT_TO_OTHERS, ""))
    section, _, field = path.partition(".")
    if before is None or not field or field not in declared.get(section, {}):
        return declared
    kept = {key: value for key, value in declared[section].items() if key != field}
    if field in before.get(section, {}):
        kept[field] = before[section][field]
    return {**declared, section: kept}
