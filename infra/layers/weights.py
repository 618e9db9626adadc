"""Weights: a volume for each tenant's models, and a job for each model that fetches and verifies its weights.

A model whose digest does not match never appears in the volume, so it is never served. It makes no bucket, and puts
nothing into one: `aicc models push` does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pulumi

from infra import names, quantity
from infra.clouds.base import Identity, ObjectStore
from infra.config.storage import MODELS
from infra.layers import network
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.charts import pull_policy
from infra.layers.objects import Manifest
from infra.layers.storage import class_of, object_store
from infra.plan import CachePlan, ModelPlan, TenantPlan
from infra.plan.caches import PREFETCH
from infra.plan.workloads import TENANT_SERVICE_ACCOUNT

HUB = "https://huggingface.co"
USER = 65532
"""Of the image."""
ATTEMPTS = 6
DIGEST_MISMATCH, NO_ROOM = 3, 4
"""Exit codes after which another attempt is of no use; see images/prefetch."""


@dataclass(frozen=True)
class Shelf:
    """A tenant's cache, and all that fills it."""

    cache: CachePlan
    tenant: TenantPlan
    models: tuple[ModelPlan, ...]
    store: ObjectStore | None


def build(given: LayerIn) -> LayerOut:
    """Register every cache and what fills it."""
    store, parts = object_store(given), {}
    tenants = {tenant.name: tenant for tenant in given.plan.tenants}
    models = {model.name: model for model in given.plan.models}
    for cache in given.plan.caches:
        shelf = Shelf(cache, tenants[cache.tenant], tuple(models[name] for name in cache.models), store)
        home = given.earlier["tenancy"].parts[cache.tenant]
        ready = [given.declare(claim(cache, class_of("shared", given)), *home, *given.earlier["storage"].ready)]
        ready += [given.declare(opening, *home) for opening in _openings(shelf, given)]
        in_store = [*ready, *given.earlier["storage"].parts.get(names.OBJECT_STORE, ())]
        for model in shelf.models:
            after = in_store if model.weights and model.weights.source == "store" else ready
            parts[model.name] = (given.declare(job(model, shelf, given), *after),)
    return LayerOut(parts=parts)


def claim(cache: CachePlan, storage_class: str | None) -> Manifest:
    """The volume, for all of the tenant's pods on all nodes."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": names.MODEL_CACHE,
            "namespace": cache.namespace,
            # Many classes bind a claim only once a pod uses it, and the first that does is made after it.
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": cache.size}},
            **({"storageClassName": storage_class} if storage_class else {}),
        },
    }


def _openings(shelf: Shelf, given: LayerIn) -> list[Manifest]:
    """What the tenant's network does not let through yet; with an identity in the cloud, port 443 is open already."""
    sources = {model.weights.source for model in shelf.models if model.weights}
    found = []
    if given.plan.own_store and "store" in sources:
        found.append(network.allow_store(shelf.cache.namespace))
    if "hub" in sources and shelf.cache.namespace not in given.cluster.identities:
        found.append(network.allow_cloud(shelf.cache.namespace, given.plan.network, ()))
    return found


def job(model: ModelPlan, shelf: Shelf, given: LayerIn) -> Manifest:
    """What fetches and verifies one model's weights; done already where they are there."""
    pod = _pod(model, shelf, given)
    labels = {
        "app.kubernetes.io/name": "weights",
        "app.kubernetes.io/instance": model.release,
        "app.kubernetes.io/part-of": "ai-compute-center",
        f"{names.DOMAIN}/model": model.name,
    }
    identity = given.cluster.identities.get(shelf.cache.namespace, Identity())
    spec = {
        "backoffLimit": ATTEMPTS,
        "podFailurePolicy": {
            "rules": [
                {
                    "action": "FailJob",
                    "onExitCodes": {
                        "containerName": PREFETCH,
                        "operator": "In",
                        "values": [DIGEST_MISMATCH, NO_ROOM],
                    },
                }
            ]
        },
        "template": {
            "metadata": {"labels": {**labels, names.DATA: "true", **identity.pod_labels}},
            "spec": {**pod, "priorityClassName": shelf.tenant.priority_class},
        },
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        # A job's template cannot be changed: another one has another name.
        "metadata": {
            "name": f"weights-{model.name}-{_fingerprint(spec)}",
            "namespace": shelf.cache.namespace,
            "labels": labels,
        },
        "spec": spec,
    }


def _pod(model: ModelPlan, shelf: Shelf, given: LayerIn) -> dict[str, Any]:
    image = given.plan.images[PREFETCH]
    identity = shelf.cache.namespace in given.cluster.identities
    return {
        "restartPolicy": "Never",
        **({"serviceAccountName": TENANT_SERVICE_ACCOUNT} if identity else {}),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        **({"nodeSelector": dict(given.cluster.service_nodes)} if given.cluster.service_nodes else {}),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": PREFETCH,
                "image": image,
                "imagePullPolicy": pull_policy(image),
                "args": arguments(model, shelf),
                "env": _keys() if given.plan.own_store and model.weights and model.weights.source == "store" else [],
                # What it ended with is in the pod's status, for `aicc up` and `aicc status` to say.
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "models", "mountPath": "/models"}],
            }
        ],
        "volumes": [{"name": "models", "persistentVolumeClaim": {"claimName": names.MODEL_CACHE}}],
    }


def arguments(model: ModelPlan, shelf: Shelf) -> list[pulumi.Input[str]]:
    """What the program is told; one `--flag=value` each, so that no value can be read as a further flag."""
    weights = model.weights
    if weights is None or model.folder is None:
        raise TypeError(f"model {model.name} is not cached")
    found: list[pulumi.Input[str]] = [
        f"--folder={model.folder}",
        f"--digest={weights.digest}",
        f"--path={weights.path}",
        f"--limit-bytes={int(quantity.parse(shelf.cache.size))}",
        f"--size-bytes={weights.size_bytes or 0}",
        *(f"--keep={other.folder}" for other in shelf.models),
    ]
    if weights.source == "hub":
        return [*found, f"--hub={HUB}", f"--revision={weights.revision}"]
    if (store := shelf.store) is None:
        raise TypeError(f"model {model.name} is in a store, and there is none")
    endpoint = f"--endpoint={store.endpoint}"
    bucket = pulumi.Output.concat("--bucket=", store.buckets[MODELS])
    return [*found, f"--scheme={store.scheme}", endpoint, f"--region={store.region}", bucket]


def _keys() -> list[Manifest]:
    """Keys of the centre's own store; a cloud's are lent to the service account."""
    variables = {"AWS_ACCESS_KEY_ID": "access", "AWS_SECRET_ACCESS_KEY": "secret"}
    return [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": names.OBJECT_STORE_READER, "key": key}}}
        for variable, key in variables.items()
    ]


def _fingerprint(spec: Manifest) -> str:
    """Of what is known before the cloud has made anything."""
    known = json.dumps(spec, sort_keys=True, default=lambda _: "")
    return hashlib.sha256(known.encode()).hexdigest()[:8]


LAYER = Layer("weights", requires=("storage", "tenancy"), build=build)
