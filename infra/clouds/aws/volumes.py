"""The kinds of volume that pods can claim: a disk, and a folder of the shared file system.

Not the parallel one: its driver would make a whole file system for each claim. Volumes of the centre's own name it.
"""

from __future__ import annotations

import pulumi

from infra.clouds.aws.files import FilesOut
from infra.clouds.aws.keys import KeyRing
from infra.clouds.base import VolumeClass, VolumeKind


def of(keys: KeyRing, files: FilesOut) -> dict[VolumeKind, VolumeClass]:
    """The classes that the storage layer makes."""
    classes: dict[VolumeKind, VolumeClass] = {
        "block": VolumeClass(
            "ebs.csi.aws.com", {"type": "gp3", "encrypted": "true", "kmsKeyId": keys.disks.arn}, zonal=True
        )
    }
    if files.shared is not None:
        # An access point for each claim; there is no size to expand.
        parameters: dict[str, pulumi.Input[str]] = {
            "provisioningMode": "efs-ap",
            "fileSystemId": files.shared,
            "directoryPerms": "700",
            "subPathPattern": "${.PVC.namespace}/${.PVC.name}",
        }
        classes["shared"] = VolumeClass("efs.csi.aws.com", parameters, expandable=False)
    return classes
