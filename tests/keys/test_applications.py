"""A tenant's newest key is in its own namespace where it has applications, and in no other."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aicc.keys import Store, hand_out, keyring
from aicc.kube.client import Kube
from aicc.stacks import Stack
from infra import names


class Server:
    """Secrets by namespace and name; a merge patch takes away what is null."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], dict[str, Any]] = {}
        self.writes = 0
        self.nudged: list[str] = []

    def get(self, _: str, kind: str, name: str, namespace: str = "") -> Any:
        return {} if kind == "Namespace" else json.loads(json.dumps(self.secrets.get((namespace, name))))

    def list(self, _: str, kind: str, namespace: str, *__: Any) -> list[Any]:
        return [pod(names.GATEWAY_KEY_SECRET, namespace)] if kind == "Pod" else []

    def create(self, obj: Mapping[str, Any]) -> Any:
        metadata = obj["metadata"]
        self.writes += 1
        self.secrets[metadata["namespace"], metadata["name"]] = {
            "data": dict(obj["data"]),
            "metadata": {"resourceVersion": "1"},
        }
        return self.secrets[metadata["namespace"], metadata["name"]]

    def patch(self, _: str, kind: str, name: str, patch: Mapping[str, Any], namespace: str) -> Any:
        self.writes += 1
        if kind == "Pod":
            self.nudged.append(name)
            return {}
        data = self.secrets[namespace, name]["data"] | patch["data"]
        self.secrets[namespace, name]["data"] = {key: value for key, value in data.items() if value is not None}
        return self.secrets[namespace, name]

    def key_of(self, tenant: str) -> str | None:
        found = self.secrets.get((f"tenant-{tenant}", names.GATEWAY_KEY_SECRET), {"data": {}})["data"]
        return base64.b64decode(found[names.GATEWAY_KEY]).decode() if found else None


def pod(secret: str, namespace: str) -> dict[str, Any]:
    """One that has the Secret mounted."""
    return {"metadata": {"name": f"in-{namespace}"}, "spec": {"volumes": [{"secret": {"secretName": secret}}]}}


@pytest.fixture
def server() -> Server:
    return Server()


def give(server: Server, *tenants: str) -> None:
    """Applications of these tenants get their keys."""
    chat = [SimpleNamespace(tenant=tenant, namespace=f"tenant-{tenant}") for tenant in tenants]
    offered = SimpleNamespace(chat=chat, notebooks=[], batches=[])
    hand_out(cast("Stack", SimpleNamespace(plan=SimpleNamespace(applications=offered))), cast("Kube", server))


def newest(server: Server, tenant: str) -> str:
    return Store(cast("Kube", server)).of(tenant)[0].secret


def test_a_tenant_with_an_application_has_its_key_and_others_have_none(server: Server) -> None:
    Store(cast("Kube", server)).ensure(["a", "b"])
    give(server, "a")
    assert server.key_of("a") == newest(server, "a")
    assert server.key_of("b") is None


def test_a_second_run_writes_nothing(server: Server) -> None:
    Store(cast("Kube", server)).ensure(["a"])
    give(server, "a")
    before = server.writes
    give(server, "a")
    assert server.writes == before


def test_the_pods_that_have_it_mounted_are_told_once(server: Server) -> None:
    """A page that was there before its key need not wait for the kubelet's next look."""
    Store(cast("Kube", server)).ensure(["a"])
    give(server, "a")
    give(server, "a")
    assert server.nudged == ["in-tenant-a"]


def test_a_rotated_key_takes_the_old_one_s_place(server: Server) -> None:
    store = Store(cast("Kube", server))
    store.ensure(["a"])
    give(server, "a")
    old = server.key_of("a")
    store.change(lambda held: {"a": keyring.rotate(held["a"], datetime.now(UTC), timedelta(hours=1))})
    give(server, "a")
    assert server.key_of("a") == newest(server, "a") != old


def test_a_tenant_whose_last_key_was_revoked_keeps_none(server: Server) -> None:
    store = Store(cast("Kube", server))
    store.ensure(["a"])
    give(server, "a")
    store.change(lambda held: {"a": keyring.revoke(held["a"], held["a"][0].id)})
    give(server, "a")
    assert server.key_of("a") is None


def test_without_a_key_no_secret_is_made(server: Server) -> None:
    give(server, "a")
    assert server.secrets == {}
