"""The store against a double of the API server that counts versions as the real one does."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from aicc.errors import AiccError, ClusterError
from aicc.keys import Store, keyring
from aicc.kube.client import Kube
from aicc.kube.transport import ApiError
from infra import names

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Server:
    """One namespace, one Secret, a pod of the gateway, one that goes as it is told, and one without the keys."""

    def __init__(self, *, namespace: bool = True, interruptions: int = 0) -> None:
        self.namespace = namespace
        self.secret: dict[str, Any] | None = None
        self.version = 0
        self.interruptions = interruptions
        self.annotations: list[Mapping[str, Any]] = []

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Any:
        if kind == "Namespace":
            return {"metadata": {"name": name}} if self.namespace else None
        return json.loads(json.dumps(self.secret))

    def list(self, api_version: str, kind: str, *_: Any, **__: Any) -> list[Any]:
        return [
            pod("gateway-1", {"name": "keys", "secret": {"secretName": names.GATEWAY_KEYS}}),
            pod("gone", {"name": "keys", "secret": {"secretName": names.GATEWAY_KEYS}}),
            pod("other", {"name": "scratch", "emptyDir": {}}),
        ]

    def create(self, obj: Mapping[str, Any]) -> Any:
        self.version += 1
        self.secret = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
        return self.secret

    def patch(self, api_version: str, kind: str, name: str, patch: Mapping[str, Any], namespace: str) -> Any:
        if kind == "Pod":
            if name == "gone":
                raise ApiError('pods "gone" not found', code=404, reason="NotFound")
            self.annotations.append({name: patch["metadata"]["annotations"]})
            return {}
        assert self.secret is not None
        if self.interruptions:
            self.interruptions -= 1
            self.version += 1
            self.secret["metadata"]["resourceVersion"] = str(self.version)
        if patch["metadata"]["resourceVersion"] != self.secret["metadata"]["resourceVersion"]:
            raise ApiError("the object has been modified", code=409, reason="Conflict")
        self.version += 1
        self.secret["data"] |= patch["data"]
        self.secret["metadata"]["resourceVersion"] = str(self.version)
        return self.secret


def pod(name: str, volume: Mapping[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"volumes": [volume]}}


def store(server: Server) -> Store:
    return Store(cast("Kube", server))


def test_every_tenant_without_a_key_gets_its_first_and_others_keep_theirs() -> None:
    server = Server()
    assert store(server).ensure(["a", "b"]) == ["a", "b"]
    before = store(server).all()
    assert store(server).ensure(["a", "b", "c"]) == ["c"]
    assert {name: keys for name, keys in store(server).all().items() if name != "c"} == before
    assert store(server).ensure(["a", "b", "c"]) == []


def test_what_the_gate_reads_is_one_file_for_each_tenant() -> None:
    server = Server()
    store(server).ensure(["a"])
    assert server.secret is not None
    assert list(server.secret["data"]) == ["a.json"]
    written = json.loads(base64.b64decode(server.secret["data"]["a.json"]))
    assert written["keys"][0]["key"] == store(server).of("a")[0].secret


def test_a_change_by_another_in_between_is_not_lost() -> None:
    server = Server()
    store(server).ensure(["a"])
    server.interruptions = 3
    store(server).change(lambda held: {"a": keyring.create(held["a"], NOW)})
    assert len(store(server).of("a")) == 2


def test_changes_without_end_are_an_error() -> None:
    server = Server(interruptions=1_000)
    store(server).ensure(["a"])
    with pytest.raises(ClusterError, match="change all the time"):
        store(server).change(lambda _: {"a": ()})


def test_the_pods_are_told_of_a_change_and_not_of_the_key() -> None:
    server = Server()
    store(server).ensure(["a"])
    assert server.annotations == [{"gateway-1": {"aicc.io/keys-seen": "1"}}]


def test_a_cluster_without_a_gateway_is_said() -> None:
    with pytest.raises(AiccError, match="no gateway"):
        store(Server(namespace=False)).ensure(["a"])
