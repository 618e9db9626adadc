"""Encryption at rest: disks, buckets, file systems and Kubernetes' secrets.

What a cloud always encrypts (disks on Google Cloud and Azure, say) needs no rule here, but whose key it is does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.model import Check, Messages, Props, ResourceRule, Stack, StackRule, Subject, by_type
from policy.read import is_set, is_true, items, mappings, value

BUCKET_ENCRYPTION = {
    "alicloud:oss/bucket:Bucket": (
        "serverSideEncryptionRule",
        "alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption",
    ),
    "aws:s3/bucket:Bucket": (
        "serverSideEncryptionConfiguration",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    ),
}
"""By type of bucket: the property that encrypts it, and the resource that does the same."""

DISK_DRIVERS = ("ebs.csi.aws.com", "diskplugin.csi.alibabacloud.com")
"""CSI drivers whose volumes are encrypted where their StorageClass says so, and only there."""

OWN_KEYS: Mapping[str, tuple[str, ...]] = {
    "alicloud:nas/fileSystem:FileSystem": ("kmsKeyId",),
    "alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption": ("kmsMasterKeyId",),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId",),
    "aws:ebs/volume:Volume": ("kmsKeyId",),
    "aws:ecr/repository:Repository": ("encryptionConfigurations",),
    "aws:efs/fileSystem:FileSystem": ("kmsKeyId",),
    "aws:fsx/lustreFileSystem:LustreFileSystem": ("kmsKeyId",),
    "azure-native:containerregistry:Registry": ("encryption", "keyVaultProperties"),
    "azure-native:containerservice:ManagedCluster": ("diskEncryptionSetID",),
    "azure-native:storage:StorageAccount": ("encryption", "keyVaultProperties"),
    "azure-native:storagecache:AmlFilesystem": ("encryptionSettings", "keyEncryptionKey"),
    "gcp:artifactregistry/repository:Repository": ("kmsKeyName",),
    "gcp:container/nodePool:NodePool": ("nodeConfig", "bootDiskKmsKey"),
    "gcp:filestore/instance:Instance": ("kmsKeyName",),
    "gcp:lustre/instance:Instance": ("kmsKey",),
    "gcp:storage/bucket:Bucket": ("encryption", "defaultKmsKeyName"),
}
"""Where each type names the key that encrypts it."""


def _flag(*path: str) -> Check:
    def check(props: Props) -> Iterator[str]:
        if not is_true(props, *path):
            yield f"is not encrypted at rest; {'.'.join(path)} must be true"

    return check


def _ack_nodes(props: Props) -> Iterator[str]:
    if is_set(props, "efloNodeGroup"):
        return  # Lingjun machines come with their disks; the pool only lets them join
    yield from _flag("systemDiskEncrypted")(props)
    for number, disk in enumerate(mappings(props, "dataDisks")):
        if not is_true(disk, "encrypted"):
            yield f"data disk {number} is not encrypted at rest; dataDisks[{number}].encrypted must be true"


def _nas(props: Props) -> Iterator[str]:
    if not _is_cpfs(props) and value(props, "encryptType") not in (1, 2):
        yield "is not encrypted at rest; encryptType must be 1 (a key of NAS) or 2 (your own)"


def _acr(props: Props) -> Iterator[str]:
    if is_true(props, "defaultOssBucket") or not is_set(props, "customOssBucket"):
        yield "keeps images in a bucket that nobody can see into; customOssBucket must name an encrypted one"


def _launch_template(props: Props) -> Iterator[str]:
    disks = [item["ebs"] for item in mappings(props, "blockDeviceMappings") if is_set(item, "ebs")]
    if not disks:
        yield "leaves its disks to the account's default; blockDeviceMappings must name them, with ebs.encrypted: true"
    for disk in disks:
        yield from _flag("encrypted")(disk)


def _node_group(props: Props) -> Iterator[str]:
    if not is_set(props, "launchTemplate"):
        yield "leaves its disks to the account's default; launchTemplate must name one that encrypts them"


def _aks_nodes(props: Props) -> Iterator[str]:
    """Azure encrypts managed disks itself; those in the host, and what is on the way to it, only so."""
    pools = [props] if "agentPoolProfiles" not in props else mappings(props, "agentPoolProfiles")
    if not all(is_true(pool, "enableEncryptionAtHost") for pool in pools):
        yield "has disks that are not encrypted in their host; enableEncryptionAtHost must be true"


def _node_class(props: Props) -> Iterator[str]:
    """Without mappings, Karpenter takes its own, which are encrypted."""
    for disk in mappings(props, "spec", "blockDeviceMappings"):
        if not is_true(disk, "ebs", "encrypted"):
            yield "has disks that are not encrypted at rest; blockDeviceMappings[].ebs.encrypted must be true"


def _storage_class(props: Props) -> Iterator[str]:
    if value(props, "provisioner") in DISK_DRIVERS and not is_true(props, "parameters", "encrypted"):
        yield 'makes disks that are not encrypted at rest; parameters.encrypted must be "true"'


def _buckets(subject: Subject, stack: Stack) -> Messages:
    if subject.type not in BUCKET_ENCRYPTION:
        return
    inline, companion = BUCKET_ENCRYPTION[subject.type]
    if not is_set(subject.props, inline) and not any(stack.companions(subject, companion)):
        yield f"is not encrypted at rest; give it {inline}, or a {companion.rpartition(':')[2]} of its own"


def _ack_secrets(props: Props) -> Iterator[str]:
    if not is_set(props, "encryptionProviderKey") or is_true(props, "disableEncryption"):
        yield "keeps Kubernetes' secrets in clear; encryptionProviderKey must name a key, disableEncryption be false"


def _eks_secrets(props: Props) -> Iterator[str]:
    if "secrets" not in items(props, "encryptionConfig", "resources"):
        yield "encrypts Kubernetes' secrets with no key of yours; encryptionConfig must list `secrets` and a key"
    elif not is_set(props, "encryptionConfig", "provider", "keyArn"):
        yield "encrypts Kubernetes' secrets with no key of yours; encryptionConfig.provider.keyArn must name one"


def _gke_secrets(props: Props) -> Iterator[str]:
    state, has_key = value(props, "databaseEncryption", "state"), is_set(props, "databaseEncryption", "keyName")
    if state not in ("ENCRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED") or not has_key:
        yield "encrypts Kubernetes' secrets with no key of yours; databaseEncryption must be ENCRYPTED with a keyName"


def _aks_secrets(props: Props) -> Iterator[str]:
    if not is_true(props, "securityProfile", "azureKeyVaultKms", "enabled"):
        yield "encrypts Kubernetes' secrets with no key of yours; securityProfile.azureKeyVaultKms must be enabled"


def _own_key(subject: Subject) -> Messages:
    path = OWN_KEYS.get(subject.type, ())
    if not path or is_set(subject.props, *path):
        return
    if _is_cpfs(subject.props):
        yield "takes no key of yours; what must not be read by others may be kept in extreme NAS or a bucket"
    else:
        yield f"is encrypted with the provider's key, if at all; {'.'.join(path)} may name your own"


def _is_cpfs(props: Props) -> bool:
    """CPFS, which unlike the other kinds of NAS lets nobody choose."""
    return str(value(props, "fileSystemType")).startswith("cpfs")


RULES = (
    ResourceRule(
        "encrypted-at-rest",
        "Disks, file systems and registries are encrypted at rest.",
        "mandatory",
        by_type(
            {
                "alicloud:cr/registryEnterpriseInstance:RegistryEnterpriseInstance": _acr,
                "alicloud:cs/nodePool:NodePool": _ack_nodes,
                "alicloud:ecs/disk:Disk": _flag("encrypted"),
                "alicloud:nas/fileSystem:FileSystem": _nas,
                "aws:ebs/volume:Volume": _flag("encrypted"),
                "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
                "aws:efs/fileSystem:FileSystem": _flag("encrypted"),
                "aws:eks/nodeGroup:NodeGroup": _node_group,
                "azure-native:containerservice:AgentPool": _aks_nodes,
                "azure-native:containerservice:ManagedCluster": _aks_nodes,
                "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass": _node_class,
                "kubernetes:storage.k8s.io/v1:StorageClass": _storage_class,
            }
        ),
    ),
    StackRule("buckets-encrypted", "Buckets encrypt what is put into them.", "mandatory", _buckets),
    ResourceRule(
        "kubernetes-secrets-encrypted",
        "Clusters encrypt Kubernetes' secrets with a key of the centre's own.",
        "mandatory",
        by_type(
            {
                "alicloud:cs/managedKubernetes:ManagedKubernetes": _ack_secrets,
                "aws:eks/cluster:Cluster": _eks_secrets,
                "azure-native:containerservice:ManagedCluster": _aks_secrets,
                "gcp:container/cluster:Cluster": _gke_secrets,
            }
        ),
    ),
    ResourceRule("own-keys", "What holds data is encrypted with a key of the centre's own.", "advisory", _own_key),
)
