"""Ports of published Services."""

from __future__ import annotations

from pathlib import Path

from aicc.local.node import publish


def test_a_service_keeps_its_port_and_no_two_share_one(tmp_path: Path) -> None:
    path = tmp_path / "publications.json"
    ports = [publish.port_of(path, "a", "gateway", port) for port in (80, 81, 80)]
    assert ports[0] == ports[2] != ports[1]
    assert publish.read(path) == {
        "gateway.a.svc.cluster.local.:80": ports[0],
        "gateway.a.svc.cluster.local.:81": ports[1],
    }


def test_a_node_made_anew_publishes_on_the_same_port(tmp_path: Path) -> None:
    path = tmp_path / "publications.json"
    first = publish.port_of(path, "a", "gateway", 80)
    path.unlink()
    assert publish.port_of(path, "a", "gateway", 80) == first
