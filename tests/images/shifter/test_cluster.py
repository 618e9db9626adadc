"""The shifter against a real API server and its job controller, with a clock of its own."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from aicc.kube.client import Kube
from aicc.local.cluster import LocalCluster
from aicc.local.configuration import Layout
from aicc.local.nodes import SimulatedNode, reconcile
from aicc.paths import REPO
from images.shifter.shifter import jobs
from images.shifter.shifter.cluster import Cluster
from images.shifter.shifter.config import Config, Profile
from images.shifter.shifter.forecast import HOUR
from images.shifter.shifter.grid import Grid
from images.shifter.shifter.loop import Loop
from images.shifter.shifter.margin import margin_seconds
from images.shifter.shifter.metrics import Metrics
from infra.clouds.local_paths import state_home
from infra.layers import shifting
from tests.support.centre import eventually
from tests.support.recorder import Recorder

pytestmark = pytest.mark.cluster
NAMESPACE = "tenant-research"
CRDS = REPO.parent / "shared" / "crds" / "kueue"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kube, Cluster]]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        local = LocalCluster("shifter", real_node=False)
        try:
            local.start(Recorder())
            layout = Layout((state_home() / "shifter" / "control-plane").resolve())
            context = ssl.create_default_context(cafile=str(layout.ca))
            context.load_cert_chain(layout.certificate, layout.key)
            with Kube.from_kubeconfig(local.kubeconfig) as kube:
                reconcile(kube, [SimulatedNode("node-0", {}, (), {"cpu": "8", "memory": "16Gi"})], Recorder())
                for name in (NAMESPACE, "aicc-system"):
                    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
                yield kube, Cluster(str(local.status().endpoint), context)
        finally:
            local.delete(Recorder())


def created(kube: Kube, name: str, **notes: str) -> dict[str, Any]:
    given = {
        "finish-within-hours": "80",
        "expected-hours": "8",
        **{key.replace("_", "-"): v for key, v in notes.items()},
    }
    container = {"name": "main", "image": "image", "resources": {"requests": {"cpu": "1"}}}
    # On no node: kwok would have it succeed at once, and a job that has ended is left alone.
    pod = {"restartPolicy": "Never", "nodeSelector": {"nobody": "has-it"}, "containers": [container]}
    kube.create(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "labels": {jobs.DEFERRABLE: "true"},
                "annotations": {f"{jobs.DOMAIN}/{key}": value for key, value in given.items()},
            },
            "spec": {"suspend": True, "template": {"spec": pod}},
        }
    )
    # Until then its controller may write to it in the middle of a round, which then leaves it for the next.
    eventually(lambda: bool((found(kube, name).get("status") or {}).get("conditions")), "its controller has seen it")
    return found(kube, name)


def found(kube: Kube, name: str) -> dict[str, Any]:
    job = kube.get("batch/v1", "Job", name, NAMESPACE)
    assert job is not None
    return dict(job)


def active(kube: Kube, name: str) -> int:
    return int((found(kube, name).get("status") or {}).get("active", 0))


def shifter(cluster: Cluster, clean_from: float) -> Loop:
    """One that knows a grid that is clean for four hours of the day."""
    first = int(clean_from // HOUR) % 24
    clean = {(first + step) % 24 for step in range(4)}
    profile = Profile(tuple(100.0 if hour in clean else 300.0 for hour in range(24)), "UTC")
    metrics = Metrics(CollectorRegistry(), Config())
    return Loop(cluster, Config(profile=profile, namespaces=(NAMESPACE,)), Grid(profile, None), metrics, lambda _: None)


def test_held_released_interrupted_and_forced_by_shifters_that_are_killed_in_between(
    running: tuple[Kube, Cluster],
) -> None:
    kube, cluster = running
    begun = jobs.moment(created(kube, "train", interruptible="true")["metadata"]["creationTimestamp"])
    hour = (begun // HOUR + 3) * HOUR
    shifter(cluster, hour).once(begun)
    held = found(kube, "train")
    assert held["spec"]["suspend"] is True
    assert hour - HOUR < jobs.moment(held["metadata"]["annotations"][jobs.PLANNED_UNTIL]) < hour + HOUR
    shifter(cluster, hour).once(hour - 1)
    assert found(kube, "train")["spec"]["suspend"] is True

    shifter(cluster, hour).once(hour)
    eventually(lambda: active(kube, "train") == 1, "the job controller has made its pod")

    shifter(cluster, hour).once(hour + 4 * HOUR)
    assert found(kube, "train")["spec"]["suspend"] is True
    eventually(lambda: active(kube, "train") == 0, "its pod is gone")
    worked = float(found(kube, "train")["metadata"]["annotations"][jobs.WORKED_SECONDS])
    assert worked == pytest.approx(hour + 4 * HOUR - begun, abs=120), (
        "by the job's own start, which is of today's clock"
    )

    left = 8 * HOUR - worked
    late = begun + 80 * HOUR - left - margin_seconds(left) + 1

    def forced() -> bool:
        """The job controller may write at the same moment; then the next round does it."""
        shifter(cluster, late + 6 * HOUR).once(late)
        return bool(found(kube, "train")["metadata"]["annotations"][jobs.REASON] == "deadline")

    eventually(forced, "it is let run for its deadline")
    eventually(lambda: active(kube, "train") == 1, "it runs, in a dirty hour")


def test_one_that_somebody_changed_meanwhile_is_looked_at_anew(running: tuple[Kube, Cluster]) -> None:
    kube, cluster = running
    created(kube, "changed", expected_hours="0.5")
    now = time.time()
    loop = shifter(cluster, now)
    listed = list(cluster.jobs(NAMESPACE, f"{jobs.DEFERRABLE}=true"))
    kube.patch("batch/v1", "Job", "changed", {"metadata": {"labels": {"a": "b"}}}, NAMESPACE)

    class Stale:
        jobs = staticmethod(lambda *_: listed)
        patch_job = staticmethod(cluster.patch_job)
        set_workload_active = staticmethod(cluster.set_workload_active)

    loop.api = Stale()
    loop.once(now)
    assert found(kube, "changed")["spec"]["suspend"] is True, "its version had changed"
    loop.api = cluster
    loop.once(now)
    assert not found(kube, "changed")["spec"].get("suspend")


def test_one_that_cannot_be_understood_is_let_go(running: tuple[Kube, Cluster]) -> None:
    kube, cluster = running
    created(kube, "unclear", expected_hours="soon")
    shifter(cluster, time.time() + 5 * HOUR).once(time.time())
    assert not found(kube, "unclear")["spec"].get("suspend")
    assert "not a number" in found(kube, "unclear")["metadata"]["annotations"][jobs.REASON]


def test_its_rights_are_jobs_of_tenants_alone(running: tuple[Kube, Cluster]) -> None:
    kube, _ = running
    for manifest in (shifting.account(), shifting.role(kueue=False), shifting.binding(NAMESPACE)):
        kube.create(dict(manifest))

    def may(verb: str, resource: str, namespace: str, group: str = "") -> bool:
        attributes = {"verb": verb, "resource": resource, "namespace": namespace, "group": group}
        user = f"system:serviceaccount:aicc-system:{shifting.SHIFTER}"
        review = {"metadata": {}, "spec": {"user": user, "resourceAttributes": attributes}}
        asked = kube.create({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", **review})
        return bool(asked["status"]["allowed"])

    eventually(lambda: may("patch", "jobs", NAMESPACE, "batch"), "the binding is known")
    assert may("list", "jobs", NAMESPACE, "batch")
    assert not may("delete", "jobs", NAMESPACE, "batch")
    assert not may("patch", "jobs", "aicc-system", "batch")
    assert not may("list", "secrets", NAMESPACE)
    assert not may("list", "pods", NAMESPACE)


@pytest.mark.skipif(not CRDS.is_dir(), reason="Kueue's definitions are not at ../shared/crds")
def test_kueue_s_workload_is_evicted_and_admitted_by_its_own_field(running: tuple[Kube, Cluster]) -> None:
    kube, cluster = running
    for name in ("workloads", "localqueues"):
        text = (CRDS / f"kueue.x-k8s.io_{name}.yaml").read_text(encoding="utf-8")
        kube.apply(yaml.safe_load(text), "aicc-test")
    uid = str(created(kube, "queued", queue="default")["metadata"]["uid"])
    pods = {
        "name": "main",
        "count": 1,
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "m", "image": "i"}]}},
    }
    workload = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "Workload",
        "metadata": {"name": "job-queued", "namespace": NAMESPACE, "labels": {"kueue.x-k8s.io/job-uid": uid}},
        "spec": {"queueName": "default", "podSets": [pods]},
    }
    eventually(lambda: kube.serves("kueue.x-k8s.io/v1beta2", "Workload"), "Kueue's definitions are served")
    kube.create(workload)

    def is_active() -> bool:
        there = kube.get("kueue.x-k8s.io/v1beta2", "Workload", "job-queued", NAMESPACE)
        assert there is not None
        return bool(there["spec"].get("active", True))

    assert cluster.set_workload_active(NAMESPACE, uid, active=False)
    assert not is_active()
    assert cluster.set_workload_active(NAMESPACE, uid, active=True)
    assert is_active()
    assert not cluster.set_workload_active(NAMESPACE, "another", active=False)
