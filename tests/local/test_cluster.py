import os
import signal
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.local import processes, programs
from aicc.local.cluster import LocalCluster
from aicc.local.configuration import LOOPBACK, Layout, read_ports
from infra import versions
from tests.support.recorder import Recorder

pytestmark = pytest.mark.cluster


def _layout(cluster: LocalCluster) -> Layout:
    return Layout(cluster.kubeconfig.parent.resolve() / "control-plane")


def _pids(cluster: LocalCluster) -> dict[str, int | None]:
    return {component.name: component.pid for component in cluster.status().components}


def _kill(cluster: LocalCluster, *names: str) -> None:
    live = processes.running(_layout(cluster))
    for name in names:
        live[name].send_signal(signal.SIGKILL)
    programs.wait_ended(live[name] for name in names)


def _namespace(kube: Kube, name: str) -> None:
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _has_namespace(cluster: LocalCluster, name: str) -> bool:
    with Kube.from_kubeconfig(cluster.kubeconfig) as kube:
        return kube.get("v1", "Namespace", name) is not None


def test_it_is_ready_at_the_pinned_version(cluster: LocalCluster) -> None:
    status = cluster.status()
    assert status.ready
    assert status.version == f"v{versions.KUBERNETES}"
    assert status.endpoint is not None
    assert status.endpoint.startswith(f"https://{LOOPBACK}:")
    assert all(component.pid for component in status.components)


def test_starting_it_again_changes_nothing(cluster: LocalCluster, recorder: Recorder) -> None:
    before = _pids(cluster)
    cluster.start(recorder)
    assert _pids(cluster) == before
    assert recorder.text == ""


def test_everything_listens_on_loopback_only(cluster: LocalCluster) -> None:
    for name, process in processes.running(_layout(cluster)).items():
        listening = [
            connection for connection in process.net_connections("inet") if connection.status == psutil.CONN_LISTEN
        ]
        assert listening, name
        assert {connection.laddr.ip for connection in listening} == {LOOPBACK}, name


def test_every_file_is_its_owners_alone(cluster: LocalCluster) -> None:
    home = _layout(cluster).home
    for path in (cluster.kubeconfig, home, *home.rglob("*")):
        assert path.is_symlink() or path.stat().st_mode & 0o077 == 0, path


def test_the_users_kubeconfig_is_not_touched(cluster: LocalCluster) -> None:
    assert not Path(os.environ["KUBECONFIG"]).exists()


def test_components_outlive_the_session_that_started_them(cluster: LocalCluster) -> None:
    for process in processes.running(_layout(cluster)).values():
        assert os.getsid(process.pid) == process.pid


def test_etcd_refuses_whoever_has_no_certificate(cluster: LocalCluster) -> None:
    ports = read_ports(_layout(cluster).applied.read_text())
    assert ports is not None
    context = ssl.create_default_context(cafile=str(_layout(cluster).ca))
    with (
        socket.create_connection((LOOPBACK, ports.etcdPort), timeout=10) as plain,
        pytest.raises(OSError, match="certificate"),
    ):
        _exchange(context, plain)


def _exchange(context: ssl.SSLContext, plain: socket.socket) -> None:
    with context.wrap_socket(plain, server_hostname=LOOPBACK) as secure:
        secure.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        secure.recv(1)


def test_access_is_refused_without_a_role(kube: Kube) -> None:
    review = kube.create(
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {"user": "someone", "resourceAttributes": {"verb": "list", "resource": "secrets"}},
        }
    )
    assert review["status"]["allowed"] is False


def test_admission_holds_pods_to_security_level_and_quota(kube: Kube) -> None:
    _namespace(kube, "guarded")
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    kube.patch("v1", "Namespace", "guarded", {"metadata": {"labels": label}})
    container = {"name": "main", "image": "image", "securityContext": {"privileged": True}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod", "namespace": "guarded"},
        "spec": {"containers": [container]},
    }
    with pytest.raises(ClusterError, match="violates PodSecurity"):
        kube.create(pod)


def test_admission_holds_namespaces_to_their_quota(kube: Kube) -> None:
    _namespace(kube, "limited")
    kube.create(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "few", "namespace": "limited"},
            "spec": {"hard": {"count/secrets": "3"}},
        }
    )
    with pytest.raises(ClusterError, match="exceeded quota: few"):
        _create_secrets(kube, "limited")


def _create_secrets(kube: Kube, namespace: str) -> None:
    """Create Secrets until one is refused; the API server takes a moment to see a new quota."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        metadata = {"generateName": "some-", "namespace": namespace}
        kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        time.sleep(0.1)


def test_a_killed_api_server_is_started_again_and_nothing_else(
    cluster: LocalCluster, kube: Kube, recorder: Recorder
) -> None:
    _namespace(kube, "before-the-kill")
    before = _pids(cluster)
    _kill(cluster, "kube-apiserver")
    assert not cluster.status().ready
    assert cluster.status().version is None
    cluster.start(recorder)
    after = _pids(cluster)
    assert after.pop("kube-apiserver") != before.pop("kube-apiserver")
    assert after == before
    assert _has_namespace(cluster, "before-the-kill")


def test_after_all_processes_died_it_goes_on_with_its_data(
    cluster: LocalCluster, kube: Kube, recorder: Recorder
) -> None:
    _namespace(kube, "before-the-reboot")
    _kill(cluster, *processes.COMPONENTS)
    cluster.start(recorder)
    assert cluster.status().ready
    assert _has_namespace(cluster, "before-the-reboot")


def test_a_component_that_hangs_is_replaced(cluster: LocalCluster, recorder: Recorder) -> None:
    hanging = processes.running(_layout(cluster))["kube-scheduler"]
    hanging.suspend()
    cluster.start(recorder)
    assert cluster.status().ready
    assert _pids(cluster)["kube-scheduler"] != hanging.pid


def test_a_slow_api_server_is_waited_for_and_not_started_anew(own: LocalCluster, recorder: Recorder) -> None:
    """The controller manager gives up on it after ten seconds, and is then started again."""
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(own.start, recorder)
        slow = _started(own, "kube-apiserver")
        slow.suspend()
        try:
            programs.wait_ended([_started(own, "kube-controller-manager")])
        finally:
            slow.resume()
        started.result()
    assert own.status().ready
    assert _pids(own)["kube-apiserver"] == slow.pid


def _started(cluster: LocalCluster, name: str) -> psutil.Process:
    """The component, once it is started; before that, kwokctl asks its binary for its version."""
    layout = _layout(cluster)
    while not processes.was_started(layout, name) or name not in (live := processes.running(layout)):
        time.sleep(0.02)
    return live[name]


def test_a_pid_file_that_names_a_stranger_misleads_nobody(cluster: LocalCluster, recorder: Recorder) -> None:
    _kill(cluster, "kube-scheduler")
    (_layout(cluster).work / "pids" / "kube-scheduler.pid").write_text(str(os.getpid()))
    cluster.start(recorder)
    assert cluster.status().ready


def test_a_port_that_was_lost_is_replaced(cluster: LocalCluster, kube: Kube, recorder: Recorder) -> None:
    _namespace(kube, "before-the-move")
    ports = read_ports(_layout(cluster).applied.read_text())
    assert ports is not None
    cluster.stop()
    with socket.create_server((LOOPBACK, ports.kubeApiserverPort)):
        cluster.start(recorder)
        assert cluster.status().endpoint != f"https://{LOOPBACK}:{ports.kubeApiserverPort}"
        assert _has_namespace(cluster, "before-the-move")


def _forget_applied(layout: Layout) -> None:
    layout.applied.unlink()


def _cut_kwokctl_configuration(layout: Layout) -> None:
    layout.applied.unlink()
    os.truncate(layout.work / "kwok.yaml", 100)


def _cut_key(layout: Layout) -> None:
    layout.applied.unlink()
    os.truncate(layout.key, 100)


def _lose_binaries(layout: Layout) -> None:
    layout.applied.unlink()
    for link in (layout.work / "bin").iterdir():
        link.unlink()
        link.symlink_to("/nowhere")


@pytest.mark.parametrize("damage", [_forget_applied, _cut_kwokctl_configuration, _cut_key, _lose_binaries])
def test_a_half_made_cluster_is_completed_with_its_data(
    damage: Callable[[Layout], None], cluster: LocalCluster, kube: Kube, recorder: Recorder
) -> None:
    name = damage.__name__.strip("_").replace("_", "-")
    _namespace(kube, name)
    cluster.stop()
    damage(_layout(cluster))
    cluster.start(recorder)
    assert cluster.status().ready
    assert _has_namespace(cluster, name)


def test_a_component_that_cannot_start_is_named_with_its_log(own: LocalCluster, recorder: Recorder) -> None:
    data = _layout(own).etcd
    data.mkdir(parents=True)
    (data / "member").write_text("not a directory")
    with pytest.raises(
        ClusterError, match=r"(?s)etcd of the local cluster ended while starting; its log ends:.*member"
    ) as caught:
        own.start(recorder)
    assert caught.value.hint is not None
    assert str(_layout(own).log("etcd")) in caught.value.hint


def test_deleting_leaves_nothing(own: LocalCluster, recorder: Recorder) -> None:
    own.start(recorder)
    before = processes.running(_layout(own))
    own.delete(recorder)
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in before.values())
    assert list(own.kubeconfig.parent.iterdir()) == []
    status = own.status()
    assert not status.ready
    assert status.endpoint is None
    own.delete(recorder)
