"""Role assignments: a built-in role, given to one principal, on one resource, under a name that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from uuid import NAMESPACE_URL, uuid5

import pulumi
from pulumi_azure_native import authorization, managedidentity

from infra.clouds.azure.scope import Scope
from infra.config.load import PROJECT


class Role(Enum):
    """Built-in roles by their GUIDs.

    https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles
    """

    CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
    READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
    IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
    IMAGE_PULLER = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    VAULT_CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"
    KEY_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
    KEY_WRAPPER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
    SECRET_READER = "4633458b-17de-408a-b874-0445c86b69e6"  # noqa: S105  a role's public id
    STORAGE_CONTRIBUTOR = "17d1049b-9a84-46fb-8f53-869881c3d3ab"
    BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


@dataclass(frozen=True)
class Principal:
    """An identity that services or pods act as, by its name here; Azure keeps its credentials to itself."""

    name: str
    identity: managedidentity.UserAssignedIdentity


def principal(scope: Scope, name: str) -> Principal:
    """Register an identity."""
    made = managedidentity.UserAssignedIdentity(
        f"identity-{name}",
        resource_group_name=scope.group,
        resource_name_=scope.name(name),
        location=scope.cloud.region,
        tags=scope.tags(),
        opts=scope.options(),
    )
    return Principal(name, made)


def assign(scope: Scope, who: Principal, role: Role, on: str, resource: pulumi.Input[str]) -> pulumi.Resource:
    """Give `who` a role on one resource, which is called `on` here."""
    logical = f"{who.name}-{role.name.lower().replace('_', '-')}-{on}"
    unique = "/".join((PROJECT, scope.cloud.tenant_id, pulumi.get_stack(), scope.plan.name, logical))
    made: pulumi.Resource = authorization.RoleAssignment(
        f"role-{logical}",
        role_assignment_name=str(uuid5(NAMESPACE_URL, unique)),
        scope=resource,
        role_definition_id=f"/providers/Microsoft.Authorization/roleDefinitions/{role.value}",
        principal_id=who.identity.principal_id,
        # Without it, Azure looks the principal up, and may not know a new one yet.
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        # The name is the assignment's own: two cannot be there at the same time.
        opts=pulumi.ResourceOptions.merge(scope.options(), pulumi.ResourceOptions(delete_before_replace=True)),
    )
    return made
