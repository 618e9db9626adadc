"""`aicc images push`: what it says before it builds anything. That it pushes: tests/end_to_end/kind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aicc.cli_images import app
from aicc.errors import ConfigError, PrerequisiteError
from aicc.images import pins, push
from aicc.paths import REPO

EXAMPLE = REPO / "examples" / "Pulumi.kind.yaml"


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """The example, to be written to."""
    path = tmp_path / EXAMPLE.name
    path.write_bytes(EXAMPLE.read_bytes())
    return path


def _push(registry: str, stack: Path) -> Result:
    before = stack.read_bytes()
    done = CliRunner().invoke(app, ["push", registry, "--stack", str(stack)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert stack.read_bytes() == before
    return done


def test_the_example_names_only_what_is_made_here() -> None:
    found = pins.named(EXAMPLE.read_text(encoding="utf-8"), "localhost:5001")
    assert found == ("gateway", "llama-server", "smollm2-135m")
    assert set(found) <= set(push.known())


def test_a_registry_that_the_stack_does_not_name_is_said_with_what_may_be_named(stack: Path) -> None:
    said = _push("localhost:5002", stack)
    assert said.exit_code == ConfigError.exit_code
    assert (
        f"{stack.name} names no image of localhost:5002 that is made here; nothing was built or pushed" in said.stderr
    )
    assert "localhost:5002/<name>@sha256:" in said.stderr
    assert "gateway, llama-server" in said.stderr


def test_a_registry_that_does_not_answer_is_said_before_anything_is_built(stack: Path) -> None:
    with socket.socket() as bound:  # taken, and nobody listens
        bound.bind(("127.0.0.1", 0))
        registry = f"127.0.0.1:{bound.getsockname()[1]}"
        stack.write_text(stack.read_text(encoding="utf-8").replace("localhost:5001", registry), encoding="utf-8")
        said = _push(registry, stack)
    assert said.exit_code == PrerequisiteError.exit_code
    assert (
        f"there is no registry at http://{registry}/v2/: [Errno 111] Connection refused; nothing was built"
        in said.stderr
    )
