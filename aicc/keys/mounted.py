"""Secrets with keys that pods have mounted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra import names

if TYPE_CHECKING:
    from aicc.kube.client import Kube

_PODS = "app.kubernetes.io/part-of=ai-compute-center"
_SEEN = f"{names.DOMAIN}/keys-seen"


def secret(name: str, namespace: str, data: Mapping[str, str]) -> dict[str, Any]:
    """Such a Secret; `data` is in base64."""
    labels = {"app.kubernetes.io/part-of": "ai-compute-center", "app.kubernetes.io/managed-by": "aicc"}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": dict(data)}


def nudge(kube: Kube, name: str, namespace: str, version: str) -> None:
    """Have the kubelets mount a changed Secret now: they look once a minute or so, or when their pod changes.

    The pods of ours that have it mounted are told its version, and nothing that it holds.
    """
    from aicc.kube.transport import ApiError  # noqa: PLC0415  slow to import

    for pod in kube.list("v1", "Pod", namespace, _PODS):
        volumes = [volume.get("secret", {}).get("secretName") for volume in pod["spec"].get("volumes") or ()]
        if name not in volumes:
            continue
        try:
            annotation = {"metadata": {"annotations": {_SEEN: version}}}
            kube.patch("v1", "Pod", pod["metadata"]["name"], annotation, namespace)
        except ApiError as error:
            if error.code != 404:  # it has gone, and its successor mounts what is there
                raise
