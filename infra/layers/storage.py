"""Storage: a StorageClass for each kind of volume that the cloud offers, so that claims read alike on every cloud.

It makes no volume and no bucket: buckets and file systems are the cloud's, claims are the tenants'.
"""

from __future__ import annotations

from infra.clouds.base import VolumeClass, VolumeKind
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.objects import Manifest

DEFAULT = "block"


def build(given: LayerIn) -> LayerOut:
    """Register a class for each kind."""
    after = given.earlier["foundation"].ready
    made = [given.declare(storage_class(kind, volume), *after) for kind, volume in given.cluster.volumes.items()]
    return LayerOut(ready=tuple(made))


def storage_class(kind: VolumeKind, volume: VolumeClass) -> Manifest:
    """`aicc-block`, `aicc-shared`, `aicc-parallel`; claims that name none get the first.

    What shared file systems hold outlives its claim; a disk goes with it.
    """
    default = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}} if kind == DEFAULT else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": f"aicc-{kind}", **default},
        "provisioner": volume.provisioner,
        "parameters": dict(volume.parameters),
        **({"mountOptions": list(volume.mount_options)} if volume.mount_options else {}),
        "volumeBindingMode": "WaitForFirstConsumer" if volume.zonal else "Immediate",
        "allowVolumeExpansion": volume.expandable,
        "reclaimPolicy": "Delete" if kind == DEFAULT else "Retain",
    }


LAYER = Layer("storage", requires=("foundation",), build=build)
