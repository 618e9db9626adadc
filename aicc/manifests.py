"""A Kubernetes object that the program declares, with where it came from and when it may be applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Manifest:
    """One object to apply."""

    urn: str
    """The Pulumi URN it was registered under."""
    layer: str
    """The layer that declares it, such as `tenancy`."""
    wave: int
    """Its place in dependency order: wave N needs every earlier wave to be ready."""
    body: Mapping[str, Any]
    """apiVersion, kind, metadata, spec … in Kubernetes' own spelling."""
    secret: bool = False
    """Whether the body holds a secret in clear: it is applied, and written nowhere."""
    incomplete: bool = False
    """Whether the body needs a value that the cloud gives only when it makes a resource."""

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.body["kind"])

    @property
    def namespace(self) -> str | None:
        """The object's namespace; None where it is cluster-scoped."""
        namespace = self.body["metadata"].get("namespace")
        return None if namespace is None else str(namespace)

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.body["metadata"]["name"])

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {where}"
