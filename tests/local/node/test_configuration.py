"""What the node's parts are told, without a node."""

from __future__ import annotations

import ipaddress
import json
import tomllib
from pathlib import Path

import yaml

from aicc.local.node import configuration
from aicc.local.node.declared import real_node
from aicc.local.node.layout import Layout, Specification
from infra import names
from infra.plan import CenterPlan

LAYOUT = Layout(Path("/state/aicc/local/node"))
NODE = Specification(
    name="host-0000",
    address="10.32.0.1",
    pod_cidr="10.64.0.0/24",
    cluster_cidr="10.64.0.0/14",
    service_cidr="10.96.0.0/16",
    api_port=20000,
    commands={},
    cni_plugins="/usr/lib/cni",
    fingerprint="",
)
FILES = configuration.files(NODE, LAYOUT, "docker.io/local/pause:1")


def test_the_same_node_has_the_same_files() -> None:
    assert configuration.files(NODE, LAYOUT, "docker.io/local/pause:1") == FILES


def test_containerd_starts_containers_without_the_right_to_lower_a_score() -> None:
    cri = tomllib.loads(FILES["containerd.toml"])["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["restrict_oom_score_adj"] is True
    assert cri["sandbox_image"] == "docker.io/local/pause:1"
    assert cri["cni"] == {"bin_dir": "/usr/lib/cni", "conf_dir": f"{LAYOUT.configuration}/cni"}


def test_kubelet_answers_only_who_may_ask_and_keeps_its_pods_in_the_stacks_control_group() -> None:
    kubelet = yaml.safe_load(FILES["kubelet.yaml"])
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}
    assert kubelet["authorization"] == {"mode": "Webhook"}
    assert kubelet["address"] == NODE.address
    assert kubelet["cgroupRoot"] == f"/{LAYOUT.cgroup}"


def test_every_stack_has_a_control_group_of_its_own() -> None:
    homes = ("/a/aicc/local/node", "/b/aicc/local/node", "/a/aicc/other/node")
    assert len({Layout(Path(home)).cgroup for home in homes}) == len(homes)


def test_pods_are_given_addresses_of_the_plan() -> None:
    network = json.loads(FILES["cni/10-node.conflist"])["plugins"][0]
    assert network["ipam"]["ranges"] == [[{"subnet": NODE.pod_cidr}]]


def test_who_talks_to_the_api_server_verifies_it_by_a_name_in_its_certificate() -> None:
    for user in configuration.USERS:
        cluster = yaml.safe_load(FILES[f"{user}.kubeconfig"])["clusters"][0]["cluster"]
        assert cluster["server"] == f"https://{NODE.address}:6443"
        assert cluster["tls-server-name"] == "kubernetes.default.svc"
        assert cluster["certificate-authority"] == f"{LAYOUT.configuration}/ca.crt"


def test_the_local_stacks_real_node_is_the_pool_of_this_machine(local_plan: CenterPlan) -> None:
    node = real_node(local_plan)
    assert node is not None
    assert node.name == "host-0000"
    assert node.labels[names.RUNS] == names.CONTAINERS
    assert ipaddress.ip_address(node.address) in ipaddress.ip_network(local_plan.network.node_cidr)
