"""How a pool's machines start: encrypted disk, closed metadata service, EFA interfaces, reserved capacity.

No user data: EKS writes its own for the machine images that it chooses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import ec2, kms, vpc

from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.scope import Scope
from infra.clouds.public import pool_tags
from infra.plan import PoolPlan

EFA_CARDS = {
    "g6e.48xlarge": 4,
    "p4d.24xlarge": 4,
    "p4de.24xlarge": 4,
    "p5.48xlarge": 32,
    "p5.4xlarge": 1,
    "p5e.48xlarge": 32,
    "p5en.48xlarge": 16,
    "p6-b200.48xlarge": 8,
    "trn1.32xlarge": 8,
    "trn1n.32xlarge": 16,
    "trn2.48xlarge": 16,
}
"""Network cards of instances whose EFA the centre uses: aws/amazon-vpc-cni-k8s, pkg/vpc/vpc_ip_resource_limit.go."""

_ROOT_DEVICE = "/dev/xvda"
_DISK_GIB, _ACCELERATOR_DISK_GIB = 100, 500
"""Engines' images are tens of gigabytes each."""
_TAGGED = ("instance", "volume", "network-interface")
_CAPACITY_BLOCK = "capacity-block/"


@dataclass(frozen=True)
class Machines:
    """What the machines of all pools have in common."""

    scope: Scope
    security_group: pulumi.Output[str]
    disk_key: kms.Key
    efa: ec2.SecurityGroup | None
    """None where no pool has EFA."""


def has_efa(pool: PoolPlan) -> bool:
    """Whether its machines have a network for training over many nodes."""
    return pool.instance in EFA_CARDS


def is_capacity_block(reservation: str | None) -> bool:
    """Whether a declared reservation is a Capacity Block for ML: `capacity-block/cr-…`."""
    return reservation is not None and reservation.startswith(_CAPACITY_BLOCK)


def efa_group(scope: Scope, network: NetworkOut) -> ec2.SecurityGroup:
    """The group that lets EFA traffic pass among its members, which a rule by addresses does not."""
    group = ec2.SecurityGroup(
        "efa",
        name=scope.name("efa"),
        description="EFA traffic among accelerator nodes.",
        vpc_id=network.vpc.id,
        tags=scope.named("efa"),
        opts=scope.options(),
    )
    for rule in (vpc.SecurityGroupIngressRule, vpc.SecurityGroupEgressRule):
        rule(
            "efa",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            description="All traffic among members",
            ip_protocol="-1",
            tags=scope.tags(),
            opts=scope.options(),
        )
    return group


def template(machines: Machines, pool: PoolPlan, role: str) -> ec2.LaunchTemplate:
    """Register the launch template of a node group, which is named `role`."""
    scope = machines.scope
    reservation = scope.cloud.reservations.get(pool.name)
    tags = pool_tags(scope.plan, pool) | {"Name": scope.name(role)}
    return ec2.LaunchTemplate(
        f"pool-{role}",
        name=scope.name(role, limit=128),
        instance_type=pool.instance,
        update_default_version=True,
        block_device_mappings=[_disk(pool, machines.disk_key)],
        metadata_options=_metadata(),
        **_network(machines, pool, role, reserved=reservation is not None),
        **_capacity(reservation),
        tag_specifications=[ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags) for kind in _TAGGED],
        tags=tags,
        opts=scope.options(),
    )


def _disk(pool: PoolPlan, key: kms.Key) -> ec2.LaunchTemplateBlockDeviceMappingArgs:
    return ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=_ROOT_DEVICE,
        ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            volume_size=_ACCELERATOR_DISK_GIB if pool.accelerator else _DISK_GIB,
            encrypted="true",
            kms_key_id=key.arn,
            delete_on_termination="true",
        ),
    )


def _metadata() -> ec2.LaunchTemplateMetadataOptionsArgs:
    """Tokens only, and no further than the node: pods cannot take on its role."""
    return ec2.LaunchTemplateMetadataOptionsArgs(
        http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
    )


def _network(machines: Machines, pool: PoolPlan, role: str, *, reserved: bool) -> dict[str, Any]:
    """One interface, or with EFA all that the machine has, close to the pool's others."""
    if not has_efa(pool):
        return {"vpc_security_group_ids": [machines.security_group]}
    groups = [machines.security_group, *([machines.efa.id] if machines.efa else [])]
    # What is reserved has its place already.
    place = {} if reserved else {"placement": _placement(machines.scope, pool, role)}
    return {"network_interfaces": [*_interfaces(EFA_CARDS[str(pool.instance)], groups)], **place}


def _interfaces(cards: int, groups: list[pulumi.Output[str]]) -> Iterator[ec2.LaunchTemplateNetworkInterfaceArgs]:
    """One for addresses, and one on every card for EFA alone, as EC2 and EKS advise for such machines."""
    yield _interface(0, 0, groups, interface_type="interface", associate_public_ip_address="false")
    yield _interface(0, 1, groups, interface_type="efa-only")
    for card in range(1, cards):
        yield _interface(card, 0, groups, interface_type="efa-only")


def _interface(
    card: int, device: int, groups: list[pulumi.Output[str]], **more: str
) -> ec2.LaunchTemplateNetworkInterfaceArgs:
    return ec2.LaunchTemplateNetworkInterfaceArgs(
        network_card_index=card, device_index=device, security_groups=groups, delete_on_termination="true", **more
    )


def _placement(scope: Scope, pool: PoolPlan, role: str) -> ec2.LaunchTemplatePlacementArgs:
    group = ec2.PlacementGroup(
        f"pool-{role}",
        name=scope.name(role, limit=255),
        strategy="cluster",
        tags=pool_tags(scope.plan, pool),
        opts=scope.options(),
    )
    return ec2.LaunchTemplatePlacementArgs(group_name=group.name)


def _capacity(reservation: str | None) -> dict[str, Any]:
    """A reservation or Capacity Block by its id, or a resource group of reservations by its ARN."""
    if reservation is None:
        return {}
    field = "resource_group_arn" if reservation.startswith("arn:") else "id"
    target = ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
        **{f"capacity_reservation_{field}": reservation.removeprefix(_CAPACITY_BLOCK)}
    )
    market = ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type="capacity-block")
    return {
        "capacity_reservation_specification": ec2.LaunchTemplateCapacityReservationSpecificationArgs(
            capacity_reservation_target=target
        ),
        **({"instance_market_options": market} if is_capacity_block(reservation) else {}),
    }
