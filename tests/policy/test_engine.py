"""The pack under the real engine: what `pulumi preview --policy-pack policy` says, and how it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from aicc.paths import REPO

HOSTS = ("pulumi-language-python", "pulumi-analyzer-policy-python")
"""What starts a pack in Python: the language host does since 2025, its own plugin did before."""

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(not shutil.which("pulumi"), reason="the Pulumi CLI is not on PATH"),
    pytest.mark.skipif(not any(map(shutil.which, HOSTS)), reason=f"none of {', '.join(HOSTS)} is on PATH"),
    pytest.mark.skipif(
        not (REPO / ".venv" / "bin" / "python").exists(), reason="policy/PulumiPolicy.yaml starts the pack from .venv"
    ),
]

# Components have no provider, so that the engine needs none; rules look at types and properties only.
PROGRAM = """
import pulumi


class Anything(pulumi.ComponentResource):
    def __init__(self, type_, name, props, **options):
        super().__init__(type_, name, props, pulumi.ResourceOptions(**options))
        self.register_outputs(props)


LATER = pulumi.Output.from_input(pulumi.runtime.rpc.UNKNOWN)

Anything("ai-compute-center:index:Center", "center", {center!r})
Anything("gcp:storage/bucket:Bucket", "models", {bucket!r}, protect={protect!r})
Anything("alicloud:nas/fileSystem:FileSystem", "files", dict({files!r}, encryptType={encrypted}), protect=True)
"""
TAGS = {"owner": "platform", "cost-center": "ai-42", "tenant": "shared"}
CENTER = {
    "name": "iowa",
    "cloud": "gcp",
    "region": "us-central1",
    "deletionProtection": True,
    "limits": {"monthlyCost": {"USD": 1000}, "annualTco2e": 10, "regions": ["us-central1"]},
    "estimate": {"total": {"costPerMonth": {"USD": 900}, "unknown": []}},
}
BUCKET = {
    "location": "us-central1",
    "publicAccessPrevention": "enforced",
    "encryption": {"defaultKmsKeyName": "key"},
    "labels": TAGS,
}
FILES = {"kmsKeyId": "key", "tags": TAGS}


def preview(folder: Path, *arguments: str, **parts: object) -> subprocess.CompletedProcess[str]:
    """The engine's preview of a small program under the pack, kept in a state of its own."""
    given = {"center": CENTER, "bucket": BUCKET, "protect": True, "files": FILES, "encrypted": "2", **parts}
    (folder / "__main__.py").write_text(PROGRAM.format(**given), encoding="utf-8")
    virtualenv = REPO / ".venv"
    (folder / "Pulumi.yaml").write_text(
        f"name: policy-test\nruntime: {{name: python, options: {{virtualenv: {virtualenv}}}}}\n", encoding="utf-8"
    )
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    options = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
    subprocess.run(["pulumi", "stack", "init", "test", "--non-interactive"], **options, check=True)
    pack = str(REPO / "policy")
    command = ["pulumi", "preview", "--stack", "test", "--non-interactive", "--color", "never", "--policy-pack", pack]
    return subprocess.run([*command, *arguments], **options, check=False)


def test_a_program_that_keeps_the_rules_passes(tmp_path: Path) -> None:
    done = preview(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ai-compute-center@v0.1.0" in done.stdout
    assert "[mandatory]" not in done.stdout
    assert "[advisory]" not in done.stdout


def test_a_program_that_breaks_rules_of_both_kinds_fails_and_is_told_all(tmp_path: Path) -> None:
    done = preview(tmp_path, bucket={"location": "US", "labels": {"owner": "a"}}, protect=False)
    assert done.returncode != 0
    for part in (
        "[mandatory]  buckets-private",
        "Bucket models (gcp): may be made public; publicAccessPrevention must be enforced",
        "[mandatory]  stateful-protected",
        "[mandatory]  tags-required",
        "lacks cost-center, tenant in labels",
        "[mandatory]  resources-in-allowed-regions",
        "has location US; the stack allows us-central1",
        "[advisory]  own-keys",
    ):
        assert part in done.stdout


def test_a_budget_that_is_exceeded_stops_a_preview(tmp_path: Path) -> None:
    dear = {**CENTER, "estimate": {"total": {"costPerMonth": {"USD": 1200.5}, "unknown": ["price of a"]}}}
    done = preview(tmp_path, center=dear)
    assert done.returncode != 0
    assert "costs 1,200.50 USD a month at list prices; limits.monthlyCost allows 1,000.00" in done.stdout
    assert "[advisory]  monthly-cost-known" in done.stdout


def test_an_unknown_value_is_said_and_stops_nothing(tmp_path: Path) -> None:
    done = preview(tmp_path, encrypted="LATER")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[advisory]  not-decided" in done.stdout
    assert "encrypted-at-rest: FileSystem files (alicloud): cannot be decided" in done.stdout


def test_an_exception_is_made_by_a_rule_s_name(tmp_path: Path) -> None:
    exception = tmp_path / "exception.json"
    exception.write_text('{"stateful-protected": "advisory"}', encoding="utf-8")
    done = preview(tmp_path, "--policy-pack-config", str(exception), protect=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[advisory]  stateful-protected" in done.stdout
