"""A centre on a cluster that is already there, with namespaces of others in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml

from aicc.errors import ClusterError, PrerequisiteError
from aicc.paths import REPO
from tests.support.centre import Centre, small_config

pytestmark = pytest.mark.cluster
DIGEST = "sha256:" + "a" * 64
OTHERS = "others-work"
CRDS = REPO.parent / "shared" / "crds"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A cluster of someone else: its nodes, one namespace, nothing of a centre."""
    host = Centre(tmp_path_factory.mktemp("host"), "host", small_config())
    try:
        host.run("up", "--cluster-only")
        with host.kube() as kube:
            kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OTHERS}})
        yield host
    finally:
        host.run("down", expect=None)


@pytest.fixture(scope="module")
def guest(host: Centre, tmp_path_factory: pytest.TempPathFactory) -> Centre:
    """A centre on it, up."""
    config = small_config()
    config["cloud"] = {"kind": "existing", "kubeconfig": str(host.kubeconfig), "context": _context(host)}
    config["pools"] = [
        {
            "name": "zhenwu",
            "node": {"cpu": 160, "memory": "1800Gi", "accelerator": "zhenwu-810e", "accelerators": 16},
            "nodes": 4,
        }
    ]
    for model in config["models"]:
        model["image"] = f"registry.example.com/vllm:1@{DIGEST}"
    guest = Centre(tmp_path_factory.mktemp("guest"), "guest", config)
    guest.run("up", "--driver", "offline")
    return guest


def _context(host: Centre) -> str:
    found = re.search(r"^current-context: (\S+)$", host.kubeconfig.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found.group(1)


def _pod(namespace: str, image: str, **spec: object) -> dict[str, object]:
    container = {"name": "c", "image": image, "securityContext": {"allowPrivilegeEscalation": False}}
    metadata = {"name": "probe", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container], **spec}}


def test_its_models_run_on_the_clusters_nodes(guest: Centre) -> None:
    found = guest.status()
    assert found["ready"] is True
    assert {model["name"]: model["ready"] for model in found["models"]} == {"alpha": 2, "beta": 1}


def test_images_without_a_digest_are_refused_in_the_centres_namespaces(host: Centre, guest: Centre) -> None:
    with host.kube() as kube, pytest.raises(ClusterError, match=r"images must be pinned by digest .*: registry/app:1"):
        kube.create(_pod("aicc-monitoring", "registry/app:1"))


def test_neither_are_images_that_are_mounted(host: Centre, guest: Centre) -> None:
    volumes = [{"name": "weights", "image": {"reference": "registry/weights:1"}}]
    pod = _pod("aicc-monitoring", f"registry/app@sha256:{'a' * 64}", volumes=volumes)
    with host.kube() as kube, pytest.raises(ClusterError, match=r"pinned by digest .*: registry/weights:1"):
        kube.create(pod)


def test_namespaces_of_others_are_left_alone(host: Centre, guest: Centre) -> None:
    with host.kube() as kube:
        kube.create(_pod(OTHERS, "registry/app:1"))
        kube.delete("v1", "Pod", "probe", OTHERS)


def test_an_operator_that_is_declared_and_not_there_is_said_before_anything_changes(guest: Centre) -> None:
    guest.config["cloud"]["capabilities"] = ["kueue"]
    guest.save()
    try:
        refused = guest.run("up", "--driver", "offline", expect=PrerequisiteError.exit_code).stderr
    finally:
        del guest.config["cloud"]["capabilities"]
        guest.save()
    assert "the cluster does not serve kueue (kueue.x-k8s.io/v1beta2 ClusterQueue); nothing was changed" in refused


def test_an_operator_that_is_there_and_not_declared_is_said(host: Centre, guest: Centre) -> None:
    if not CRDS.is_dir():
        pytest.skip(f"the operators' definitions are not at ../{CRDS.parent.name}/crds")
    with host.kube() as kube:
        path = CRDS / "kueue" / "kueue.x-k8s.io_clusterqueues.yaml"
        kube.apply(yaml.safe_load(path.read_text(encoding="utf-8")), "tests")
        kube.resource("kueue.x-k8s.io/v1beta2", "ClusterQueue")
    said = guest.run("up", "--driver", "offline").stderr
    assert "the cluster also serves kueue" in said


def test_a_range_that_is_not_the_clusters_is_said(guest: Centre) -> None:
    assert "network." not in guest.run("up", "--driver", "offline").stderr
    guest.config["network"] = {"serviceCidr": "10.99.0.0/16"}
    guest.save()
    try:
        said = guest.run("up", "--driver", "offline").stderr
    finally:
        del guest.config["network"]
        guest.save()
    assert "network.serviceCidr: 10.99.0.0/16 does not hold the cluster's services, such as 10.96.0.1" in said


def test_a_wrong_context_is_said_before_anything_changes(guest: Centre) -> None:
    guest.config["cloud"]["context"], before = "production", guest.config["cloud"]["context"]
    guest.save()
    try:
        said = guest.run("up", "--driver", "offline", expect=None)
        assert said.returncode in {3, 6}
        assert "production" in said.stderr
        assert "Traceback" not in said.stderr
    finally:
        guest.config["cloud"]["context"] = before
        guest.save()


def test_down_removes_the_centre_and_leaves_the_cluster(host: Centre, guest: Centre) -> None:
    guest.run("down")
    with host.kube() as kube:
        left = {item["metadata"]["name"] for item in kube.list("v1", "Namespace")}
        assert left == {OTHERS, "default", "kube-system", "kube-public", "kube-node-lease"}
        assert kube.list("v1", "ConfigMap", "kube-system", "applyset.kubernetes.io/id") == []
        assert kube.get("coordination.k8s.io/v1", "Lease", "aicc-guest", "kube-system") is None
        assert len(kube.list("v1", "Node")) == 5
