"""What every part of a public cloud is built with: the plan, the component above it, names, tags and options."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Generic

import pulumi

from infra.clouds import public
from infra.clouds.public import CloudT
from infra.config.load import PROJECT
from infra.plan import CenterPlan

_DIGEST_LENGTH = 6


@dataclass(frozen=True)
class Scope(Generic[CloudT]):
    """The centre that is built, and where its resources hang; a cloud's own adds what only it needs."""

    plan: CenterPlan
    cloud: CloudT
    component: pulumi.ComponentResource

    def name(self, *parts: str, limit: int = 63) -> str:
        """A physical name: the centre's and its own."""
        return short("-".join((self.plan.name, *parts)), limit)

    def tags(self, **more: str) -> dict[str, str]:
        """Tags of a resource."""
        return public.tags(self.plan, **more)

    def options(self, *after: pulumi.Resource, ignore: tuple[str, ...] = ()) -> pulumi.ResourceOptions:
        """Of what can be made again; arguments in `ignore` are somebody else's business once it exists."""
        return pulumi.ResourceOptions(parent=self.component, depends_on=list(after), ignore_changes=list(ignore))

    def stateful(self, *after: pulumi.Resource, ignore: tuple[str, ...] = ()) -> pulumi.ResourceOptions:
        """Of what holds data or keys."""
        return pulumi.ResourceOptions.merge(
            public.stateful(self.plan, parent=self.component),
            pulumi.ResourceOptions(depends_on=list(after), ignore_changes=list(ignore)),
        )


def component(kind: str, provider: pulumi.ProviderResource) -> pulumi.ComponentResource:
    """The node of the resource tree that a cloud's resources hang under, with the provider that makes them."""
    return pulumi.ComponentResource(
        f"{PROJECT}:clouds:{kind.capitalize()}", kind, opts=pulumi.ResourceOptions(providers=[provider])
    )


def digest(text: str) -> str:
    """A few characters that tell one text from another."""
    return sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]


def short(name: str, limit: int) -> str:
    """The name, or as much of it as fits with a digest of the whole, so that two long names stay two."""
    return name if len(name) <= limit else f"{name[: limit - _DIGEST_LENGTH - 1].rstrip('-')}-{digest(name)}"
