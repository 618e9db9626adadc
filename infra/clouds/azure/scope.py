"""What every part of the cloud is built with: the plan, the resource group, names, tags and locks."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import Provider, authorization, resources

from infra.clouds import public, scope
from infra.config.clouds import AzureCloud
from infra.plan import CenterPlan


@dataclass(frozen=True)
class Scope(scope.Scope[AzureCloud]):
    """The centre that is built, and where its resources hang."""

    group: pulumi.Output[str]
    """Name of the resource group."""

    def global_name(self, role: str) -> str:
        """A name of a service whose names are everybody's: lower-case letters and digits, at most 24.

        Another tenant, stack or region has another; the digest is of what is declared, so that plans agree.
        """
        digest = scope.digest("/".join((self.cloud.tenant_id, pulumi.get_stack(), self.cloud.region, self.plan.name)))
        center = "".join(character for character in self.plan.name if character.isalnum()).lstrip("0123456789")
        return f"{(center or 'center')[: 24 - len(role) - len(digest)]}{role}{digest}"

    def lock(self, role: str, of: pulumi.CustomResource) -> None:
        """Azure's own protection against deletion, whoever asks for it.

        It also holds fast what is below: what has parts or assignments that come and go is not locked.
        """
        if self.cloud.deletion_protection:
            authorization.ManagementLockByScope(
                f"lock-{role}",
                scope=of.id,
                lock_name=self.name(role),
                level=authorization.LockLevel.CAN_NOT_DELETE,
                notes="Data or keys of the centre: cloud.deletionProtection is on.",
                opts=self.options(),
            )


def scope_of(plan: CenterPlan) -> Scope:
    """The component of the cloud's resources and their resource group, in the declared tenant and region."""
    cloud = public.declared(plan, AzureCloud)
    provider = Provider("azure", tenant_id=cloud.tenant_id, location=cloud.region)
    component = scope.component(cloud.kind, provider)
    group = resources.ResourceGroup(
        "group",  # CRITICAL: stateful; everything is in it
        resource_group_name=plan.name,
        location=cloud.region,
        tags=public.tags(plan),
        opts=public.stateful(plan, parent=component),
    )
    return Scope(plan, cloud, component, group.name)
