"""What networks and file systems let in by their own rules: never the whole world."""

from __future__ import annotations

from collections.abc import Iterator

from policy.model import Check, Messages, Props, ResourceRule, by_type
from policy.read import LISTED, exposed, is_set, mappings, value, world


def _each(*names: str) -> Check:
    """A check of properties that hold one range each."""

    def check(props: Props) -> Iterator[str]:
        for name in names:
            for found in world([props[name]] if is_set(props, name) else [], name):
                yield f"lets {found} in; {LISTED} in {name}"

    return check


def _where(name: str, inward: str, check: Check) -> Check:
    """The check, of those rules that let traffic in; `name` says which do."""

    def checked(props: Props) -> Messages:
        return check(props) if value(props, name) == inward else ()

    return checked


def _aws_rule(props: Props) -> Iterator[str]:
    for name in ("cidrBlocks", "ipv6CidrBlocks"):
        yield from exposed(props, "it", name)


def _aws_group(props: Props) -> Iterator[str]:
    for rule in mappings(props, "ingress"):
        yield from _aws_rule(rule)


def _azure_rule(props: Props) -> Iterator[str]:
    if (value(props, "direction"), value(props, "access")) != ("Inbound", "Allow"):
        return
    yield from _each("sourceAddressPrefix")(props)
    yield from exposed(props, "it", "sourceAddressPrefixes")


def _azure_group(props: Props) -> Iterator[str]:
    for rule in mappings(props, "securityRules"):
        yield from _azure_rule(rule)


def _gcp_firewall(props: Props) -> Iterator[str]:
    if value(props, "direction") == "EGRESS" or not is_set(props, "allows"):
        return
    if not any(is_set(props, name) for name in ("sourceRanges", "sourceTags", "sourceServiceAccounts")):
        yield f"lets everybody in; {LISTED} in sourceRanges"
    yield from exposed(props, "it", "sourceRanges")


RULES = (
    ResourceRule(
        "traffic-in-listed",
        "Rules of networks and file systems list whom they let in.",
        "mandatory",
        by_type(
            {
                "alicloud:cr/endpointAclPolicy:EndpointAclPolicy": _each("entry"),
                "alicloud:ecs/securityGroupRule:SecurityGroupRule": _where(
                    "type", "ingress", _each("cidrIp", "ipv6CidrIp")
                ),
                "alicloud:nas/accessRule:AccessRule": _each("sourceCidrIp", "ipv6SourceCidrIp"),
                "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _aws_group,
                "aws:ec2/securityGroup:SecurityGroup": _aws_group,
                "aws:ec2/securityGroupRule:SecurityGroupRule": _where("type", "ingress", _aws_rule),
                "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _each("cidrIpv4", "cidrIpv6"),
                "azure-native:network:NetworkSecurityGroup": _azure_group,
                "azure-native:network:SecurityRule": _azure_rule,
                "gcp:compute/firewall:Firewall": _gcp_firewall,
            }
        ),
    ),
)
