"""Backup: what Velero keeps of the platform's and the tenants' objects, daily, in the centre's own bucket.

Objects only: what volumes hold is copied by the storage services' own snapshots, and model weights have a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra import names
from infra.clouds.base import Identity, ObjectStore
from infra.config.storage import BACKUPS
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.objects import Manifest
from infra.plan import CenterPlan
from infra.plan.workloads import VELERO

API = "velero.io/v1"
LOCATION = "default"
KEPT = "720h0m0s"
"""Thirty days."""

_GOOGLE_ACCOUNT = "iam.gke.io/gcp-service-account"
PROVIDERS = {"s3": "velero.io/aws", "gs": "velero.io/gcp", "azblob": "velero.io/azure"}


def build(given: LayerIn) -> LayerOut:
    """Register where backups go and when they are made, where Velero and a bucket are there."""
    store = given.cluster.object_store
    if not given.cluster.serves("velero") or store is None or store.scheme not in PROVIDERS:
        return LayerOut()
    operator = given.earlier["operators"].parts.get("velero", ())
    place = given.declare(location(store, given.cluster.identities.get(VELERO, Identity())), *operator)
    return LayerOut(ready=(given.declare(schedule(given.plan), place),))


def location(store: ObjectStore, identity: Identity) -> Manifest:
    """The bucket, reached as Velero's own identity."""
    return {
        "apiVersion": API,
        "kind": "BackupStorageLocation",
        "metadata": {"name": LOCATION, "namespace": VELERO},
        "spec": {
            "provider": PROVIDERS[store.scheme],
            "default": True,
            "objectStorage": {"bucket": store.buckets[BACKUPS], "prefix": "velero"},
            "config": _config(store, identity),
        },
    }


def _config(store: ObjectStore, identity: Identity) -> Mapping[str, Any]:
    match store.scheme:
        case "s3":
            return {"region": store.region}
        case "azblob":
            # With the account's address given, the plugin asks Azure's management API for nothing.
            return {"storageAccount": store.account, "storageAccountURI": f"https://{store.endpoint}", "useAAD": "true"}
        case "gs" if _GOOGLE_ACCOUNT in identity.annotations:
            # With an identity instead of a key, the plugin must be told who signs its addresses.
            return {"serviceAccount": identity.annotations[_GOOGLE_ACCOUNT]}
        case _:
            return {}


def schedule(plan: CenterPlan) -> Manifest:
    """Every night: the tenants' and the platform's namespaces, and the cluster's own objects."""
    spaces = [names.GATEWAY_NAMESPACE, names.MONITORING_NAMESPACE, names.SYSTEM_NAMESPACE]
    return {
        "apiVersion": API,
        "kind": "Schedule",
        "metadata": {"name": "daily", "namespace": VELERO},
        "spec": {
            "schedule": "0 18 * * *",
            "template": {
                "includedNamespaces": [*spaces, *(tenant.namespace for tenant in plan.tenants)],
                "includeClusterResources": True,
                "snapshotVolumes": False,
                "storageLocation": LOCATION,
                "ttl": KEPT,
            },
        },
    }


LAYER = Layer("backup", requires=("operators", "tenancy"), build=build)
