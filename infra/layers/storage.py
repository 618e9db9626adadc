"""Storage: a StorageClass for each kind of volume that the cloud offers, and an object store where the cloud has none.

Claims then read alike on every cloud. It makes no bucket: a cloud's are made with it, and those of the centre's own
store by `aicc`, together with its keys, which no program ever sees.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.helm.v4 import Chart

from infra import names
from infra.clouds.base import ObjectStore, VolumeClass, VolumeKind
from infra.config.storage import MODELS
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.charts import chart, image
from infra.layers.objects import Manifest
from infra.plan.caches import OBJECT_STORE

DEFAULT = "block"
STORE_SIZE = "100Gi"


def build(given: LayerIn) -> LayerOut:
    """Register a class for each kind, and the object store where models are in it."""
    after = given.earlier["foundation"].ready
    classes = [given.declare(storage_class(kind, volume), *after) for kind, volume in given.cluster.volumes.items()]
    if not given.plan.own_store:
        return LayerOut(ready=tuple(classes))
    store = Chart(
        names.OBJECT_STORE,
        chart=chart("object-store"),
        namespace=names.SYSTEM_NAMESPACE,
        values=store_values(given),
        opts=given.options(*after, *classes),
    )
    return LayerOut(ready=tuple(classes), parts={names.OBJECT_STORE: (store,)})


def class_of(kind: VolumeKind, given: LayerIn) -> str | None:
    """The name of the class of a kind; None where the centre makes none, and the cluster's default has to do."""
    return f"aicc-{kind}" if kind in given.cluster.volumes else None


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


def store_values(given: LayerIn) -> dict[str, Any]:
    """Return the object store's values."""
    return {
        "image": image(given.plan.images[OBJECT_STORE]),
        "credentials": names.OBJECT_STORE,
        "size": STORE_SIZE,
        "storageClassName": class_of("block", given) or "",
        "nodeSelector": dict(given.cluster.service_nodes),
        "priorityClassName": "aicc-platform",
        "service": {"port": names.OBJECT_STORE_PORT},
    }


def object_store(given: LayerIn) -> ObjectStore | None:
    """The store that models are in: the cloud's, or the centre's own."""
    if not given.plan.own_store:
        return given.cluster.object_store
    endpoint = f"http://{names.OBJECT_STORE}.{names.SYSTEM_NAMESPACE}.svc:{names.OBJECT_STORE_PORT}"
    return ObjectStore("s3", names.OBJECT_STORE_REGION, endpoint, {MODELS: pulumi.Output.from_input(MODELS)})


LAYER = Layer("storage", requires=("foundation",), build=build)
