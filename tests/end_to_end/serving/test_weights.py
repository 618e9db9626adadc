"""Weights that were changed in the store, inside a cluster: refused, said, never served; and the runbook's way out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import APIError

from aicc.models import local
from tests.end_to_end.serving.centre import EMBED, NAMESPACE, NEEDS_A_NODE, Serving
from tests.support.recorder import Recorder

pytestmark = NEEDS_A_NODE

MODEL = "tampered"
FILE = "model.gguf"


@pytest.fixture
def tampered(serving: Serving, tmp_path: Path) -> Iterator[Path]:
    """The object of one more model, pushed as declared and then changed in the store; the stack is as it was after."""
    before = copy.deepcopy(serving.config)
    [embed] = [model for model in serving.config["models"] if model["name"] == EMBED]
    serving.config["models"].append({**embed, "name": MODEL, "source": f"store:{MODEL}"})
    serving.save()
    (tmp_path / FILE).symlink_to(local.files(EMBED, Recorder())[FILE])
    serving.run("models", "push", MODEL, str(tmp_path))
    found = (serving.state / "aicc" / serving.name / "volumes").rglob(f"{MODEL}/{FILE}")
    [stored] = [path for path in found if path.is_file()]  # what the store knows of it is in a folder of that name
    change(stored)
    try:
        yield stored
    finally:
        serving.config = before
        serving.save()


def change(stored: Path) -> None:
    """Turn the last byte over; the length stays. Once more, and it is as it was."""
    with stored.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 0xFF]))


def test_changed_weights_are_refused_said_and_not_served_until_they_are_mended(
    serving: Serving, tampered: Path
) -> None:
    said = serving.run("up", "--driver", "offline", expect=7).stderr
    assert f"{FILE} is sha256:" in said
    assert "it is not served" in said
    assert "Traceback" not in said

    [found] = [model for model in serving.status()["models"] if model["name"] == MODEL]
    assert (found["ready"], found["wanted"]) == (0, 1)
    assert f"{FILE} is sha256:" in found["problem"]
    assert f"model {MODEL}: its weights were not accepted" in " ".join(serving.run("status").stdout.split())
    with pytest.raises(APIError) as refused:
        serving.client().embeddings.create(model=MODEL, input="hello")
    assert getattr(refused.value, "status_code", None) in {404, 503}, "404 where the gateway does not know it yet"
    serving.client().embeddings.create(model=EMBED, input="what was served before still is")

    # As the runbook says (docs/runbooks/object-store.md).
    change(tampered)
    serving.kubectl("-n", NAMESPACE, "delete", "job", "-l", f"aicc.io/model={MODEL}")
    serving.run("up", "--driver", "offline")
    assert serving.client().embeddings.create(model=MODEL, input="hello").data[0].embedding
