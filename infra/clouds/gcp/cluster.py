"""The GKE cluster: regional, private, Standard. Its nodes are in `node_pools`."""

from __future__ import annotations

import pulumi
from pulumi_gcp import container

from infra.clouds.gcp import network
from infra.clouds.gcp.keys import Keys
from infra.clouds.gcp.naming import labels
from infra.clouds.gcp.network import NetworkOut
from infra.clouds.gcp.project import ProjectOut
from infra.clouds.public import declared, stateful, tags
from infra.config.clouds import GcpCloud
from infra.plan import CenterPlan

_PODS_PER_NODE = 64
"""A node takes twice as many addresses: with /25 each, the default range of pods has room for 2,048 nodes."""

_WEEKENDS = ("2026-01-03T02:00:00Z", "2026-01-03T10:00:00Z", "FREQ=WEEKLY;BYDAY=SA,SU")
"""GKE asks for 48 hours in any 32 days."""

_NO_MINOR_UPGRADES_FROM = "2026-01-01T00:00:00Z"


def build(
    plan: CenterPlan, project: ProjectOut, net: NetworkOut, keys: Keys, node_account: pulumi.Output[str]
) -> container.Cluster:
    """The control plane, and what GKE runs in the cluster by itself."""
    cloud = declared(plan, GcpCloud)
    # CRITICAL: stateful
    return container.Cluster(
        "cluster",
        project=project.ids["container"],
        name=plan.name,
        location=cloud.region,
        node_locations=cloud.zones,
        resource_labels=labels(tags(plan)),
        deletion_protection=cloud.deletion_protection,
        min_master_version=plan.kubernetes_version,
        release_channel=container.ClusterReleaseChannelArgs(channel="REGULAR"),
        maintenance_policy=_maintenance(),
        # GKE makes a pool of its own first, for minutes; the centre's pools are resources that can change.
        remove_default_node_pool=True,
        initial_node_count=1,
        node_config=_first_nodes(keys, node_account),
        network=net.network_id,
        subnetwork=net.subnetwork_id,
        networking_mode="VPC_NATIVE",
        ip_allocation_policy=container.ClusterIpAllocationPolicyArgs(
            cluster_secondary_range_name=network.PODS, services_secondary_range_name=network.SERVICES
        ),
        default_max_pods_per_node=_PODS_PER_NODE,
        # Dataplane V2, which enforces NetworkPolicy; the older add-on must then be off.
        datapath_provider="ADVANCED_DATAPATH",
        enable_intranode_visibility=True,
        # Pods in kube-system, which the tenants' policies allow; Cloud DNS would answer from the node itself.
        dns_config=container.ClusterDnsConfigArgs(cluster_dns="KUBE_DNS"),
        gateway_api_config=container.ClusterGatewayApiConfigArgs(channel="CHANNEL_STANDARD"),
        service_external_ips_config=container.ClusterServiceExternalIpsConfigArgs(enabled=False),
        private_cluster_config=container.ClusterPrivateClusterConfigArgs(
            enable_private_nodes=True, enable_private_endpoint=not cloud.api_access
        ),
        master_authorized_networks_config=_api_access(plan),
        control_plane_endpoints_config=_no_public_name(),
        database_encryption=container.ClusterDatabaseEncryptionArgs(state="ENCRYPTED", key_name=keys["container"]),
        workload_identity_config=container.ClusterWorkloadIdentityConfigArgs(
            workload_pool=f"{cloud.project}.svc.id.goog"
        ),
        authenticator_groups_config=_groups(plan),
        anonymous_authentication_config=container.ClusterAnonymousAuthenticationConfigArgs(mode="LIMITED"),
        rbac_binding_config=container.ClusterRbacBindingConfigArgs(
            enable_insecure_binding_system_authenticated=False, enable_insecure_binding_system_unauthenticated=False
        ),
        enable_shielded_nodes=True,
        enable_legacy_abac=False,
        security_posture_config=container.ClusterSecurityPostureConfigArgs(
            mode="BASIC", vulnerability_mode="VULNERABILITY_DISABLED"
        ),
        node_pool_defaults=container.ClusterNodePoolDefaultsArgs(
            node_config_defaults=container.ClusterNodePoolDefaultsNodeConfigDefaultsArgs(
                insecure_kubelet_readonly_port_enabled="FALSE"
            )
        ),
        # Pools are the plan's; GKE adds none of its own.
        cluster_autoscaling=container.ClusterClusterAutoscalingArgs(
            enabled=False, autoscaling_profile="OPTIMIZE_UTILIZATION"
        ),
        addons_config=_add_ons(plan),
        logging_config=container.ClusterLoggingConfigArgs(
            enable_components=["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER"]
        ),
        monitoring_config=_monitoring(),
        cost_management_config=container.ClusterCostManagementConfigArgs(enabled=True),
        # The first pool is gone when these are read again.
        opts=pulumi.ResourceOptions.merge(stateful(plan), pulumi.ResourceOptions(ignore_changes=["nodeConfig"])),
    )


def _first_nodes(keys: Keys, node_account: pulumi.Output[str]) -> container.ClusterNodeConfigArgs:
    """As the organisation's policies ask of any node, however short its life."""
    return container.ClusterNodeConfigArgs(
        service_account=node_account,
        boot_disk_kms_key=keys["compute"],
        shielded_instance_config=container.ClusterNodeConfigShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
        workload_metadata_config=container.ClusterNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
    )


def _maintenance() -> container.ClusterMaintenancePolicyArgs:
    """Patches at weekends; another minor version only when the stack names it, or support for this one ends."""
    start, end, recurrence = _WEEKENDS
    return container.ClusterMaintenancePolicyArgs(
        recurring_window=container.ClusterMaintenancePolicyRecurringWindowArgs(
            start_time=start, end_time=end, recurrence=recurrence
        ),
        maintenance_exclusions=[
            container.ClusterMaintenancePolicyMaintenanceExclusionArgs(
                exclusion_name="no-minor-upgrades",
                start_time=_NO_MINOR_UPGRADES_FROM,
                exclusion_options=container.ClusterMaintenancePolicyMaintenanceExclusionExclusionOptionsArgs(
                    scope="NO_MINOR_UPGRADES", end_time_behavior="UNTIL_END_OF_SUPPORT"
                ),
            )
        ],
    )


def _api_access(plan: CenterPlan) -> container.ClusterMasterAuthorizedNetworksConfigArgs:
    blocks = {"nodes": plan.network.node_cidr} | {
        f"declared-{index}": cidr for index, cidr in enumerate(declared(plan, GcpCloud).api_access)
    }
    return container.ClusterMasterAuthorizedNetworksConfigArgs(
        cidr_blocks=[
            container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(display_name=name, cidr_block=cidr)
            for name, cidr in blocks.items()
        ],
        gcp_public_cidrs_access_enabled=False,
        private_endpoint_enforcement_enabled=True,
    )


def _no_public_name() -> container.ClusterControlPlaneEndpointsConfigArgs:
    """The endpoint by name knows no list of addresses: open, it would answer anybody's machine."""
    return container.ClusterControlPlaneEndpointsConfigArgs(
        dns_endpoint_config=container.ClusterControlPlaneEndpointsConfigDnsEndpointConfigArgs(
            allow_external_traffic=False
        )
    )


def _groups(plan: CenterPlan) -> container.ClusterAuthenticatorGroupsConfigArgs | None:
    """Role bindings may name Google groups that are members of this one; Google prescribes its name."""
    domains = {tenant.group.partition("@")[2] for tenant in plan.tenants} - {""}
    if len(domains) != 1:
        return None
    return container.ClusterAuthenticatorGroupsConfigArgs(security_group=f"gke-security-groups@{domains.pop()}")


def _add_ons(plan: CenterPlan) -> container.ClusterAddonsConfigArgs:
    storage = plan.storage
    return container.ClusterAddonsConfigArgs(
        gce_persistent_disk_csi_driver_config=container.ClusterAddonsConfigGcePersistentDiskCsiDriverConfigArgs(
            enabled=True
        ),
        gcs_fuse_csi_driver_config=container.ClusterAddonsConfigGcsFuseCsiDriverConfigArgs(enabled=True),
        gcp_filestore_csi_driver_config=container.ClusterAddonsConfigGcpFilestoreCsiDriverConfigArgs(
            enabled=bool(storage and storage.shared)
        ),
        lustre_csi_driver_config=container.ClusterAddonsConfigLustreCsiDriverConfigArgs(
            enabled=bool(storage and storage.parallel)
        ),
        horizontal_pod_autoscaling=container.ClusterAddonsConfigHorizontalPodAutoscalingArgs(disabled=False),
        http_load_balancing=container.ClusterAddonsConfigHttpLoadBalancingArgs(disabled=False),
        network_policy_config=container.ClusterAddonsConfigNetworkPolicyConfigArgs(disabled=True),
    )


def _monitoring() -> container.ClusterMonitoringConfigArgs:
    """The control plane's metrics only: the centre's own Prometheus collects the rest, and samples cost money."""
    return container.ClusterMonitoringConfigArgs(
        enable_components=["SYSTEM_COMPONENTS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER"],
        managed_prometheus=container.ClusterMonitoringConfigManagedPrometheusArgs(enabled=False),
        advanced_datapath_observability_config=container.ClusterMonitoringConfigAdvancedDatapathObservabilityConfigArgs(
            enable_metrics=True, enable_relay=False
        ),
    )
