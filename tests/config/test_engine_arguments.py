"""Further engine arguments: their words, and what is not for the stack file."""

from __future__ import annotations

import re

import pytest

from aicc import paths
from infra.config.engine_argument_checks import TAKEN
from infra.config.engine_arguments import command_line
from infra.config.fields import Engine

UNSAID = {"max-num-seqs", "max-running-requests"}
"""Of the chart's own: the plan leaves them at the engine's default, so the stack file may say them."""


def test_each_is_one_word_in_the_order_of_the_file() -> None:
    arguments = {"tool-call-parser": "hermes", "enforce-eager": True, "swap-space": 4, "gpu-memory-utilization": 0.85}
    assert command_line({**arguments, "hf-overrides": '{"a": [1, "b"]}'}) == (
        "--tool-call-parser=hermes",
        "--enforce-eager",
        "--swap-space=4",
        "--gpu-memory-utilization=0.85",
        '--hf-overrides={"a": [1, "b"]}',
    )


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_whatever_the_chart_says_is_not_for_the_stack_file(engine: Engine) -> None:
    text = (paths.CHARTS / "model-server" / "templates" / "_engines.tpl").read_text(encoding="utf-8")
    blocks = re.findall(
        rf'define "model-server\.{engine}\.(?:args|group|role)"(.*?)(?=\{{\{{- define)', text, re.DOTALL
    )
    said = {flag for block in blocks for flag in re.findall(r"^- .*?--([a-z-]+)", block, re.MULTILINE)}
    taken = {flag for group in TAKEN[engine] for flag in group.flags.split()}
    assert "served-model-name" in said
    assert said - UNSAID <= taken
