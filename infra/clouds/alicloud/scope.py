"""What every part of the cloud is built with, and the provider that makes it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_alicloud as alicloud

from infra.clouds import public, scope
from infra.config.clouds import AlicloudCloud
from infra.plan import CenterPlan


@dataclass(frozen=True)
class Scope(scope.Scope[AlicloudCloud]):
    """The centre that is built, and where its resources hang."""

    @property
    def pair(self) -> tuple[str, ...]:
        """The two zones of what the cloud spreads over exactly two."""
        return self.cloud.zones[:2]


def scope_of(plan: CenterPlan) -> Scope:
    """The component of the cloud's resources, with a provider for the declared region whatever the environment says."""
    cloud = public.declared(plan, AlicloudCloud)
    provider = alicloud.Provider("alicloud", region=cloud.region)
    return Scope(plan, cloud, scope.component(cloud.kind, provider))
