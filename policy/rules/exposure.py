"""Endpoints are private, or list the addresses that may reach them: API servers, load balancers, services, nodes."""

from __future__ import annotations

from collections.abc import Iterator

from policy.model import CENTER, Check, Messages, Props, ResourceRule, by_type
from policy.read import LISTED, exposed, is_set, is_true, mappings, value, world

_API = "the API server"


def _declared_access(props: Props) -> Messages:
    return exposed(props, _API, "apiAccess")


def _ack(props: Props) -> Iterator[str]:
    """ACK's own public load balancer takes no allow-list; one that is handed to it is checked by itself."""
    if value(props, "slbInternetEnabled") is not False:
        yield "gives the API server a public address without an allow-list; slbInternetEnabled must be false"


def _eks(props: Props) -> Iterator[str]:
    if value(props, "vpcConfig", "endpointPublicAccess") is False:
        return
    if not is_set(props, "vpcConfig", "publicAccessCidrs"):
        yield f"lets everybody reach the API server; vpcConfig.endpointPublicAccess must be false, or {LISTED}"
    yield from exposed(props, _API, "vpcConfig", "publicAccessCidrs")


def _gke(props: Props) -> Iterator[str]:
    if is_true(props, "controlPlaneEndpointsConfig", "dnsEndpointConfig", "allowExternalTraffic"):
        yield "lets everybody reach the API server by name; dnsEndpointConfig.allowExternalTraffic must be false"
    if is_true(props, "privateClusterConfig", "enablePrivateEndpoint"):
        return
    if value(props, "controlPlaneEndpointsConfig", "ipEndpointsConfig", "enabled") is False:
        return
    if not is_set(props, "masterAuthorizedNetworksConfig"):
        private = "privateClusterConfig.enablePrivateEndpoint must be true"
        yield f"lets everybody reach the API server; {private}, or {LISTED}"
        return
    where = "masterAuthorizedNetworksConfig.cidrBlocks"
    for found in world((block.get("cidrBlock") for block in mappings(props, *where.split("."))), where):
        yield f"lets {found} reach the API server; {LISTED} in {where}"


def _aks(props: Props) -> Iterator[str]:
    profile = "apiServerAccessProfile"
    if is_true(props, profile, "enablePrivateCluster"):
        return
    if not is_set(props, profile, "authorizedIPRanges"):
        yield f"lets everybody reach the API server; {profile}.enablePrivateCluster must be true, or {LISTED}"
    yield from exposed(props, _API, profile, "authorizedIPRanges")


def _service(props: Props) -> Iterator[str]:
    if value(props, "spec", "type") != "LoadBalancer":
        return
    if not is_set(props, "spec", "loadBalancerSourceRanges"):
        yield f"lets everybody reach its load balancer; {LISTED} in spec.loadBalancerSourceRanges"
    yield from exposed(props, "its load balancer", "spec", "loadBalancerSourceRanges")


def _alicloud_balancer(props: Props) -> Iterator[str]:
    if str(value(props, "addressType") or "").lower() == "internet" and not is_set(props, "securityGroupIds"):
        yield "is reached from everywhere; addressType must be Intranet, or securityGroupIds name who may"


def _aws_balancer(props: Props) -> Iterator[str]:
    if not is_true(props, "internal") and not is_set(props, "securityGroups"):
        yield "is reached from everywhere; internal must be true, or securityGroups name who may"


def _azure_service(*path: str) -> Check:
    """A check of a service that is reached from everywhere, unless its rules at `path` deny what they do not list."""
    where = ".".join(path)

    def check(props: Props) -> Iterator[str]:
        access = value(props, *path[:-1], "publicNetworkAccess")
        if str(access).lower() in {"disabled", "securedbyperimeter"}:
            return
        if value(props, *path, "defaultAction") != "Deny":
            yield f"is reached from everywhere; publicNetworkAccess must be Disabled, or {where}.defaultAction Deny"
        listed = (rule.get("iPAddressOrRange", rule.get("value")) for rule in mappings(props, *path, "ipRules"))
        for found in world(listed, f"{where}.ipRules"):
            yield f"lets {found} reach it; {LISTED} in {where}.ipRules"

    return check


def _ack_nodes(props: Props) -> Iterator[str]:
    if (value(props, "internetMaxBandwidthOut") or 0) > 0 or is_true(props, "scalingConfig", "isBondEip"):
        yield "gives its nodes public addresses; internetMaxBandwidthOut must be 0 and scalingConfig.isBondEip false"


def _aws_nodes(props: Props) -> Iterator[str]:
    if any(is_true(item, "associatePublicIpAddress") for item in mappings(props, "networkInterfaces")):
        yield "gives its nodes public addresses; networkInterfaces[].associatePublicIpAddress must be false"


def _gke_nodes(props: Props) -> Iterator[str]:
    if not is_true(props, "privateClusterConfig", "enablePrivateNodes"):
        yield "gives its nodes public addresses; privateClusterConfig.enablePrivateNodes must be true"


def _gke_pool(props: Props) -> Iterator[str]:
    """A pool that does not say is as its cluster is."""
    if value(props, "networkConfig", "enablePrivateNodes") is False:
        yield "gives its nodes public addresses; networkConfig.enablePrivateNodes must be true"


def _aks_nodes(props: Props) -> Iterator[str]:
    for pool in (props, *mappings(props, "agentPoolProfiles")):
        if is_true(pool, "enableNodePublicIP"):
            yield "gives its nodes public addresses; enableNodePublicIP must be false"


RULES = (
    ResourceRule(
        "api-server-private-or-listed",
        "The Kubernetes API server is private, or lists who may reach it.",
        "mandatory",
        by_type(
            {
                CENTER: _declared_access,
                "alicloud:cs/managedKubernetes:ManagedKubernetes": _ack,
                "aws:eks/cluster:Cluster": _eks,
                "azure-native:containerservice:ManagedCluster": _aks,
                "gcp:container/cluster:Cluster": _gke,
            }
        ),
    ),
    ResourceRule(
        "load-balancers-private-or-listed",
        "Load balancers are private, or list who may reach them.",
        "mandatory",
        by_type(
            {
                "alicloud:alb/loadBalancer:LoadBalancer": _alicloud_balancer,
                "alicloud:nlb/loadBalancer:LoadBalancer": _alicloud_balancer,
                "aws:lb/loadBalancer:LoadBalancer": _aws_balancer,
                "kubernetes:core/v1:Service": _service,
            }
        ),
    ),
    ResourceRule(
        "cloud-services-private-or-listed",
        "Accounts, registries and vaults are private, or list who may reach them.",
        "mandatory",
        by_type(
            {
                "azure-native:containerregistry:Registry": _azure_service("networkRuleSet"),
                "azure-native:keyvault:Vault": _azure_service("properties", "networkAcls"),
                "azure-native:storage:StorageAccount": _azure_service("networkRuleSet"),
            }
        ),
    ),
    ResourceRule(
        "nodes-private",
        "Nodes have no public addresses.",
        "mandatory",
        by_type(
            {
                "alicloud:cs/nodePool:NodePool": _ack_nodes,
                "aws:ec2/launchTemplate:LaunchTemplate": _aws_nodes,
                "azure-native:containerservice:AgentPool": _aks_nodes,
                "azure-native:containerservice:ManagedCluster": _aks_nodes,
                "gcp:container/cluster:Cluster": _gke_nodes,
                "gcp:container/nodePool:NodePool": _gke_pool,
            }
        ),
    ),
)
