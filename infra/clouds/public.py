"""What the packages of the public clouds share: tags, protection, subnets that stay where they are, the provider."""

from __future__ import annotations

import ipaddress
from typing import TypeVar

import pulumi
import pulumi_kubernetes as kubernetes

from infra.config.clouds import PublicCloud
from infra.config.load import PROJECT
from infra.plan import CenterPlan, PoolPlan

_SUBNET_BITS = 3
"""Every range is cut into eight, so that a zone that is added moves no subnet."""

CloudT = TypeVar("CloudT", bound=PublicCloud)


def declared(plan: CenterPlan, kind: type[CloudT]) -> CloudT:
    """The plan's cloud, as the kind that the package builds."""
    if not isinstance(plan.cloud, kind):
        raise TypeError(f"{kind.__name__} was asked to build {plan.cloud.kind}")
    return plan.cloud


def tags(plan: CenterPlan, **more: str) -> dict[str, str]:
    """Who answers and who pays, on every resource that takes tags; keys fit every cloud's rules."""
    cloud = declared(plan, PublicCloud)
    return {
        "project": PROJECT,
        "center": plan.name,
        "stack": pulumi.get_stack(),
        "owner": cloud.owner,
        "cost-center": cloud.cost_center,
        "tenant": "shared",
        **more,
    }


def pool_tags(plan: CenterPlan, pool: PoolPlan) -> dict[str, str]:
    """A pool's tags: its own owner, and the tenant it is for where that owner is one."""
    tenants = {tenant.name for tenant in plan.tenants}
    return tags(plan, owner=pool.owner, pool=pool.name, tenant=pool.owner if pool.owner in tenants else "shared")


def stateful(plan: CenterPlan, *, parent: pulumi.Resource | None = None) -> pulumi.ResourceOptions:
    """Options of what holds data or keys: Pulumi refuses to delete or replace it while protection is on."""
    protect = declared(plan, PublicCloud).deletion_protection
    return pulumi.ResourceOptions(parent=parent, protect=protect)


def zone_subnets(cidr: str, zones: tuple[str, ...]) -> dict[str, str]:
    """An eighth of `cidr` for each zone, by its place in the list."""
    network = ipaddress.ip_network(cidr)
    return {
        zone: str(subnet) for zone, subnet in zip(zones, network.subnets(prefixlen_diff=_SUBNET_BITS), strict=False)
    }


def cluster_provider(kubeconfig: pulumi.Output[str], cluster_id: pulumi.Input[str]) -> kubernetes.Provider:
    """The provider of the cluster's objects.

    Without the identifier, a preview in which the kubeconfig is not known would replace every object
    (docs/adr/2026-11-24-one-stack.md). `cluster_id` must be known whenever the cluster exists.
    """
    secret: pulumi.Output[str] = pulumi.Output.secret(kubeconfig)
    return kubernetes.Provider("cluster", kubeconfig=secret, cluster_identifier=cluster_id)
