"""A real node from nothing to nothing: what runs on it, what it survives, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import psutil
import pytest

from aicc.local.node import sandbox
from aicc.local.node.inside import KUBELET_SETTINGS
from aicc.local.node.layout import Layout
from aicc.local.node.parts import NAMES
from tests.support.recorder import Recorder

from .conftest import PLAN, Centre, remove, start, until

pytestmark = pytest.mark.cluster


def _served(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  our own server's address
        return str(answer.read().decode())


def _restarts(pod: dict[str, object]) -> int:
    return int(json.loads(json.dumps(pod))["status"]["containerStatuses"][0]["restartCount"])


def test_every_part_runs_and_is_ready(centre: Centre) -> None:
    status = centre.node.status()
    assert status is not None
    assert status.ready
    assert [part.name for part in status.parts] == list(NAMES)
    assert all(part.pid for part in status.parts)


def test_starting_it_again_changes_nothing(centre: Centre) -> None:
    before = {part: centre.pid(part) for part in NAMES}
    recorder = Recorder()
    assert centre.node.start(PLAN, centre.kube, recorder) is False
    assert {part: centre.pid(part) for part in NAMES} == before
    assert recorder.text == ""


def test_the_node_has_the_pools_labels_and_is_not_kwoks(centre: Centre) -> None:
    node = centre.kube.get("v1", "Node", PLAN.name)
    assert node is not None
    assert PLAN.labels.items() <= node["metadata"]["labels"].items()
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.")
    assert not [key for key in node["metadata"].get("annotations", {}) if key.startswith("kwok")]


def test_a_pod_runs_and_its_logs_and_exec_work(centre: Centre) -> None:
    centre.pod("web")
    assert centre.kubectl("logs", "web") == "listening on :80\n"
    assert centre.inside("web", "get", "http://127.0.0.1/") == "200 OK\nhello from web\n"


@pytest.mark.parametrize("name", ["site", "site.default.svc", "site.default.svc.cluster.local"])
def test_a_service_has_a_name_and_an_address_that_lead_to_its_pods(centre: Centre, name: str) -> None:
    """The pod asks its own Service: the hardest way for a packet to come back."""
    centre.service("site", "web")
    assert until(lambda: _got(centre, f"http://{name}:8000/")) == "200 OK\nhello from web\n"


def _got(centre: Centre, url: str) -> str:
    """What a pod gets; nothing where kube-proxy has not been told of the Service yet."""
    try:
        return centre.inside("web", "get", url)
    except AssertionError:
        return ""


def test_names_outside_the_cluster_are_unknown_at_once_and_addresses_unreachable(centre: Centre) -> None:
    centre.pod("web")
    with pytest.raises(AssertionError, match="no such host"):
        centre.inside("web", "resolve", "registry.example.com")
    with pytest.raises(AssertionError, match="unreachable"):
        centre.inside("web", "get", "http://192.0.2.1/")


@pytest.mark.parametrize("name", ["kubernetes.default.svc", "10.96.0.1:443"])
def test_a_pod_reaches_the_api_server_with_its_token_and_verifies_it(centre: Centre, name: str) -> None:
    centre.pod("web")
    assert centre.inside("web", "api", name).startswith("200 OK\n")


def test_port_forward_and_the_api_servers_proxy_reach_a_pod(centre: Centre) -> None:
    centre.pod("web")
    assert centre.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/web/proxy/") == "hello from web\n"
    with subprocess.Popen(
        [*centre.command, "port-forward", "pod/web", ":80"], stdout=subprocess.PIPE, text=True
    ) as forward:
        assert forward.stdout is not None
        address = forward.stdout.readline().split()[2]
        assert _served(f"http://{address}/") == "hello from web\n"
        forward.kill()


def test_a_published_service_answers_on_loopback_on_the_same_port_each_time(centre: Centre) -> None:
    centre.service("site", "web")
    url = centre.node.publish("default", "site", 8000)
    assert centre.node.publish("default", "site", 8000) == url
    assert until(lambda: _answers(url)) == "hello from web\n"
    status = centre.node.status()
    assert status is not None
    assert list(status.published.values()) == [url]


def _answers(url: str) -> str:
    try:
        return _served(url)
    except OSError:
        return ""


def test_only_published_ports_listen_on_the_machine_and_on_loopback(centre: Centre) -> None:
    first = sandbox.find(Layout(centre.home.resolve()))
    assert first is not None
    ours = {process.pid for process in first.children(recursive=True)}
    listening = [item for item in psutil.net_connections("tcp") if item.status == psutil.CONN_LISTEN]
    assert {item.laddr.ip for item in listening if item.pid in ours} <= {"127.0.0.1"}


@pytest.mark.parametrize("part", NAMES)
def test_a_part_that_is_killed_comes_back_and_running_pods_do_not_notice(centre: Centre, part: str) -> None:
    before = centre.pod("web")
    killed = centre.pid(part)
    assert killed is not None
    seen = len(centre.events())
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(centre.events()) > seen)
    until(lambda: [event["event"] for event in centre.events() if event["part"] == part][-2:] == ["started", "ready"])
    until(lambda: (status := centre.node.status()) and status.ready)
    assert centre.pid(part) != killed
    after = until(lambda: centre.ready("web"))
    assert _restarts(after) == _restarts(before)
    assert until(lambda: _got(centre, "http://127.0.0.1/")) == "200 OK\nhello from web\n"


def test_pods_come_back_after_the_whole_sandbox_was_killed(centre: Centre) -> None:
    before = centre.pod("web")
    first = sandbox.find(Layout(centre.home.resolve()))
    assert first is not None
    first.kill()
    status = until(lambda: (found := centre.node.status()) and not found.ready and found)
    assert all(part.pid is None for part in status.parts)
    assert centre.node.start(PLAN, centre.kube, Recorder()) is True
    until(lambda: (pod := centre.ready("web")) and _restarts(pod) > _restarts(before))
    assert until(lambda: _got(centre, "http://127.0.0.1/")) == "200 OK\nhello from web\n"


def test_it_leaves_nothing_behind(state: Path, archive: Path) -> None:
    before = _traces()
    centre = start("gone", state)
    layout = Layout(centre.home.resolve())
    try:
        centre.node.import_images({"probe": archive}, Recorder())
        centre.pod("web")
        first = sandbox.find(layout)
        assert first is not None
        processes = [first, *first.children(recursive=True)]
        networks = {_network(process) for process in processes}
        assert _traces()["control groups"] != before["control groups"]
    finally:
        remove(centre)
    assert not layout.home.exists()
    assert not layout.gate.exists()
    assert not [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    networks -= {_network(psutil.Process())}  # the relay of the API server lives in the machine's
    assert networks
    assert not networks & {_network(process) for process in psutil.process_iter()}
    assert _traces() == before


def _network(process: psutil.Process) -> str:
    try:
        return str(Path(f"/proc/{process.pid}/ns/net").readlink())
    except OSError:
        return ""


def _traces() -> dict[str, object]:
    """What of the machine a node could leave changed."""
    root = Path("/sys/fs/cgroup")
    return {
        "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if "aicc" in line],
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "routes": Path("/proc/net/route").read_text(),
        "rules": _rules(),
        "control groups": sorted(str(path) for path in root.glob("**/aicc-gone-*")),
        "folders": [path for path in ("/var/lib/kubelet", "/var/lib/cni", "/run/netns") if Path(path).exists()],
        "settings": {name: (Path("/proc/sys") / name).read_text() for name in KUBELET_SETTINGS},
        "temporary": sorted(path.name for path in Path("/tmp").glob("containerd*")),
    }


def _rules() -> list[str]:
    """Without the times in their comments, nor how much they have counted."""
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [re.sub(r" \[\d+:\d+\]$", "", line) for line in saved if not line.startswith("#")]


def test_two_nodes_of_two_stacks_do_not_meet(centre: Centre, state: Path) -> None:
    other = start("second", state)
    try:
        assert other.node.status() != centre.node.status()
        names = [node["metadata"]["name"] for node in other.kube.list("v1", "Node")]
        assert names == [PLAN.name]
    finally:
        remove(other)
    status = centre.node.status()
    assert status is not None
    assert status.ready
