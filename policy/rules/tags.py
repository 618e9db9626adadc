"""Everything that takes tags says who answers for it, who pays, and which tenant it is for."""

from __future__ import annotations

from collections.abc import Mapping

from policy.model import Messages, ResourceRule, Subject
from policy.read import is_set, value

REQUIRED = ("owner", "cost-center", "tenant")

_ALICLOUD = """
cr/registryEnterpriseInstance:RegistryEnterpriseInstance cs/managedKubernetes:ManagedKubernetes cs/nodePool:NodePool
ecs/disk:Disk ecs/eipAddress:EipAddress ecs/securityGroup:SecurityGroup kms/instance:Instance kms/key:Key
kms/secret:Secret log/project:Project nas/fileSystem:FileSystem nlb/loadBalancer:LoadBalancer oss/bucket:Bucket
ram/policy:Policy ram/role:Role vpc/natGateway:NatGateway vpc/network:Network vpc/switch:Switch
"""
_AWS = """
cloudwatch/eventRule:EventRule cloudwatch/logGroup:LogGroup ebs/volume:Volume
ec2/defaultSecurityGroup:DefaultSecurityGroup ec2/eip:Eip ec2/flowLog:FlowLog ec2/internetGateway:InternetGateway
ec2/launchTemplate:LaunchTemplate ec2/natGateway:NatGateway ec2/placementGroup:PlacementGroup
ec2/routeTable:RouteTable ec2/securityGroup:SecurityGroup ec2/subnet:Subnet ec2/vpc:Vpc ec2/vpcEndpoint:VpcEndpoint
ecr/repository:Repository efs/accessPoint:AccessPoint efs/fileSystem:FileSystem eks/accessEntry:AccessEntry
eks/addon:Addon eks/cluster:Cluster eks/nodeGroup:NodeGroup eks/podIdentityAssociation:PodIdentityAssociation
fsx/dataRepositoryAssociation:DataRepositoryAssociation fsx/lustreFileSystem:LustreFileSystem iam/policy:Policy
iam/role:Role kms/key:Key lb/loadBalancer:LoadBalancer s3/bucket:Bucket secretsmanager/secret:Secret sqs/queue:Queue
vpc/securityGroupEgressRule:SecurityGroupEgressRule vpc/securityGroupIngressRule:SecurityGroupIngressRule
"""
_AZURE = """
compute:DiskEncryptionSet compute:ProximityPlacementGroup containerregistry:Registry containerservice:AgentPool
containerservice:ManagedCluster keyvault:Key keyvault:Vault managedidentity:UserAssignedIdentity network:NatGateway
network:NetworkSecurityGroup network:PrivateEndpoint network:PublicIPAddress network:PublicIPPrefix network:RouteTable
network:VirtualNetwork operationalinsights:Workspace privatedns:PrivateZone privatedns:VirtualNetworkLink
resources:ResourceGroup storage:StorageAccount storagecache:AmlFilesystem
"""
_GCP = """
artifactregistry/repository:Repository compute/address:Address compute/disk:Disk compute/globalAddress:GlobalAddress
filestore/instance:Instance kms/cryptoKey:CryptoKey lustre/instance:Instance parallelstore/instance:Instance
secretmanager/secret:Secret storage/bucket:Bucket
"""


def _of(cloud: str, types: str, *path: str) -> dict[str, tuple[str, ...]]:
    return {f"{cloud}:{type_}": path for type_ in types.split()}


TAGGED: Mapping[str, tuple[str, ...]] = {
    **_of("alicloud", _ALICLOUD, "tags"),
    **_of("aws", _AWS, "tags"),
    **_of("azure-native", _AZURE, "tags"),
    **_of("gcp", _GCP, "labels"),
    **_of("gcp", "container/cluster:Cluster", "resourceLabels"),
    **_of("gcp", "container/nodePool:NodePool", "nodeConfig", "resourceLabels"),
}
"""Types that take tags, and where."""


def _tags(subject: Subject) -> Messages:
    path = TAGGED.get(subject.type)
    if path is None:
        return
    given = value(subject.props, *path) or {}
    missing = [key for key in REQUIRED if not is_set(given, key)]
    if missing:
        yield f"lacks {', '.join(missing)} in {'.'.join(path)}; it must have {', '.join(REQUIRED)}"


RULES = (ResourceRule("tags-required", "What takes tags has owner, cost centre and tenant.", "mandatory", _tags),)
