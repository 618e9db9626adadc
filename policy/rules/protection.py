"""What holds data or keys cannot be deleted by a mistaken plan, nor in a cloud's console.

Turning protection off to take a stack down fails here on purpose: see docs/howto/add-a-policy.md.
"""

from __future__ import annotations

from policy.model import CENTER, Messages, ResourceRule, Subject
from policy.read import is_set, is_true, value

STATEFUL = frozenset(
    {
        "alicloud:cr/registryEnterpriseInstance:RegistryEnterpriseInstance",
        "alicloud:cs/managedKubernetes:ManagedKubernetes",
        "alicloud:kms/instance:Instance",
        "alicloud:kms/key:Key",
        "alicloud:log/project:Project",
        "alicloud:nas/fileSystem:FileSystem",
        "alicloud:oss/bucket:Bucket",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ecr/repository:Repository",
        "aws:efs/fileSystem:FileSystem",
        "aws:eks/cluster:Cluster",
        "aws:fsx/lustreFileSystem:LustreFileSystem",
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "azure-native:containerregistry:Registry",
        "azure-native:containerservice:ManagedCluster",
        "azure-native:keyvault:Key",
        "azure-native:keyvault:Vault",
        "azure-native:operationalinsights:Workspace",
        "azure-native:resources:ResourceGroup",
        "azure-native:storage:BlobContainer",
        "azure-native:storage:FileShare",
        "azure-native:storage:StorageAccount",
        "azure-native:storagecache:AmlFilesystem",
        "gcp:artifactregistry/repository:Repository",
        "gcp:container/cluster:Cluster",
        "gcp:filestore/instance:Instance",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:kms/keyRing:KeyRing",
        "gcp:lustre/instance:Instance",
        "gcp:parallelstore/instance:Instance",
        "gcp:storage/bucket:Bucket",
    }
)
"""Types that hold data, keys, or what all else hangs on."""

SWITCHES = {
    "alicloud:cs/managedKubernetes:ManagedKubernetes": "deletionProtection",
    "aws:eks/cluster:Cluster": "deletionProtection",
    "gcp:container/cluster:Cluster": "deletionProtection",
    "gcp:filestore/instance:Instance": "deletionProtectionEnabled",
}
"""By type: the cloud's own switch, which also holds in its console."""


def _protected(subject: Subject) -> Messages:
    if subject.type in STATEFUL and not subject.protect:
        yield "may be deleted by a plan; its resource options must have protect=True (cloud.deletionProtection: true)"


def _declared(subject: Subject) -> Messages:
    if subject.type == CENTER and value(subject.props, "deletionProtection") is False:
        yield "may be deleted as a whole; cloud.deletionProtection must be true"


def _refuses(subject: Subject) -> Messages:
    switch = SWITCHES.get(subject.type)
    if switch and not is_true(subject.props, switch):
        yield f"may be deleted in the cloud's console; {switch} must be true"


def _emptied(subject: Subject) -> Messages:
    """Protection is of no use to a bucket that may be emptied first."""
    for name in ("forceDestroy", "forceDelete"):
        if subject.type in STATEFUL and is_set(subject.props, name) and is_true(subject.props, name):
            yield f"is deleted with everything in it; {name} must be false"


RULES = (
    ResourceRule("stateful-protected", "What holds data or keys is protected in Pulumi.", "mandatory", _protected),
    ResourceRule("protection-declared", "The stack declares deletion protection.", "mandatory", _declared),
    ResourceRule("clouds-refuse-deletion", "The cloud refuses to delete what it can protect.", "mandatory", _refuses),
    ResourceRule("never-emptied", "Nothing is deleted while there is data in it.", "mandatory", _emptied),
)
