"""Endpoints and nodes."""

from __future__ import annotations

from tests.policy.build import WORLD, center, fails, passes, spec, subject
from tests.policy.tokens import ACCOUNT, ACK, ACK_POOL, AKS, AKS_POOL, EKS, GKE, GKE_POOL, SERVICE, TEMPLATE, VAULT

CASES = [
    *passes(
        "api-server-private-or-listed",
        center(),
        center(apiAccess=[]),
        subject(ACK, {"slbInternetEnabled": False}),
        subject(EKS, {"vpcConfig": {"endpointPublicAccess": False}}),
        subject(EKS, {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}}),
        subject(GKE, {"privateClusterConfig": {"enablePrivateEndpoint": True}}),
        subject(GKE, {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "203.0.113.0/24"}]}}),
        subject(GKE, {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}}),
        subject(AKS, {"apiServerAccessProfile": {"enablePrivateCluster": True}}),
        subject(AKS, {"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24"]}}),
    ),
    *fails(
        "api-server-private-or-listed",
        (center(apiAccess=["203.0.113.0/24", WORLD]), "lets 0.0.0.0/0 reach the API server"),
        (subject(ACK), "slbInternetEnabled must be false"),
        (subject(ACK, {"slbInternetEnabled": True}), "without an allow-list"),
        (subject(EKS, {"vpcConfig": {"subnetIds": []}}), "vpcConfig.endpointPublicAccess must be false"),
        (subject(EKS, {"vpcConfig": {"publicAccessCidrs": ["128.0.0.0/1"]}}), "lets 128.0.0.0/1 reach the API server"),
        (subject(GKE), "privateClusterConfig.enablePrivateEndpoint must be true"),
        (
            subject(GKE, {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "::/0"}]}}),
            "lets ::/0 reach the API server",
        ),
        (
            subject(
                GKE,
                {
                    "privateClusterConfig": {"enablePrivateEndpoint": True},
                    "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"allowExternalTraffic": True}},
                },
            ),
            "dnsEndpointConfig.allowExternalTraffic must be false",
        ),
        (subject(AKS), "apiServerAccessProfile.enablePrivateCluster must be true"),
        (
            subject(AKS, {"apiServerAccessProfile": {"authorizedIPRanges": [WORLD]}}),
            "lets 0.0.0.0/0 reach the API server",
        ),
    ),
    *passes(
        "load-balancers-private-or-listed",
        spec(SERVICE, type="ClusterIP"),
        spec(SERVICE, type="LoadBalancer", loadBalancerSourceRanges=["203.0.113.0/24"]),
        subject("alicloud:nlb/loadBalancer:LoadBalancer", {"addressType": "Intranet"}),
        subject("alicloud:nlb/loadBalancer:LoadBalancer", {"addressType": "Internet", "securityGroupIds": ["sg-1"]}),
        subject("aws:lb/loadBalancer:LoadBalancer", {"internal": True}),
    ),
    *fails(
        "load-balancers-private-or-listed",
        (spec(SERVICE, type="LoadBalancer"), "in spec.loadBalancerSourceRanges"),
        (
            spec(SERVICE, type="LoadBalancer", loadBalancerSourceRanges=[WORLD]),
            "lets 0.0.0.0/0 reach its load balancer",
        ),
        (
            subject("alicloud:nlb/loadBalancer:LoadBalancer", {"addressType": "Internet"}),
            "addressType must be Intranet",
        ),
        (
            subject("alicloud:alb/loadBalancer:LoadBalancer", {"addressType": "Internet"}),
            "addressType must be Intranet",
        ),
        (subject("aws:lb/loadBalancer:LoadBalancer"), "internal must be true"),
    ),
    *passes(
        "cloud-services-private-or-listed",
        subject(ACCOUNT, {"publicNetworkAccess": "Disabled"}),
        subject(
            ACCOUNT, {"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "203.0.113.0/24"}]}}
        ),
        subject(VAULT, {"properties": {"publicNetworkAccess": "disabled"}}),
        subject("azure-native:containerregistry:Registry", {"networkRuleSet": {"defaultAction": "Deny"}}),
    ),
    *fails(
        "cloud-services-private-or-listed",
        (subject(ACCOUNT), "publicNetworkAccess must be Disabled, or networkRuleSet.defaultAction Deny"),
        (
            subject(VAULT, {"properties": {"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": WORLD}]}}}),
            "lets 0.0.0.0/0 reach it",
        ),
        (
            subject("azure-native:containerregistry:Registry", {"networkRuleSet": {"defaultAction": "Allow"}}),
            "networkRuleSet.defaultAction Deny",
        ),
    ),
    *passes(
        "nodes-private",
        subject(ACK_POOL, {"internetMaxBandwidthOut": 0, "scalingConfig": {"isBondEip": False}}),
        subject(TEMPLATE, {"networkInterfaces": [{"associatePublicIpAddress": "false"}]}),
        subject(GKE, {"privateClusterConfig": {"enablePrivateNodes": True}}),
        subject(AKS, {"agentPoolProfiles": [{"name": "system", "enableNodePublicIP": False}]}),
        subject(AKS_POOL),
    ),
    *fails(
        "nodes-private",
        (subject(ACK_POOL, {"internetMaxBandwidthOut": 10}), "internetMaxBandwidthOut must be 0"),
        (subject(ACK_POOL, {"scalingConfig": {"isBondEip": True}}), "scalingConfig.isBondEip false"),
        (subject(TEMPLATE, {"networkInterfaces": [{"associatePublicIpAddress": "true"}]}), "must be false"),
        (subject(GKE), "privateClusterConfig.enablePrivateNodes must be true"),
        (subject(AKS, {"agentPoolProfiles": [{"name": "system", "enableNodePublicIP": True}]}), "must be false"),
        (subject(AKS_POOL, {"enableNodePublicIP": True}), "enableNodePublicIP must be false"),
        (
            subject(GKE_POOL, {"networkConfig": {"enablePrivateNodes": False}}),
            "networkConfig.enablePrivateNodes must be true",
        ),
    ),
]
