"""The AKS cluster: private, without local accounts, with encrypted secrets, audited, patched in a weekly window."""

from __future__ import annotations

import ipaddress
from base64 import b64decode
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerservice, operationalinsights

from infra.clouds.azure import logs, node_pools
from infra.clouds.azure.access import Access
from infra.clouds.azure.keys import KeyRing
from infra.clouds.azure.network import NetworkOut
from infra.clouds.azure.scope import Scope

MANAGED_KEDA = "keda"
"""The one operator of the centre that AKS runs itself."""
_DNS_ADDRESS = 10
"""Of the services' range: where clients expect it."""
_WINDOWS = {
    "default": containerservice.WeekDay.SATURDAY,
    "aksManagedAutoUpgradeSchedule": containerservice.WeekDay.SATURDAY,
    "aksManagedNodeOSUpgradeSchedule": containerservice.WeekDay.SUNDAY,
}
"""Control plane and add-ons, Kubernetes' patches, and node images: each has its window.

https://learn.microsoft.com/en-us/azure/aks/planned-maintenance"""


@dataclass(frozen=True)
class ClusterParts:
    """The cluster, for what is built in it."""

    cluster: containerservice.ManagedCluster
    name: pulumi.Output[str]
    oidc_issuer: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]


def build(
    scope: Scope, networked: NetworkOut, keys: KeyRing, access: Access, workspace: operationalinsights.Workspace
) -> ClusterParts:
    """Register the cluster, its maintenance windows and its audit log."""
    cluster = _cluster(scope, networked, keys, access)
    for window, day in _WINDOWS.items():
        _maintenance(scope, cluster, window, day)
    logs.keep(scope, workspace, "cluster", cluster.id, logs.CLUSTER_CATEGORIES)
    return ClusterParts(
        cluster=cluster,
        name=cluster.name,
        oidc_issuer=cluster.oidc_issuer_profile.issuer_url,
        kubeconfig=_kubeconfig(scope, cluster),
    )


def _cluster(scope: Scope, networked: NetworkOut, keys: KeyRing, access: Access) -> containerservice.ManagedCluster:
    return containerservice.ManagedCluster(
        "cluster",  # CRITICAL: stateful
        resource_group_name=scope.group,
        resource_name_=scope.name(),
        location=scope.cloud.region,
        sku=containerservice.ManagedClusterSKUArgs(
            name=containerservice.ManagedClusterSKUName.BASE, tier=containerservice.ManagedClusterSKUTier.STANDARD
        ),
        # A minor version: AKS takes its newest patch, and only the channel below moves on from it.
        kubernetes_version=scope.plan.kubernetes_version,
        auto_upgrade_profile=containerservice.ManagedClusterAutoUpgradeProfileArgs(
            upgrade_channel=containerservice.UpgradeChannel.PATCH,
            node_os_upgrade_channel=containerservice.NodeOSUpgradeChannel.NODE_IMAGE,
        ),
        dns_prefix=scope.name(limit=54),
        node_resource_group=scope.name("nodes", limit=80),
        node_resource_group_profile=containerservice.ManagedClusterNodeResourceGroupProfileArgs(
            restriction_level=containerservice.RestrictionLevel.READ_ONLY
        ),
        identity=containerservice.ManagedClusterIdentityArgs(
            type=containerservice.ResourceIdentityType.USER_ASSIGNED,
            user_assigned_identities=[access.control_plane.identity.id],
        ),
        identity_profile={
            "kubeletidentity": containerservice.UserAssignedIdentityArgs(
                resource_id=access.kubelet.identity.id,
                client_id=access.kubelet.identity.client_id,
                object_id=access.kubelet.identity.principal_id,
            )
        },
        agent_pool_profiles=[node_pools.system(scope, networked)],
        api_server_access_profile=_endpoint(scope, networked),
        network_profile=_network(scope),
        auto_scaler_profile=_scaler(),
        disk_encryption_set_id=access.disks.id,
        storage_profile=_drivers(),
        workload_auto_scaler_profile=containerservice.ManagedClusterWorkloadAutoScalerProfileArgs(
            keda=containerservice.ManagedClusterWorkloadAutoScalerProfileKedaArgs(
                enabled=MANAGED_KEDA in scope.cloud.operators
            )
        ),
        oidc_issuer_profile=containerservice.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
        security_profile=_security(keys),
        **_people(scope),
        tags=scope.tags(),
        opts=scope.stateful(*access.granted),
    )


def _people(scope: Scope) -> dict[str, object]:
    """Entra ID says who somebody is, Kubernetes what they may do: admins here, tenants by their role bindings.

    With Azure's own authorisation for Kubernetes, a role on the subscription would also open the cluster.
    """
    return {
        "disable_local_accounts": True,
        "enable_rbac": True,
        "aad_profile": containerservice.ManagedClusterAADProfileArgs(
            managed=True,
            enable_azure_rbac=False,
            tenant_id=scope.cloud.tenant_id,
            admin_group_object_ids=list(scope.cloud.admins),
        ),
    }


def _endpoint(scope: Scope, networked: NetworkOut) -> containerservice.ManagedClusterAPIServerAccessProfileArgs:
    """Nodes and the vault of its key meet the API server inside the network, whoever else may reach it."""
    private = not scope.cloud.api_access
    return containerservice.ManagedClusterAPIServerAccessProfileArgs(
        enable_vnet_integration=True,
        subnet_id=networked.subnets["api"],
        enable_private_cluster=private,
        enable_private_cluster_public_fqdn=False if private else None,
        private_dns_zone="system" if private else None,
        authorized_ip_ranges=None if private else list(scope.cloud.api_access),
        # It would be a way past the endpoint.
        disable_run_command=True,
    )


def _network(scope: Scope) -> containerservice.ContainerServiceNetworkProfileArgs:
    """Cilium enforces the tenants' network policies; pods' addresses are an overlay's."""
    services = ipaddress.ip_network(scope.plan.network.service_cidr)
    return containerservice.ContainerServiceNetworkProfileArgs(
        network_plugin=containerservice.NetworkPlugin.AZURE,
        network_plugin_mode=containerservice.NetworkPluginMode.OVERLAY,
        network_dataplane=containerservice.NetworkDataplane.CILIUM,
        network_policy=containerservice.NetworkPolicy.CILIUM,
        pod_cidr=scope.plan.network.pod_cidr,
        service_cidr=str(services),
        dns_service_ip=str(services[_DNS_ADDRESS]),
        outbound_type=containerservice.OutboundType.USER_ASSIGNED_NAT_GATEWAY,
        load_balancer_sku=containerservice.LoadBalancerSku.STANDARD,
    )


def _security(keys: KeyRing) -> containerservice.ManagedClusterSecurityProfileArgs:
    return containerservice.ManagedClusterSecurityProfileArgs(
        azure_key_vault_kms=containerservice.AzureKeyVaultKmsArgs(
            enabled=True,
            # AKS keeps to the version that it is told; a rotated key is taken up by the next refreshed update.
            key_id=keys.cluster.key_uri_with_version,
            key_vault_network_access=containerservice.KeyVaultNetworkAccessTypes.PRIVATE,
            key_vault_resource_id=keys.cluster_vault.vault.id,
        ),
        workload_identity=containerservice.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
        image_cleaner=containerservice.ManagedClusterSecurityProfileImageCleanerArgs(enabled=True, interval_hours=168),
    )


def _scaler() -> containerservice.ManagedClusterPropertiesAutoScalerProfileArgs:
    return containerservice.ManagedClusterPropertiesAutoScalerProfileArgs(
        expander=containerservice.Expander.LEAST_WASTE,
        scale_down_unneeded_time="10m",
        scale_down_delay_after_add="10m",
        scale_down_utilization_threshold="0.5",
        # An eight-GPU machine takes longer than others to come up.
        max_node_provision_time="30m",
        skip_nodes_with_system_pods="true",
        skip_nodes_with_local_storage="false",
    )


def _drivers() -> containerservice.ManagedClusterStorageProfileArgs:
    return containerservice.ManagedClusterStorageProfileArgs(
        disk_csi_driver=containerservice.ManagedClusterStorageProfileDiskCSIDriverArgs(enabled=True),
        file_csi_driver=containerservice.ManagedClusterStorageProfileFileCSIDriverArgs(enabled=True),
        blob_csi_driver=containerservice.ManagedClusterStorageProfileBlobCSIDriverArgs(enabled=True),
        snapshot_controller=containerservice.ManagedClusterStorageProfileSnapshotControllerArgs(enabled=True),
    )


def _maintenance(
    scope: Scope, cluster: containerservice.ManagedCluster, window: str, day: containerservice.WeekDay
) -> None:
    containerservice.MaintenanceConfiguration(
        f"maintenance-{window}",
        resource_group_name=scope.group,
        resource_name_=cluster.name,
        config_name=window,
        maintenance_window=containerservice.MaintenanceWindowArgs(
            schedule=containerservice.ScheduleArgs(
                weekly=containerservice.WeeklyScheduleArgs(day_of_week=day, interval_weeks=1)
            ),
            start_time="01:00",
            duration_hours=6,
            utc_offset="+00:00",
        ),
        opts=scope.options(),
    )


def _kubeconfig(scope: Scope, cluster: containerservice.ManagedCluster) -> pulumi.Output[str]:
    """Address and authority, and kubelogin as the way in: no credential. Unknown until the cluster exists."""
    found = containerservice.list_managed_cluster_user_credentials_output(
        format="exec",
        resource_group_name=scope.group,
        resource_name=cluster.name,
        opts=pulumi.InvokeOutputOptions(parent=cluster),
    )
    encoded = pulumi.Output.json_dumps({"kubeconfig": found.kubeconfigs[0].value})
    return pulumi.Output.secret(pulumi.Output.json_loads(encoded, object_hook=_decoded))


def _decoded(encoded: dict[str, str]) -> str:
    return b64decode(encoded["kubeconfig"]).decode()
