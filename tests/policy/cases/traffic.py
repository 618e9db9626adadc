"""Networks’ own rules."""

from __future__ import annotations

from tests.policy.build import WORLD, fails, passes, subject

CASES = [
    *passes(
        "traffic-in-listed",
        subject("alicloud:cr/endpointAclPolicy:EndpointAclPolicy", {"entry": "203.0.113.0/24"}),
        subject("alicloud:ecs/securityGroupRule:SecurityGroupRule", {"type": "egress", "cidrIp": WORLD}),
        subject("alicloud:ecs/securityGroupRule:SecurityGroupRule", {"type": "ingress", "cidrIp": "10.0.0.0/8"}),
        subject("alicloud:nas/accessRule:AccessRule", {"sourceCidrIp": "10.32.0.0/14"}),
        subject(
            "aws:ec2/securityGroup:SecurityGroup", {"egress": [{"cidrBlocks": [WORLD]}], "ingress": [{"self": True}]}
        ),
        subject("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "egress", "cidrBlocks": [WORLD]}),
        subject("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": "10.0.0.0/8"}),
        subject(
            "azure-native:network:SecurityRule",
            {"direction": "Inbound", "access": "Allow", "sourceAddressPrefix": "VirtualNetwork"},
        ),
        subject(
            "azure-native:network:SecurityRule", {"direction": "Inbound", "access": "Deny", "sourceAddressPrefix": "*"}
        ),
        subject("gcp:compute/firewall:Firewall", {"allows": [{"protocol": "tcp"}], "sourceRanges": ["10.0.0.0/8"]}),
        subject("gcp:compute/firewall:Firewall", {"denies": [{"protocol": "all"}], "sourceRanges": [WORLD]}),
        subject("gcp:compute/firewall:Firewall", {"direction": "EGRESS", "allows": [{"protocol": "tcp"}]}),
    ),
    *fails(
        "traffic-in-listed",
        (subject("alicloud:cr/endpointAclPolicy:EndpointAclPolicy", {"entry": WORLD}), "in entry"),
        (
            subject("alicloud:ecs/securityGroupRule:SecurityGroupRule", {"type": "ingress", "ipv6CidrIp": "::/0"}),
            "lets ::/0 in",
        ),
        (subject("alicloud:nas/accessRule:AccessRule", {"sourceCidrIp": WORLD}), "in sourceCidrIp"),
        (
            subject("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"ingress": [{"ipv6CidrBlocks": ["::/0"]}]}),
            "::/0",
        ),
        (subject("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": [WORLD]}]}), "in cidrBlocks"),
        (
            subject("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "ipv6CidrBlocks": ["::/0"]}),
            "in ipv6CidrBlocks",
        ),
        (subject("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": WORLD}), "in cidrIpv4"),
        (
            subject(
                "azure-native:network:SecurityRule",
                {"direction": "Inbound", "access": "Allow", "sourceAddressPrefix": "Internet"},
            ),
            "lets Internet in",
        ),
        (
            subject(
                "azure-native:network:NetworkSecurityGroup",
                {"securityRules": [{"direction": "Inbound", "access": "Allow", "sourceAddressPrefixes": ["*"]}]},
            ),
            "lets * reach it",
        ),
        (subject("gcp:compute/firewall:Firewall", {"allows": [{"protocol": "tcp"}]}), "lets everybody in"),
        (
            subject("gcp:compute/firewall:Firewall", {"allows": [{"protocol": "tcp"}], "sourceRanges": [WORLD]}),
            "in sourceRanges",
        ),
    ),
]
