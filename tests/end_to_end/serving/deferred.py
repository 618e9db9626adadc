"""A job that may wait and is over its tenant's day: held from when the serving centre is up, whatever else runs."""

from __future__ import annotations

from typing import Any

from aicc.kube.client import Kube
from images.shifter.shifter import jobs
from infra import names
from infra.images import local_image
from tests.support.centre import RESTRICTED

NAME = "deferred"
HELD_SECONDS = 90
"""Until it must run: longer than the shifter's round."""
JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
        "name": NAME,
        "labels": {names.DEFERRABLE: "true"},
        # It takes next to nothing, so its margin is the least one: ten minutes. It is over its tenant's day.
        "annotations": {
            jobs.FINISH_WITHIN_HOURS: f"{(600 + HELD_SECONDS) / 3600:.4f}",
            jobs.EXPECTED_HOURS: "0.0001",
            jobs.EXPECTED_KWH: "5",
        },
    },
    "spec": {
        "suspend": True,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "nodeSelector": {names.RUNS: names.CONTAINERS},
                "containers": [
                    {
                        "name": "work",
                        "image": local_image("shifter"),
                        "imagePullPolicy": "Never",
                        "command": ["python3", "-c", "print('done')"],
                        "securityContext": RESTRICTED,
                    }
                ],
            }
        },
    },
}


def create(kube: Kube, namespace: str) -> float:
    """Make the job; when that was, in seconds since 1970."""
    made = kube.create({**JOB, "metadata": {**JOB["metadata"], "namespace": namespace}})
    return jobs.moment(made["metadata"]["creationTimestamp"])
