"""What goes wrong in a real run: interruption, a second run, dead processes, a full disk. Nothing is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.centre import Centre, eventually, small_config

pytestmark = pytest.mark.cluster
STARTS_CLUSTER = "Starting the local control plane"
RENDERS = "Rendering the program"


@pytest.mark.parametrize(
    ("how", "where"),
    [
        (signal.SIGTERM, STARTS_CLUSTER),
        (signal.SIGKILL, STARTS_CLUSTER),
        (signal.SIGINT, RENDERS),
        (signal.SIGKILL, RENDERS),
    ],
)
def test_an_interrupted_up_is_completed_by_the_next(fresh: Centre, how: signal.Signals, where: str) -> None:
    code = fresh.interrupted(lambda line: where in line, how, "up", "--driver", "offline")
    assert code == (-signal.SIGKILL if how is signal.SIGKILL else 130)
    said = fresh.run("up", "--driver", "offline").stderr
    # Only a killed run leaves its lock behind.
    assert ("did not end by itself; going on from where it stopped" in said) == (how is signal.SIGKILL)
    assert fresh.status()["ready"] is True
    assert fresh.objects().startswith("no changes")


def test_an_interrupted_up_can_be_taken_down(fresh: Centre) -> None:
    fresh.interrupted(lambda line: STARTS_CLUSTER in line, signal.SIGKILL, "up", "--driver", "offline")
    fresh.run("down")
    assert not fresh.processes()


def test_a_second_up_is_refused_and_names_the_owner(fresh: Centre) -> None:
    with fresh.start("up", "--driver", "offline") as first:
        assert first.stdout is not None
        assert any(STARTS_CLUSTER in line for line in first.stdout)
        second = fresh.run("up", "--driver", "offline", expect=5)
        assert f"process {first.pid}" in second.stderr
        assert "up --stack fresh" in second.stderr
        first.stdout.read()
    assert first.returncode == 0


def test_a_model_that_cannot_be_placed_is_said_with_the_schedulers_reason(fresh: Centre) -> None:
    fresh.run("up", "--cluster-only")
    with fresh.kube() as kube:
        for node in kube.list("v1", "Node", label_selector="aicc.io/pool=zhenwu"):
            kube.patch("v1", "Node", node["metadata"]["name"], {"spec": {"unschedulable": True}})
        fresh.config["models"] = fresh.config["models"][1:]
        fresh.save()
    said = fresh.run("up", "--driver", "offline", "--timeout", "10", expect=7).stderr
    assert "model-beta" in said
    assert "unschedulable" in said
    assert "Traceback" not in said


def test_status_without_a_cluster_says_how_to_get_one(fresh: Centre) -> None:
    said = fresh.run("status", expect=6).stderr
    assert "has no cluster to talk to" in said
    assert "aicc up" in said


def test_cloud_commands_without_the_cli_name_it(fresh: Centre) -> None:
    fresh.environment["PATH"] = os.pathsep.join(
        folder for folder in fresh.environment["PATH"].split(os.pathsep) if not (Path(folder) / "pulumi").exists()
    )
    said = fresh.run("up", "--driver", "pulumi", expect=4).stderr
    assert "the Pulumi CLI is not on PATH" in said
    assert "--driver offline" in said


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_one_clear_error(fresh: Centre, full_disk: Path) -> None:
    fresh.environment["XDG_STATE_HOME"] = str(full_disk)
    said = fresh.run("up", "--driver", "offline", expect=None)
    assert said.returncode in {4, 6}
    assert "Traceback" not in said.stderr
    assert re.search(r"disk|space", said.stderr)
    fresh.run("down", expect=None)
    eventually(lambda: not fresh.processes(), "no process is left")


@pytest.fixture
def steady(centre: Centre) -> Iterator[Centre]:
    """The module's centre, up; what a test declares of it is forgotten again."""
    yield centre
    centre.config = small_config()
    centre.save()


def test_an_invalid_stack_changes_nothing(steady: Centre) -> None:
    steady.config["pools"][1]["nodes"] = 0
    steady.save()
    said = steady.run("up", "--driver", "offline", expect=3).stderr
    assert "pools[1].nodes" in said
    assert "nothing was changed" in said
    steady.config = small_config()
    steady.save()
    assert steady.objects().startswith("no changes")


def test_a_stack_stays_with_its_driver(steady: Centre) -> None:
    record = steady.state / "aicc" / steady.name / "driver"
    before = record.read_text(encoding="utf-8")
    record.write_text("pulumi", encoding="utf-8")
    try:
        said = steady.run("up", "--driver", "offline", expect=3).stderr
    finally:
        record.write_text(before, encoding="utf-8")
    assert before == "offline"
    assert "was brought up by driver pulumi" in said


def test_a_dead_control_plane_is_said_and_brought_back_with_its_data(steady: Centre) -> None:
    for component in ("kube-apiserver", "etcd"):
        steady.kill(component)
    said = steady.run("status", expect=6).stderr
    assert "error:" in said
    assert "Traceback" not in said
    steady.run("up", "--driver", "offline")
    assert steady.status()["ready"] is True
    assert steady.objects().startswith("no changes")


def test_an_api_server_killed_during_up_is_survived_or_said(steady: Centre) -> None:
    """The last of them: it leaves tenants that the others do not declare."""
    steady.config["tenants"] += [
        {"name": f"extra-{index}", "kind": "research", "group": f"g{index}"} for index in range(20)
    ]
    steady.save()
    with steady.start("up", "--driver", "offline") as process:
        assert process.stdout is not None
        assert any(RENDERS in line for line in process.stdout)
        steady.kill("kube-apiserver")
        said = process.stdout.read()
    assert process.returncode in {0, 6, 7}
    assert "Traceback" not in said
    steady.run("up", "--driver", "offline")
    assert steady.status()["ready"] is True
