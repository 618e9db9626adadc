"""The inventory of a stack in its cluster: an ApplySet (KEP-3659), as kubectl keeps it.

A parent ConfigMap names the kinds and namespaces that the set may have members in; each member carries a label with
the set's id. The parent is widened before anything is applied and narrowed after pruning, so that a run that dies in
between leaves nothing that the next run cannot find.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aicc.apply.objects import GroupKind
from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.kube.transport import Object

ID_LABEL = "applyset.kubernetes.io/id"
PART_OF_LABEL = "applyset.kubernetes.io/part-of"
TOOLING_ANNOTATION = "applyset.kubernetes.io/tooling"
KINDS_ANNOTATION = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES_ANNOTATION = "applyset.kubernetes.io/additional-namespaces"

TOOL = "aicc"
TOOLING = f"{TOOL}/v1"
"""The tool and the version of its inventory's format."""
PARENT_NAMESPACE = "kube-system"
FIELD_MANAGER = f"{TOOL}-applyset"


@dataclass(frozen=True)
class Scope:
    """Where members of a set may be."""

    kinds: frozenset[GroupKind] = field(default=frozenset())
    namespaces: frozenset[str] = field(default=frozenset())

    def __or__(self, other: Scope) -> Scope:
        return Scope(self.kinds | other.kinds, self.namespaces | other.namespaces)


class ApplySet:
    """The set of one stack."""

    def __init__(self, kube: Kube, stack: str) -> None:
        self._kube = kube
        self.parent = f"{TOOL}-{stack}"
        """Name of the parent ConfigMap."""
        self.id = applyset_id(self.parent, PARENT_NAMESPACE, "ConfigMap", "")
        """Value of the label that members carry."""

    def read(self) -> Scope | None:
        """Where members may be as recorded; None where the set does not exist.

        Raises ClusterError where the parent's name is taken by something else.
        """
        parent = self._kube.get("v1", "ConfigMap", self.parent, PARENT_NAMESPACE)
        if parent is None:
            return None
        labels, annotations = (parent["metadata"].get(key) or {} for key in ("labels", "annotations"))
        tool = annotations.get(TOOLING_ANNOTATION, "").rpartition("/")[0]
        if (labels.get(ID_LABEL), tool) != (self.id, TOOL):
            raise ClusterError(
                f"ConfigMap {PARENT_NAMESPACE}/{self.parent} is not an inventory of {TOOL}"
                + (f": it belongs to {tool}" if tool else ""),
                hint="rename the stack, or remove the ConfigMap if nothing needs it",
            )
        kinds = _split(annotations.get(KINDS_ANNOTATION, ""))
        namespaces = _split(annotations.get(NAMESPACES_ANNOTATION, ""))
        return Scope(frozenset(map(GroupKind.parse, kinds)), frozenset(namespaces))

    def record(self, scope: Scope) -> None:
        """Write where members may be."""
        self._kube.apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": self.parent,
                    "namespace": PARENT_NAMESPACE,
                    "labels": {ID_LABEL: self.id},
                    "annotations": {
                        TOOLING_ANNOTATION: TOOLING,
                        KINDS_ANNOTATION: _join(map(str, scope.kinds)),
                        NAMESPACES_ANNOTATION: _join(scope.namespaces - {PARENT_NAMESPACE}),
                    },
                },
            },
            FIELD_MANAGER,
        )

    def forget(self) -> None:
        """Remove the parent: the set has no members any more."""
        self._kube.delete("v1", "ConfigMap", self.parent, PARENT_NAMESPACE)

    def member(self, body: Mapping[str, Any]) -> Object:
        """The object with the label of this set."""
        metadata = body["metadata"]
        return {
            **body,
            "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), PART_OF_LABEL: self.id}},
        }


def applyset_id(name: str, namespace: str, kind: str, group: str) -> str:
    """The id of the set with that parent object, as KEP-3659 defines it."""
    digest = hashlib.sha256(f"{name}.{namespace}.{kind}.{group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def _join(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def _split(text: str) -> list[str]:
    return text.split(",") if text else []
