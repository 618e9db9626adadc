"""The image registry: Premium, encrypted with the centre's key, reached only from inside; nodes may pull.

Untagged images are kept: pods name theirs by digest, and a tag that moves on would take the image from under them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import containerregistry, operationalinsights

from infra.clouds.azure import logs, roles
from infra.clouds.azure.access import Access
from infra.clouds.azure.keys import KeyRing
from infra.clouds.azure.network import NetworkOut, private_endpoint
from infra.clouds.azure.roles import Role
from infra.clouds.azure.scope import Scope
from infra.config.storage import Storage


def build(
    scope: Scope, networked: NetworkOut, keys: KeyRing, access: Access, workspace: operationalinsights.Workspace
) -> Mapping[str, pulumi.Input[str]]:
    """Register the registry, where one is declared; its address, for the exports."""
    if not (scope.plan.storage or Storage()).registry:
        return {}
    key = keys.registry
    # Azure wants a map by identity, whose id is not known before it is there.
    users = pulumi.Output.json_loads(pulumi.Output.format('{{"{0}": {{}}}}', key.identity.id))
    registry = containerregistry.Registry(
        "registry",  # CRITICAL: stateful
        resource_group_name=scope.group,
        registry_name=scope.global_name("images"),
        location=scope.cloud.region,
        sku=containerregistry.SkuArgs(name=containerregistry.SkuName.PREMIUM),
        zone_redundancy=containerregistry.ZoneRedundancy.ENABLED,
        admin_user_enabled=False,
        anonymous_pull_enabled=False,
        data_endpoint_enabled=True,
        public_network_access=containerregistry.PublicNetworkAccess.DISABLED,
        network_rule_bypass_options=containerregistry.NetworkRuleBypassOptions.NONE,
        identity=containerregistry.IdentityPropertiesArgs(
            type=containerregistry.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=users
        ),
        encryption=containerregistry.EncryptionPropertyArgs(
            status=containerregistry.EncryptionStatus.ENABLED,
            key_vault_properties=containerregistry.KeyVaultPropertiesArgs(
                identity=key.identity.client_id, key_identifier=key.key.key_uri
            ),
        ),
        policies=containerregistry.PoliciesArgs(
            export_policy=containerregistry.ExportPolicyArgs(status=containerregistry.ExportPolicyStatus.DISABLED)
        ),
        tags=scope.tags(),
        opts=scope.stateful(key.granted),
    )
    scope.lock("registry", registry)
    private_endpoint(scope, networked, "registry", registry, "registry")
    roles.assign(scope, access.kubelet, Role.IMAGE_PULLER, "registry", registry.id)
    logs.keep(scope, workspace, "registry", registry.id)
    return {"registry": registry.login_server}
