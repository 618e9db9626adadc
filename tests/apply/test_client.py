"""The client against a real API server; faults of the network are in tests/kube."""

from __future__ import annotations

from pathlib import Path

import pytest

from aicc.errors import ClusterError
from aicc.kube.client import PAGE, Kube
from aicc.kube.transport import ApiError
from aicc.local.cluster import LocalCluster

from .builders import config_map, custom_kind, manifest, namespace

pytestmark = pytest.mark.cluster


@pytest.fixture
def home(kube: Kube, request: pytest.FixtureRequest) -> str:
    name = request.node.name.removeprefix("test_").replace("_", "-")[:60].strip("-")
    kube.apply(namespace(name).body, "test")
    return name


def test_a_list_longer_than_a_page_is_complete(kube: Kube, home: str) -> None:
    names = {f"c{number}" for number in range(PAGE + 20)}
    kube.map(lambda name: kube.apply(config_map(name, home, {"k": "v"}).body, "test"), names)
    listed = kube.list("v1", "ConfigMap", home)
    assert {each["metadata"]["name"] for each in listed} >= names
    assert all((each["apiVersion"], each["kind"]) == ("v1", "ConfigMap") for each in listed)


def test_metadata_alone_can_be_listed(kube: Kube, home: str) -> None:
    kube.apply(manifest("ConfigMap", "c", home, metadata={"labels": {"find": "me"}}, data={"k": "v"}).body, "test")
    (found,) = kube.list("v1", "ConfigMap", label_selector="find=me", metadata_only=True)
    assert (found["kind"], found["metadata"]["name"], "data" in found) == ("ConfigMap", "c", False)


def test_a_deletion_can_be_of_one_very_object(kube: Kube, home: str) -> None:
    uid = kube.apply(config_map("c", home).body, "test")["metadata"]["uid"]
    with pytest.raises(ApiError) as caught:
        kube.delete("v1", "ConfigMap", "c", home, uid="another")
    assert caught.value.code == 409
    kube.delete("v1", "ConfigMap", "c", home, uid=uid)
    assert kube.get("v1", "ConfigMap", "c", home) is None
    kube.delete("v1", "ConfigMap", "c", home)


def test_a_dry_run_changes_nothing(kube: Kube, home: str) -> None:
    assert kube.apply(config_map("c", home).body, "test", dry_run=True)["data"] == {"key": "value"}
    assert kube.get("v1", "ConfigMap", "c", home) is None


def test_creating_what_exists_is_an_error(kube: Kube, home: str) -> None:
    kube.create(config_map("c", home).body)
    with pytest.raises(ApiError) as caught:
        kube.create(config_map("c", home).body)
    assert (caught.value.code, caught.value.reason) == (409, "AlreadyExists")


def test_status_is_written_apart_from_spec(kube: Kube, home: str) -> None:
    # Where no cloud gives addresses, no controller writes this status, so nothing sets it back.
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    kube.apply(manifest("Service", "s", home, spec=spec).body, "test")
    addresses = {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}
    kube.patch_status("v1", "Service", "s", {"loadBalancer": addresses}, home)
    live = kube.get("v1", "Service", "s", home)
    assert live is not None
    assert live["status"]["loadBalancer"] == addresses


def test_a_kind_defined_just_now_is_found(kube: Kube) -> None:
    group = "found.example.com"
    assert not kube.serves(f"{group}/v1", "Widget")
    kube.apply(custom_kind(group).body, "test")
    assert kube.resource(f"{group}/v1", "Widget").namespaced
    found = kube.find_resource(group, "Widget")
    assert found is not None
    assert found.api_version == f"{group}/v1"


def test_a_kind_that_nobody_serves_is_named(kube: Kube) -> None:
    with pytest.raises(ClusterError, match=r"does not serve Widget \(nobody.example.com/v1\)"):
        kube.list("nobody.example.com/v1", "Widget")


def test_the_private_key_of_the_kubeconfig_stays_in_memory(
    cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Kube.from_kubeconfig(cluster.kubeconfig) as kube:
        assert list(tmp_path.rglob("*")) == []
        assert kube.version().startswith("v")
