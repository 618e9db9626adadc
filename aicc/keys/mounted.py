"""Have the kubelets mount a changed Secret now: they look at volumes once a minute or so, or when their pod changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import names

if TYPE_CHECKING:
    from aicc.kube.client import Kube

_PODS = "app.kubernetes.io/part-of=ai-compute-center"
_SEEN = f"{names.DOMAIN}/keys-seen"


def nudge(kube: Kube, secret: str, namespace: str, version: str) -> None:
    """Tell the pods of ours that have the Secret mounted of its version, and of nothing that it holds."""
    from aicc.kube.transport import ApiError  # noqa: PLC0415  slow to import

    for pod in kube.list("v1", "Pod", namespace, _PODS):
        mounted = [volume.get("secret", {}).get("secretName") for volume in pod["spec"].get("volumes") or ()]
        if secret not in mounted:
            continue
        try:
            annotation = {"metadata": {"annotations": {_SEEN: version}}}
            kube.patch("v1", "Pod", pod["metadata"]["name"], annotation, namespace)
        except ApiError as error:
            if error.code != 404:  # it has gone, and its successor mounts what is there
                raise
