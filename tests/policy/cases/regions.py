"""Regions."""

from __future__ import annotations

from tests.policy.build import center, fails, passes, subject
from tests.policy.tokens import ACCOUNT, GCS, TEMPLATE

CASES = [
    *passes("region-allowed", center(), center(region="eu-central-1", limits={})),
    *fails("region-allowed", (center(region="us-east-1"), "is in us-east-1; limits.regions allows cn-shanghai")),
    *passes(
        "resources-in-allowed-regions",
        (center(), subject("alicloud:vpc/switch:Switch", {"zoneId": "cn-shanghai-b"})),
        (center(region="us-west-2", limits={}), subject(TEMPLATE, {"region": "us-west-2"})),
        (center(region="us-west-2", limits={}), subject("aws:ec2/subnet:Subnet", {"availabilityZone": "us-west-2a"})),
        (center(region="us-central1", limits={}), subject(GCS, {"location": "US-CENTRAL1"})),
        (center(region="eastus", limits={}), subject("azure-native:privatedns:PrivateZone", {"location": "Global"})),
        (center(region="eastus", limits={}), subject(ACCOUNT, {"location": "East US"})),
        (center(region=None, limits={}, cloud="existing"), subject("pulumi:providers:kubernetes", {})),
    ),
    *fails(
        "resources-in-allowed-regions",
        (
            (center(), subject("pulumi:providers:alicloud", {"region": "cn-beijing"})),
            "has region cn-beijing; the stack allows cn-shanghai",
        ),
        ((center(region="eastus", limits={}), subject(ACCOUNT, {"location": "eastus2"})), "has location eastus2"),
        ((center(region="us-central1", limits={}), subject(GCS, {"location": "US"})), "has location US"),
        (
            (center(region="us-central1", limits={}), subject("gcp:kms/keyRing:KeyRing", {"location": "global"})),
            "global",
        ),
        (
            (
                center(region="us-west-2", limits={}),
                subject("aws:ec2/subnet:Subnet", {"availabilityZone": "us-west-1a"}),
            ),
            "has availabilityZone us-west-1a",
        ),
    ),
]
