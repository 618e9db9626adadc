"""Which images the real node is given follows from what the pods run, and from nothing else."""

from typing import Any

import pytest

from aicc.errors import ConfigError
from aicc.local.supply import used
from aicc.manifests import Manifest
from infra import images

POD = {"containers": [{"name": "a", "image": "docker.io/library/debian:12"}]}


def _manifest(kind: str, spec: dict[str, Any]) -> Manifest:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "n"}, "spec": spec}
    return Manifest("urn", "serving", 0, body)


def _running(reference: str) -> dict[str, Any]:
    return {"containers": [{"name": "a", "image": reference}]}


def test_images_of_this_repository_are_found_in_every_kind_of_pod() -> None:
    reference = images.local_image("llama-server")
    kinds = {
        "Pod": _running(reference),
        "Deployment": {"template": {"spec": _running(reference)}},
        "CronJob": {"jobTemplate": {"spec": {"template": {"spec": _running(reference)}}}},
        "LeaderWorkerSet": {"leaderWorkerTemplate": {"workerTemplate": {"spec": _running(reference)}}},
        "StatefulSet": {"template": {"spec": POD | {"initContainers": _running(reference)["containers"]}}},
    }
    for kind, spec in kinds.items():
        assert used([_manifest(kind, spec)]) == ["llama-server"], kind


def test_images_of_others_are_left_to_the_node() -> None:
    assert used([_manifest("Pod", POD)]) == []


def test_an_image_that_two_objects_run_is_named_once() -> None:
    manifest = _manifest("Pod", _running(images.local_image("llama-server")))
    assert used([manifest, manifest]) == ["llama-server"]


@pytest.mark.parametrize(
    ("reference", "made"),
    [
        (f"{images.REPOSITORY}/llama-server:0123456789abcdef", images.local_image("llama-server")),
        (f"{images.REPOSITORY}/nothing:1", "one of "),
    ],
)
def test_an_image_that_no_folder_makes_is_refused_before_anything_changes(reference: str, made: str) -> None:
    with pytest.raises(ConfigError, match=r"Pod n/x runs .* which is not what images/ makes") as refusal:
        used([_manifest("Pod", _running(reference))])
    assert reference in refusal.value.message
    assert made in refusal.value.message
