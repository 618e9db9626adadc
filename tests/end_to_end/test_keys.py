"""Tenants' keys on a real control plane: made by `up`, changed by `aicc keys`, and in no place but their Secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.centre import Centre

pytestmark = pytest.mark.cluster


def listed(centre: Centre, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(centre.run("keys", "list", "--json", *options).stdout)["keys"]
    return found


def key_of(centre: Centre, *arguments: str) -> str:
    return centre.run("keys", *arguments, "--tenant", "research").stdout.strip()


def test_up_made_the_first_key_of_each_tenant_and_a_second_up_makes_none(centre: Centre) -> None:
    tenants = {tenant["name"] for tenant in centre.status()["tenants"]}
    first = listed(centre)
    assert {key["tenant"] for key in first} == tenants
    assert len(first) == len(tenants)
    centre.run("up", "--driver", "offline")
    assert listed(centre) == first


def test_keys_are_made_rotated_and_revoked(centre: Centre) -> None:
    old = key_of(centre, "show")
    new = key_of(centre, "rotate", "--overlap", "1h")
    assert key_of(centre, "show") == new != old
    newest, oldest = listed(centre, "--tenant", "research")
    assert (newest["expires"], newest["valid"], oldest["valid"]) == (None, True, True)
    assert oldest["expires"] is not None
    centre.run("keys", "revoke", "--tenant", "research", "--key", oldest["id"])
    assert [key["id"] for key in listed(centre, "--tenant", "research")] == [newest["id"]]


def test_mistakes_are_said_and_change_nothing(centre: Centre) -> None:
    before = listed(centre)
    unknown = centre.run("keys", "create", "--tenant", "nobody", expect=3)
    assert "nobody is not a tenant of stack" in unknown.stderr
    duration = centre.run("keys", "rotate", "--tenant", "research", "--overlap", "a while", expect=1)
    assert "is not a duration" in duration.stderr
    missing = centre.run("keys", "revoke", "--tenant", "research", "--key", "0", expect=1)
    assert "its keys are:" in missing.stderr
    assert listed(centre) == before


def test_a_key_is_in_its_secret_and_nowhere_else(centre: Centre, tmp_path: Path) -> None:
    canary = key_of(centre, "create")
    said = [centre.run(*command) for command in (("plan",), ("plan", "--json"), ("status", "--json"), ("keys", "list"))]
    said += [centre.run("up", "--driver", "offline"), centre.run("render", "--out", str(tmp_path / "rendered"))]
    assert [done.args for done in said if canary in done.stdout + done.stderr] == []
    written = [*(tmp_path / "rendered").rglob("*"), *centre.state.rglob("*")]
    # etcd keeps every Secret; its folder is the user's alone (test_centre.py).
    files = [path for path in written if path.is_file() and "etcd" not in str(path.relative_to(path.anchor))]
    assert files
    assert [str(path) for path in files if canary.encode() in path.read_bytes()] == []
    with centre.kube() as kube:
        kinds = (("v1", "Pod"), ("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("v1", "Event"))
        held = [
            (body["kind"], body["metadata"]["name"])
            for version, kind in kinds
            for body in kube.list(version, kind)
            if canary in json.dumps(body)
        ]
    assert held == []
