"""Digests in a stack file: found and replaced where they are meant, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc.images.pins import named, repinned

REGISTRY = "localhost:5001"
OLD, NEW = f"sha256:{'0' * 64}", f"sha256:{'a' * 64}"
TEXT = f"""\
# localhost:5001 is kind's own registry.
gateway:
  image: localhost:5001/gateway@{OLD}   # by digest
models:
  - image: localhost:5001/llama-server@{OLD}
    source: image:localhost:5001/smollm2-135m@{OLD}
  - image: "localhost:5001/llama-server@{OLD}"
"""


def test_names_are_found_once_and_in_order() -> None:
    assert named(TEXT, REGISTRY) == ("gateway", "llama-server", "smollm2-135m")


def test_every_place_of_a_name_is_pinned_anew_and_no_other() -> None:
    pinned = repinned(TEXT, REGISTRY, {"llama-server": NEW})
    assert pinned == TEXT.replace(f"llama-server@{OLD}", f"llama-server@{NEW}")
    assert pinned.count(NEW) == 2


@pytest.mark.parametrize(
    "other",
    [
        f"registry.example.com/localhost:5001/gateway@{OLD}",
        f"my-localhost:5001/gateway@{OLD}",
        f"localhost:5002/gateway@{OLD}",
        f"localhost:5001/deeper/gateway@{OLD}",
        "localhost:5001/gateway:1",
        "localhost:5001/gateway@sha256:0123",
        f"localhost:5001/gateway@{OLD}0",
    ],
)
def test_what_is_another_registrys_or_no_digest_is_left_alone(other: str) -> None:
    assert named(other, REGISTRY) == ()
    assert repinned(other, REGISTRY, {"gateway": NEW}) == other


def test_a_registry_may_have_a_path() -> None:
    assert named(f"image: registry.example.com/aicc/gateway@{OLD}", "registry.example.com/aicc") == ("gateway",)


@given(st.text(), st.text())
def test_without_digests_nothing_changes(before: str, after: str) -> None:
    text = f"{before} {REGISTRY}/gateway@{OLD} {after}"
    assert repinned(text, REGISTRY, {}) == text
    assert named(repinned(text, REGISTRY, {"gateway": NEW}), REGISTRY) == named(text, REGISTRY)
