"""Manifests to apply, and a stack to apply them as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aicc.apply.applyset import PART_OF_LABEL, ApplySet
from aicc.apply.engine import apply, destroy
from aicc.apply.objects import GroupKind, ObjectRef, Outcome
from aicc.kube.client import Kube
from aicc.manifests import Manifest
from aicc.progress import Reporter

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Stack:
    """A stack in the test's cluster."""

    kube: Kube
    name: str
    reporter: Reporter

    def apply(self, *manifests: Manifest, timeout_seconds: float = PATIENCE_SECONDS) -> Outcome:
        return apply(self.kube, manifests, stack=self.name, reporter=self.reporter, timeout_seconds=timeout_seconds)

    def destroy(self, *, timeout_seconds: float = PATIENCE_SECONDS) -> Outcome:
        return destroy(self.kube, stack=self.name, reporter=self.reporter, timeout_seconds=timeout_seconds)

    @property
    def applyset(self) -> ApplySet:
        return ApplySet(self.kube, self.name)

    def live(self, api_version: str = "v1", kind: str = "ConfigMap") -> dict[str, dict[str, Any]]:
        """The kind's members of this stack, by namespace/name."""
        found = self.kube.list(api_version, kind, label_selector=f"{PART_OF_LABEL}={self.applyset.id}")
        return {f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}": obj for obj in found}


def manifest(kind: str, name: str, namespace: str | None = None, *, wave: int = 1, **content: Any) -> Manifest:
    api_version = content.pop("apiVersion", "v1")
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | content.pop("metadata", {})
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
    return Manifest(urn=f"urn:{kind}:{namespace}/{name}", layer="test", wave=wave, body=body)


def namespace(name: str) -> Manifest:
    return manifest("Namespace", name, wave=0)


def config_map(name: str, namespace: str, data: Mapping[str, str] | None = None, *, wave: int = 1) -> Manifest:
    return manifest("ConfigMap", name, namespace, wave=wave, data=dict(data or {"key": "value"}))


def deployment(name: str, namespace: str, *, accelerators: int = 0, wave: int = 1) -> Manifest:
    limits = {"limits": {"alibabacloud.com/ppu": str(accelerators)}} if accelerators else {}
    container = {"name": "main", "image": "example.com/none:1", "resources": limits}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return manifest("Deployment", name, namespace, wave=wave, apiVersion="apps/v1", spec=spec)


def custom_kind(group: str, *, wave: int = 0) -> Manifest:
    """The definition of the namespaced kind Widget in a group."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"}
    return manifest(
        "CustomResourceDefinition",
        f"widgets.{group}",
        wave=wave,
        apiVersion="apiextensions.k8s.io/v1",
        spec={"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    )


def ref(kind: str, name: str, namespace: str = "", group: str = "") -> ObjectRef:
    return ObjectRef(GroupKind(group, kind), namespace, name)
