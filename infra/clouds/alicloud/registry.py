"""The image registry: ACR Enterprise, reached from the VPC only, its layers in an encrypted bucket of the centre."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_alicloud import cr, cs

from infra.clouds.alicloud.network import NetworkOut
from infra.clouds.alicloud.scope import Scope
from infra.clouds.alicloud.storage import Buckets

_LONGEST_NAME = 30
_PLATFORM = "platform"


@dataclass(frozen=True)
class Registry:
    """The registry; without an instance where none is declared."""

    instance_id: pulumi.Output[str] | None = None
    exports: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def build(scope: Scope, network: NetworkOut, buckets: Buckets) -> Registry:
    """Register the instance, its door to the VPC and a namespace for the platform and each tenant."""
    if buckets.images is None:
        return Registry()
    name = scope.name(limit=_LONGEST_NAME)
    instance = cr.RegistryEnterpriseInstance(
        "registry",  # CRITICAL: stateful
        instance_name=name,
        instance_type="Advanced",
        # The service sells it no other way.
        payment_type="Subscription",
        period=1,
        renewal_status="AutoRenewal",
        renew_period=1,
        image_scanner="ACR",
        default_oss_bucket="false",
        custom_oss_bucket=buckets.images,
        tags=scope.tags(),
        opts=scope.stateful(),
    )
    zone = scope.cloud.zones[0]
    cr.VpcEndpointLinkedVpc(
        "registry",
        instance_id=instance.id,
        module_name="Registry",
        vpc_id=network.vpc_id,
        vswitch_id=network.nodes[zone],
        enable_create_dns_record_in_pvzt=True,
        opts=scope.options(),
    )
    for namespace in (_PLATFORM, *(tenant.namespace for tenant in scope.plan.tenants)):
        cs.RegistryEnterpriseNamespace(
            f"registry-{namespace}",
            instance_id=instance.id,
            name=namespace,
            auto_create=True,
            default_visibility="PRIVATE",
            opts=scope.stateful(),
        )
    return Registry(instance.id, {"registry": f"{name}-registry-vpc.{scope.cloud.region}.cr.aliyuncs.com"})
