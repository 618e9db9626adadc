"""The ACK managed Pro cluster: private, with encrypted secrets, audited, upgraded only when the pin below is raised."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_alicloud import cs, log

from infra.clouds.alicloud import endpoint
from infra.clouds.alicloud.keys import KeyRing
from infra.clouds.alicloud.network import NetworkOut
from infra.clouds.alicloud.scope import Scope

PATCHES = {"1.36": "1.36.1-aliyun.1", "1.35": "1.35.2-aliyun.1"}
"""ACK wants a patch version: the newest of each minor version that was found.

A newer one is a change here, so that a plan shows it."""
_SPEC = "ack.pro.small"
_LOGGED = ("apiserver", "kcm", "scheduler", "ccm", "controlplane-events")
_LOG_DAYS = "180"
_CREDENTIAL_MINUTES = 240
"""Long enough for a first run, which waits for the cluster and its pools."""


@dataclass(frozen=True)
class ClusterParts:
    """The cluster, for what is built in it."""

    id: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    oidc_provider_arn: pulumi.Output[str]
    oidc_issuer: pulumi.Output[str]
    exports: Mapping[str, pulumi.Input[str]]


def build(scope: Scope, network: NetworkOut, keys: KeyRing) -> ClusterParts:
    """Register the cluster."""
    logs = log.Project(
        "audit",  # CRITICAL: stateful
        project_name=scope.name("audit", scope.cloud.region),
        description="Audit and control plane logs of the cluster.",
        tags=scope.tags(),
        opts=scope.stateful(),
    )
    cluster = cs.ManagedKubernetes(
        "cluster",  # CRITICAL: stateful
        name=scope.name(),
        cluster_spec=_SPEC,
        profile="Default",
        version=PATCHES[str(scope.plan.kubernetes_version)],
        vswitch_ids=list(network.nodes.values()),
        pod_vswitch_ids=list(network.pods.values()),
        service_cidr=scope.plan.network.service_cidr,
        ip_stack="ipv4",
        proxy_mode="iptables",
        new_nat_gateway=False,
        slb_internet_enabled=False,
        control_plane_endpoints_config=endpoint.build(scope, network),
        is_enterprise_security_group=True,
        encryption_provider_key=keys.kubernetes.id,
        disable_encryption=False,
        enable_rrsa=True,
        addons=list(_first_add_ons()),
        audit_log_config=cs.ManagedKubernetesAuditLogConfigArgs(enabled=True, sls_project_name=logs.project_name),
        control_plane_log_components=list(_LOGGED),
        control_plane_log_project=logs.project_name,
        control_plane_log_ttl=_LOG_DAYS,
        maintenance_window=_maintenance(),
        operation_policy=_upgrades(),
        deletion_protection=scope.cloud.deletion_protection,
        # A client certificate without an end would lie in the state.
        skip_set_certificate_authority=True,
        tags=scope.tags(),
        # Add-ons are resources of their own once the cluster exists.
        opts=scope.stateful(*network.way_out, ignore=("addons",)),
    )
    provider_arn: pulumi.Output[str] = cluster.rrsa_metadata.ram_oidc_provider_arn
    return ClusterParts(
        id=cluster.id,
        kubeconfig=_kubeconfig(scope, cluster.id),
        oidc_provider_arn=provider_arn,
        oidc_issuer=cluster.rrsa_metadata.rrsa_oidc_issuer_url,
        exports={
            "clusterName": cluster.name,
            "clusterId": cluster.id,
            "auditLogProject": logs.project_name,
            "oidcProvider": provider_arn,
        },
    )


def _first_add_ons() -> Iterator[cs.ManagedKubernetesAddonArgs]:
    """What a cluster cannot start without, or must not start with."""
    # With network policies, Terway takes its eBPF path; on Lingjun nodes it enforces none.
    terway = {"NetworkPolicy": "true", "ENITrunking": "true", "IPVlan": "false"}
    yield cs.ManagedKubernetesAddonArgs(name="terway-controlplane", config=json.dumps({"ENITrunking": "true"}))
    yield cs.ManagedKubernetesAddonArgs(name="terway-eniip", config=json.dumps(terway))
    for name in ("csi-plugin", "managed-csiprovisioner", "managed-coredns", "metrics-server"):
        yield cs.ManagedKubernetesAddonArgs(name=name)
    # It would open a public load balancer.
    yield cs.ManagedKubernetesAddonArgs(name="nginx-ingress-controller", disabled=True)


def _maintenance() -> cs.ManagedKubernetesMaintenanceWindowArgs:
    """Nights in the middle of the week, in China."""
    return cs.ManagedKubernetesMaintenanceWindowArgs(
        enable=True,
        maintenance_time="2026-11-24T01:00:00.000+08:00",
        duration="4h",
        weekly_period="Tuesday,Wednesday,Thursday",
    )


def _upgrades() -> cs.ManagedKubernetesOperationPolicyArgs:
    """None by themselves: the provider would read one as a change of the declared version."""
    return cs.ManagedKubernetesOperationPolicyArgs(
        cluster_auto_upgrade=cs.ManagedKubernetesOperationPolicyClusterAutoUpgradeArgs(enabled=False, channel="patch")
    )


def _kubeconfig(scope: Scope, cluster_id: pulumi.Output[str]) -> pulumi.Output[str]:
    """A credential that ends by itself, made in every run; unknown until the cluster exists."""
    credential = cs.get_cluster_credential_output(
        cluster_id=cluster_id,
        temporary_duration_minutes=_CREDENTIAL_MINUTES,
        opts=pulumi.InvokeOutputOptions(parent=scope.component),
    )
    return pulumi.Output.secret(credential.kube_config)
