"""What stands in the way of a real node, on machines that lack something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aicc.local import machine
from aicc.local.node import requirements
from aicc.local.node.layout import Layout
from aicc.stacks import stack
from aicc.toolbox import debian
from tests.support.recorder import Recorder

HOME = Layout(Path("/srv/state/aicc/local/node"))


def test_another_user_than_root_has_a_simulated_node_and_is_told(
    monkeypatch: pytest.MonkeyPatch, recorder: Recorder
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert requirements.obstacles(HOME) == ["it takes root"]
    assert machine.wanted(stack("local"), recorder) is None
    assert "node host-0000 is simulated, and no container runs: it takes root" in recorder.text


def test_missing_packages_stand_in_the_way_only_where_they_cannot_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(requirements, "_may_unshare", lambda: True)
    monkeypatch.setattr(debian, "which", lambda _: None)
    assert requirements.obstacles(HOME)[0].startswith(
        "not installed: conntrack, containerd, containernetworking-plugins"
    )
    monkeypatch.setattr(debian, "can_install", lambda: True)
    assert requirements.obstacles(HOME) == []


@pytest.mark.parametrize(
    ("home", "obstacle"),
    [
        ("/var/lib/state/aicc/local/node", "aicc's own files are below /var/lib, which the node has its own of"),
        (f"/home/{'a' * 100}/node", "is too long for a socket"),
    ],
)
def test_a_folder_that_the_sandbox_cannot_use_stands_in_the_way(
    home: str, obstacle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "can_install", lambda: True)
    assert obstacle in "; ".join(requirements.obstacles(Layout(Path(home))))
