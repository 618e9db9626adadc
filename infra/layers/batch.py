"""A batch of requests to a model, as a Job of the lowest priority.

What it was told can never change in a Job, so its name ends in a digest of that: a batch that is declared anew is a new
job, and the old one goes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pulumi

from infra import names
from infra.clouds.base import ClusterOut, Identity, ObjectStore
from infra.config.applications import Deferrable
from infra.images import is_local
from infra.layers.objects import Manifest
from infra.layers.queues import QUEUE
from infra.plan.applications.model import BatchPlan, FilePlan
from infra.plan.workloads import TENANT_SERVICE_ACCOUNT

KEY_FOLDER = "/run/secrets/gateway"
SCRATCH = "/tmp"  # noqa: S108  a volume of the pod's own
ATTEMPTS = 10
HOPELESS = 2
"""The program's exit status where another start would change nothing."""
GRACE_SECONDS = 120
KEPT_SECONDS = 7 * 24 * 3600
"""A job that has ended, and its log."""
_SCHEMES = {"s3": "s3", "oss": "oss", "gs": "gs", "azblob": "az"}


def job(batch: BatchPlan, cluster: ClusterOut) -> Manifest:
    """The Job; on a cluster with Kueue it waits in its tenant's queue, unless it waits for a person."""
    identity = cluster.identities.get(batch.namespace) if _in_bucket(batch) else None
    labels = {
        "app.kubernetes.io/name": "batch-inference",
        "app.kubernetes.io/instance": batch.name,
        "app.kubernetes.io/part-of": "ai-compute-center",
        names.TENANT: batch.tenant,
    }
    kueue = cluster.serves("kueue")
    queued = kueue and not batch.suspended and not batch.deferrable
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name(batch),
            "namespace": batch.namespace,
            "labels": {
                **labels,
                # Not of its pods, which are no replicas of the model, nor is their power the model's.
                "aicc.io/model": batch.model,
                **({"kueue.x-k8s.io/queue-name": QUEUE} if queued else {}),
                **({names.DEFERRABLE: "true"} if batch.deferrable else {}),
            },
            # Nobody waits for a batch: it may take days, and a suspended one does not even begin.
            "annotations": {"pulumi.com/skipAwait": "true", **deferred(batch.deferrable, kueue=kueue)},
        },
        "spec": {
            # Kueue itself suspends what it queues, and would be contradicted by a declared value.
            **({} if queued else {"suspend": batch.suspended or batch.deferrable is not None}),
            "backoffLimit": ATTEMPTS,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                    {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [HOPELESS]}},
                ]
            },
            "template": {
                "metadata": {"labels": {**labels, **_data_labels(identity)}},
                "spec": _pod(batch, cluster, identity),
            },
        },
    }


def deferred(declared: Deferrable | None, *, kueue: bool) -> dict[str, str]:
    """What the shifter reads of a job that may wait, and what others must leave to it."""
    if declared is None:
        return {}
    return {
        names.LEFT_TO_OTHERS: "spec.suspend",
        f"{names.DOMAIN}/finish-within-hours": f"{declared.finish_within_hours:g}",
        f"{names.DOMAIN}/expected-hours": f"{declared.expected_hours:g}",
        **({f"{names.DOMAIN}/expected-kwh": f"{declared.expected_kwh:g}"} if declared.expected_kwh else {}),
        f"{names.DOMAIN}/interruptible": str(declared.interruptible).lower(),
        f"{names.DOMAIN}/resume-minutes": f"{declared.resume_minutes:g}",
        # Released, it waits in its tenant's queue like any other.
        **({f"{names.DOMAIN}/queue": QUEUE} if kueue else {}),
    }


def name(batch: BatchPlan) -> str:
    """`batch-<name>-<digest>`; being suspended or deferrable is no part of it, so that it can change."""
    told = {field: value for field, value in asdict(batch).items() if field not in ("suspended", "deferrable")}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return f"batch-{batch.name}-{digest[:8]}"


def _pod(batch: BatchPlan, cluster: ClusterOut, identity: Identity | None) -> dict[str, Any]:
    store = cluster.object_store if _in_bucket(batch) else None
    claims = sorted({file.claim for file in (batch.input, batch.output) if file.claim})
    key = {"name": "gateway-key", "secret": {"secretName": names.GATEWAY_KEY_SECRET, "defaultMode": 0o440}}
    container = {
        "name": "batch-inference",
        "image": batch.image,
        "imagePullPolicy": "Never" if is_local(batch.image) else "IfNotPresent",
        "args": [
            f"--gateway={names.GATEWAY_URL}",
            f"--key-file={KEY_FOLDER}/{names.GATEWAY_KEY}",
            f"--model={batch.model}",
            _argument("--input", batch.input, store),
            _argument("--output", batch.output, store),
            f"--concurrency={batch.concurrency}",
        ],
        **({"env": _environment(store)} if store else {}),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {
            "requests": {"cpu": batch.cpu, "memory": batch.memory},
            "limits": {"memory": batch.memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "gateway-key", "mountPath": KEY_FOLDER, "readOnly": True},
            {"name": "scratch", "mountPath": SCRATCH},
            *({"name": f"claim-{claim}", "mountPath": _folder(claim)} for claim in claims),
        ],
    }
    user = 65532
    return {
        **({"serviceAccountName": TENANT_SERVICE_ACCOUNT} if identity else {}),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "priorityClassName": batch.priority_class,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        **({"nodeSelector": dict(cluster.service_nodes)} if cluster.service_nodes else {}),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            key,
            {"name": "scratch", "emptyDir": {}},
            *({"name": f"claim-{claim}", "persistentVolumeClaim": {"claimName": claim}} for claim in claims),
        ],
    }


def _in_bucket(batch: BatchPlan) -> bool:
    return bool(batch.input.bucket or batch.output.bucket)


def _data_labels(identity: Identity | None) -> Mapping[str, str]:
    return {**identity.pod_labels, names.DATA: "true"} if identity else {}


def _folder(claim: str) -> str:
    return f"/claims/{claim}"


def _argument(flag: str, file: FilePlan, store: ObjectStore | None) -> pulumi.Input[str]:
    if file.bucket is None:
        return f"{flag}={_folder(str(file.claim))}/{file.path}"
    if store is None:
        raise ValueError(f"{file.bucket} is in no object store; the plan's checks refuse such a batch")
    scheme, bucket = _SCHEMES[store.scheme], store.buckets[file.bucket]
    argument: pulumi.Output[str] = pulumi.Output.concat(f"{flag}={scheme}://", bucket, f"/{file.path}")
    return argument


def _environment(store: ObjectStore) -> list[Mapping[str, Any]]:
    """Where the bucket is; who the pod is, the cloud's own webhook adds."""
    given = {
        "AICC_STORE_REGION": store.region,
        "AICC_STORE_ENDPOINT": store.endpoint,
        **({"AICC_STORE_ACCOUNT": store.account} if store.account is not None else {}),
    }
    return [{"name": variable, "value": value} for variable, value in given.items()]
