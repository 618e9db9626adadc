"""Further arguments of a model's engine: any that the centre does not decide by itself, or by another field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints

from infra.config.fields import FORMS, Engine

_FLAG = r"^[a-z][a-z0-9]+(-[a-z0-9]+)*$"
# Kubernetes replaces $(NAME) in a container's arguments.
_TEXT = r"^[^\s$]([^\n$]|\$[^(\n])*$"
FORMS |= {
    _FLAG: "a flag as the engine's manual has it, without the dashes in front, such as kv-cache-dtype",
    _TEXT: "one line of text that begins with no space or $, and has no $( in it",
}

EngineArguments = dict[
    Annotated[str, StringConstraints(pattern=_FLAG, max_length=100)],
    bool | int | float | Annotated[str, StringConstraints(pattern=_TEXT, max_length=4_000)],
]
"""Flag and value; `true` stands for a flag without one."""

MEMORY_SHARE: Mapping[Engine, str] = {"vllm": "gpu-memory-utilization", "sglang": "mem-fraction-static"}
"""The flag for the share of an accelerator's memory that weights and context may take together."""
CONTEXT_TYPE = "kv-cache-dtype"
"""The flag, of both engines, for how keys and values are kept."""
SHRINKING = ("quantization", "cpu-offload-gb", "quantize-and-serve", "offload-group-size")
"""Flags by which fewer bytes than the files have may lie in an accelerator's memory."""


def command_line(arguments: EngineArguments) -> tuple[str, ...]:
    """As the engine is given them, one word each, in the order of the file."""
    return tuple(f"--{flag}" if value is True else f"--{flag}={value}" for flag, value in arguments.items())
