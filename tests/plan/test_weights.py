"""What engine arguments do to the arithmetic of weights; the sums themselves are in tests/config_cases."""

from __future__ import annotations

from typing import Any

import pytest

from infra.catalogue import load
from infra.config import InvalidCenterError
from infra.config.load import parse
from infra.plan import CenterPlan, resolve

TENANT = {"name": "research", "kind": "research", "group": "g", "quota": {"accelerators": {"nvidia-h100": 8}}}
POOL = {"name": "h100", "instance": "sim.nvidia-h100.8x", "nodes": 1}
SIZED = {"size": "60Gi", "layers": 64, "keyValueHeads": 8, "headSize": 128}
"""With 64 Ki tokens of 16 GiB, 4 GiB more than 9/10 of an H100's 80 GiB."""


def planned(**arguments: Any) -> CenterPlan:
    model = {"name": "m", "tenant": "research", "source": "a/b", "accelerator": "nvidia-h100", "weights": SIZED}
    declared = {**model, "maxModelLen": 65_536, "engineArguments": arguments}
    center = {"name": "c", "cloud": {"kind": "local"}, "pools": [POOL], "tenants": [TENANT], "models": [declared]}
    return resolve(parse(center), load())


def notes(plan: CenterPlan) -> str:
    return "\n".join(note for note in plan.notes if note.startswith("model m:"))


@pytest.mark.parametrize(
    "arguments", [{}, {"gpu-memory-utilization": 0.94}, {"kv-cache-dtype": "bfloat16"}, {"max-num-seqs": 1}]
)
def test_a_context_of_sixteen_bits_does_not_fit(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidCenterError, match=r"16\.00 GiB = 76\.00 GiB, more than"):
        planned(**arguments)


@pytest.mark.parametrize("arguments", [{"gpu-memory-utilization": 0.95}, {"kv-cache-dtype": "fp8"}])
def test_a_larger_share_or_a_smaller_context_makes_it_fit(arguments: dict[str, Any]) -> None:
    assert "not checked" not in notes(planned(**arguments))


def test_what_lies_in_memory_is_not_presumed_where_the_engine_shrinks_it() -> None:
    assert "with quantization less than its files may lie in memory" in notes(planned(quantization="fp8"))


def test_a_type_of_context_that_is_not_known_is_not_counted_and_said() -> None:
    assert "what a context takes as nvfp4 is not known" in notes(planned(**{"kv-cache-dtype": "nvfp4"}))
