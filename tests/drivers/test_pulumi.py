"""The real engine, where the Pulumi CLI and its Kubernetes provider are present: same program, same resources."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.centre import Centre, small_config

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.cli,
    pytest.mark.skipif(not shutil.which("pulumi"), reason="the Pulumi CLI is not on PATH"),
]
ENGINES_OWN = {"version", "__internal"}
"""Inputs that the engine adds to a provider."""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A centre that the real engine brought up."""
    centre = Centre(tmp_path_factory.mktemp("engine"), "engine", small_config())
    try:
        centre.run("up", "--driver", "pulumi")
        yield centre
    finally:
        centre.run("down", expect=None)
    assert not centre.processes()


def _pulumi(centre: Centre, *arguments: str) -> str:
    folder = centre.state / "aicc" / centre.name / "pulumi"
    environment = {
        **centre.environment,
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / "passphrase"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    command = ["pulumi", *arguments, "--stack", centre.name, "--non-interactive"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_pulumi_up_brings_every_model_to_ready(centre: Centre) -> None:
    assert centre.status()["ready"] is True


def test_second_up_shows_no_changes_and_stays_with_its_driver(centre: Centre) -> None:
    done = centre.run("up")
    assert "driver pulumi" in done.stderr
    assert re.search(r"objects: no changes \(\d+ objects\)", done.stdout)


def test_preview_shows_no_changes(centre: Centre) -> None:
    shown = _pulumi(centre, "preview", "--expect-no-changes")
    assert re.search(r"\d+ unchanged", shown)


def test_urns_and_inputs_equal_the_offline_plans(centre: Centre) -> None:
    engine = {
        item["urn"]: item
        for item in json.loads(_pulumi(centre, "stack", "export"))["deployment"]["resources"]
        if item["type"] != "pulumi:pulumi:Stack" and not item["urn"].endswith("::default")
    }
    plan = json.loads(centre.run("plan", "--json").stdout)
    assert {item["urn"] for item in plan["resources"]} == set(engine)
    for item in plan["resources"]:
        if item["inputs"] is not None:
            assert item["inputs"] == _without_engines_own(engine[item["urn"]]["inputs"]), item["urn"]


def _without_engines_own(inputs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key not in ENGINES_OWN}


@pytest.mark.parametrize("with_backup", [True, False], ids=["the last but one is there", "none is there"])
def test_a_truncated_checkpoint_loses_nothing(centre: Centre, with_backup: bool) -> None:
    """As a killed engine leaves it; what is in the cluster is taken up again."""
    folder = centre.state / "aicc" / centre.name / "pulumi" / ".pulumi" / "stacks" / "ai-compute-center"
    checkpoint = folder / f"{centre.name}.json"
    assert json.loads(checkpoint.read_text(encoding="utf-8"))
    before = {item["urn"] for item in json.loads(_pulumi(centre, "stack", "export"))["deployment"]["resources"]}
    checkpoint.write_text(checkpoint.read_text(encoding="utf-8")[:1000], encoding="utf-8")
    if not with_backup:
        checkpoint.with_name(f"{checkpoint.name}.bak").unlink()
    centre.run("up", "--driver", "pulumi")
    assert centre.status()["ready"] is True
    after = {item["urn"] for item in json.loads(_pulumi(centre, "stack", "export"))["deployment"]["resources"]}
    assert before == after


def test_destroy_leaves_nothing(centre: Centre) -> None:
    _pulumi(centre, "destroy", "--yes", "--skip-preview")
    assert "resources" not in json.loads(_pulumi(centre, "stack", "export"))["deployment"]
    with centre.kube() as kube:
        namespaces = {item["metadata"]["name"] for item in kube.list("v1", "Namespace")}
        assert namespaces == {"default", "kube-system", "kube-public", "kube-node-lease"}
        assert kube.list("node.k8s.io/v1", "RuntimeClass") == []
        assert kube.list("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy") == []


def test_a_killed_pulumi_up_is_completed_by_the_next(tmp_path: Any) -> None:
    centre = Centre(tmp_path, "killed", small_config())
    try:
        centre.run("up", "--cluster-only")
        with centre.start("up", "--driver", "pulumi") as process:
            assert process.stdout is not None
            assert any("pulumi up" in line for line in process.stdout)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=6)  # the engine is creating resources by now
            for child in centre.descendants(process):
                child.send_signal(signal.SIGKILL)
            process.kill()
        centre.run("up", "--driver", "pulumi")
        assert centre.status()["ready"] is True
    finally:
        centre.run("down", expect=None)
    assert not centre.processes()
