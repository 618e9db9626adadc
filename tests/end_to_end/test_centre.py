"""The whole way: from a stack file to models placed on simulated Zhenwu nodes, and back to nothing."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import pytest

from aicc.errors import ClusterError
from aicc.progress import reporter
from aicc.toolbox import ensure
from tests.support.centre import RESTRICTED, Centre, eventually
from tests.support.monitored import Monitored

pytestmark = pytest.mark.cluster
PPU = "alibabacloud.com/ppu"


def test_up_brings_every_declared_node_and_model_to_ready(centre: Centre) -> None:
    found = centre.status()
    assert found["ready"] is True
    assert [(pool["name"], pool["ready"], pool["allocatable"]) for pool in found["pools"]] == [
        ("general", 1, 0),
        ("zhenwu", 4, 64),
    ]
    assert {model["name"]: (model["ready"], model["wanted"]) for model in found["models"]} == {
        "alpha": (2, 2),
        "beta": (1, 1),
    }


def test_models_are_placed_on_zhenwu_nodes_and_spread_over_zones(centre: Centre) -> None:
    with centre.kube() as kube:
        nodes = {node["metadata"]["name"]: node["metadata"]["labels"] for node in kube.list("v1", "Node")}
        pods = kube.list("v1", "Pod", "tenant-research")
    placed = [nodes[pod["spec"]["nodeName"]] for pod in pods]
    assert {labels["aicc.io/pool"] for labels in placed} == {"zhenwu"}
    alpha = [nodes[pod["spec"]["nodeName"]] for pod in pods if pod["metadata"]["labels"]["aicc.io/model"] == "alpha"]
    assert {labels["topology.kubernetes.io/zone"] for labels in alpha} == {"zone-a", "zone-b"}


def test_status_shows_what_the_tenant_uses_of_its_quota(centre: Centre) -> None:
    research = next(tenant for tenant in centre.status()["tenants"] if tenant["name"] == "research")
    assert research["used"][f"requests.{PPU}"] == "9"
    assert research["hard"][f"requests.{PPU}"] == "32"


def test_status_for_people_names_pools_tenants_and_models(centre: Centre) -> None:
    text = centre.run("status").stdout
    for expected in ("zhenwu", "4/4", "tenant-research", "alpha", "2/2", "model-alpha.tenant-research.svc"):
        assert expected in text


def test_second_up_changes_nothing(centre: Centre) -> None:
    assert re.fullmatch(r"no changes \(\d+ objects\)", centre.objects())


def test_every_target_is_up_no_rule_fails_and_the_centre_s_power_is_known(centre: Centre) -> None:
    prometheus = Monitored(centre.status()["monitoring"]["prometheus"])
    eventually(lambda: prometheus.wrong() == [], "every target is up, and every rule was evaluated without an error")
    assert prometheus.targets() == {
        "apiserver": 1,
        "kube-controller-manager": 1,
        "kube-scheduler": 1,
        "kube-etcd": 1,
        "kwok-controller": 1,
        "meter": 1,
        "simulator": 1,
        "alertmanager": 1,
        "prometheus": 1,
        "ack-ppu-exporter": 4,
    }
    eventually(lambda: (prometheus.value("sum(aicc:center_power_watts)") or 0) > 0, "the centre's power is known", 120)


def test_simulated_devices_follow_the_pods_that_hold_them(centre: Centre) -> None:
    prometheus = Monitored(centre.status()["monitoring"]["prometheus"])
    held = 'count(DCGM_FI_DEV_GPU_UTIL{simulated="true",namespace="tenant-research"})'
    eventually(lambda: prometheus.value(held) == 9, "two replicas of four devices and one of one are held")
    assert prometheus.value('count(DCGM_FI_DEV_GPU_UTIL{simulated="true"})') == 64
    assert prometheus.value('max(DCGM_FI_DEV_GPU_UTIL{namespace=""})') == 0


def test_state_belongs_to_its_user_alone(centre: Centre) -> None:
    paths = [centre.state / "aicc", *(centre.state / "aicc").rglob("*")]
    shared = [path for path in paths if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not shared


def test_rendered_manifests_pass_a_strict_server_side_dry_run(centre: Centre, tmp_path: Path) -> None:
    out = tmp_path / "rendered"
    centre.run("render", "--out", str(out))
    kubectl = ensure(["kubectl"], reporter())["kubectl"]
    command = [str(kubectl), "--kubeconfig", str(centre.kubeconfig), "apply", "--kustomize", str(out)]
    done = subprocess.run(
        [*command, "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert len(done.stdout.splitlines()) == len(list(out.rglob("*.yaml"))) - 1


def _pod(namespace: str, container: dict[str, object] | None = None, **spec: object) -> dict[str, object]:
    image = {"name": "c", "image": "example.com/image:1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe", "namespace": namespace},
        "spec": {"containers": [{**image, **(container or {})}], **spec},
    }


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        (_pod("default", {"securityContext": {"privileged": True}}), "privileged containers are refused"),
        (_pod("default", volumes=[{"name": "v", "hostPath": {"path": "/"}}]), "hostPath volumes are refused"),
        (_pod("default", hostNetwork=True), "sharing the host network"),
        (_pod("default", hostPID=True), "sharing the host network, PID"),
        (_pod("tenant-research", {"securityContext": {"privileged": True}}), 'violates PodSecurity "restricted'),
        (_pod("default", {"resources": {"limits": {PPU: 1}}}), f"namespace default has none for {PPU}"),
        (
            _pod("tenant-guests", {"resources": {"limits": {PPU: 1}}, "securityContext": RESTRICTED}),
            f"namespace tenant-guests has none for {PPU}",
        ),
        (
            _pod("tenant-research", {"resources": {"limits": {f"{PPU}-4u.1g12gb": 1}}, "securityContext": RESTRICTED}),
            f"has none for {PPU}-4u.1g12gb",
        ),
        (
            _pod("default", {"resources": {"limits": {"alibabacloud.com/else": 1}}}),
            "has none for alibabacloud.com/else",
        ),
        (
            _pod(
                "default",
                initContainers=[{"name": "i", "image": "x:1", "resources": {"limits": {PPU: 2}}}],
            ),
            f"namespace default has none for {PPU}",
        ),
        (
            _pod("tenant-research", {"resources": {"limits": {PPU: 32}}, "securityContext": RESTRICTED}),
            "exceeded quota: tenant",
        ),
    ],
)
def test_the_api_server_refuses_with_the_policys_message(centre: Centre, pod: dict[str, object], message: str) -> None:
    with centre.kube() as kube, pytest.raises(ClusterError, match=re.escape(message)):
        kube.create(pod)


def test_system_namespaces_and_tenants_within_quota_are_left_alone(centre: Centre) -> None:
    allowed = [
        _pod("kube-system", {"securityContext": {"privileged": True}}, hostNetwork=True),
        _pod("aicc-accelerators", volumes=[{"name": "v", "hostPath": {"path": "/dev"}}]),
        _pod("tenant-research", {"resources": {"limits": {PPU: 1}}, "securityContext": RESTRICTED}),
    ]
    with centre.kube() as kube:
        for pod in allowed:
            kube.create(pod)
            kube.delete("v1", "Pod", "probe", pod["metadata"]["namespace"])  # type: ignore[index]


def test_the_users_kubeconfig_is_not_touched(centre: Centre, tmp_path: Path) -> None:
    centre.environment["HOME"], before = str(tmp_path), centre.environment["HOME"]
    try:
        centre.run("status")
        assert not (tmp_path / ".kube").exists()
    finally:
        centre.environment["HOME"] = before


# The last two: they change what the others look at.


def test_a_change_of_the_stack_is_followed_and_what_left_it_is_pruned(centre: Centre) -> None:
    centre.config["models"].pop()
    centre.config["tenants"].pop()
    centre.config["pools"][1]["nodes"] = 6
    centre.save()
    changed = centre.run("up", "--driver", "offline").stdout
    assert "nodes: 2 created, 0 changed, 0 deleted, 5 unchanged" in changed
    with centre.kube() as kube:
        deployments = kube.list("apps/v1", "Deployment", "tenant-research")
        assert [item["metadata"]["name"] for item in deployments] == ["model-alpha"]
        assert kube.get("v1", "Namespace", "tenant-guests") is None
        # The pods' owner is collected in the background.
        eventually(lambda: len(kube.list("v1", "Pod", "tenant-research")) == 2, "only alpha's pods are left")


def test_down_leaves_no_process_and_no_file(centre: Centre) -> None:
    assert centre.processes()
    centre.run("down")
    assert not centre.processes()
    left = {path.name for path in (centre.state / "aicc" / centre.name).iterdir()}
    assert left <= {"lock"}
    assert centre.run("down").stdout == "cluster removed\n"
