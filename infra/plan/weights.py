"""The arithmetic of a model's weights: whether they fit the memory they are loaded into, and divide over it.

An estimate from below: activations and the engine's own memory are in the share that is left. What is not declared is
not checked; a note says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from infra import quantity
from infra.catalogue import Accelerator
from infra.config.engine_arguments import CONTEXT_TYPE, MEMORY_SHARE, SHRINKING
from infra.config.issues import Issue
from infra.config.models import CpuResources, Model
from infra.config.weights import BITS, IMAGE, STORE, Weights, count
from infra.plan.model import WeightsPlan

USABLE_SHARE = Fraction(9, 10)
"""Of an accelerator's memory: what vLLM and SGLang take for weights and context, in about that part, by default."""
CPU_OVERHEAD_BYTES = Fraction(256 * 1024**2)
"""Of llama-server itself with its compute buffers, for small models; measured at 90 to 200 MiB."""
CONTEXT_BYTES = {
    "auto": 2,
    "bfloat16": 2,
    "bf16": 2,
    "float16": 2,
    "fp8": 1,
    "fp8_e4m3": 1,
    "fp8_e5m2": 1,
    "fp8_inc": 1,
}
"""Of one number in the context, by the engines' name for its type; `auto`, the default, is the model's own 16 bits."""
_GIB = 1024**3


@dataclass(frozen=True)
class Sum:
    """A number of bytes, and how it came about."""

    value: Fraction
    text: str


def check(path: str, model: Model, accelerator: Accelerator | None) -> Iterator[Issue]:
    """Weights that do not fit, or cannot be divided as declared."""
    weights = model.weights
    if weights is None:
        return
    yield from _divides(f"{path}.parallel", model, weights)
    if accelerator:
        yield from _fits_accelerators(path, model, weights, accelerator)
    else:
        yield from _fits_host(path, model, weights)


def _divides(path: str, model: Model, weights: Weights) -> Iterator[Issue]:
    tensor, pipeline = model.parallel.tensor, model.parallel.pipeline
    heads, kept = weights.attention_heads, weights.key_value_heads
    if heads and heads % tensor:
        yield Issue(
            f"{path}.tensor",
            f"does not divide the {heads} attention heads: {heads // tensor} × {tensor} leaves {heads % tensor}",
            tensor,
            allowed=_divisors(heads),
            consequence="the engine would refuse to start",
        )
    elif kept and kept % tensor and tensor % kept:
        yield Issue(
            f"{path}.tensor",
            f"and the model's {kept} key-value heads do not divide each other",
            tensor,
            allowed=f"{_divisors(kept)}, or a multiple of {kept}",
            consequence="the engine would refuse to start",
        )
    if weights.layers and pipeline > weights.layers:
        yield Issue(
            f"{path}.pipeline",
            f"is more stages than the model's {weights.layers} layers",
            pipeline,
            allowed=f"1 to {weights.layers}",
            consequence="some accelerators would hold nothing",
        )


def _divisors(number: int) -> str:
    return ", ".join(str(part) for part in range(1, min(number, 128) + 1) if number % part == 0)


def _fits_accelerators(path: str, model: Model, weights: Weights, accelerator: Accelerator) -> Iterator[Issue]:
    size, memory = size_of(weights), accelerator.memory_gib.value
    if size is None or memory is None or _shrunk(model):
        return
    tensor, pipeline = model.parallel.tensor, model.parallel.pipeline
    each = size.value / (tensor * pipeline)
    context = _context(weights, model, tensor, pipeline)
    share = _usable_share(model)
    room = Fraction(memory) * _GIB * share
    need = each + (context.value if context else 0)
    if need > room:
        more = f" + context {context.text} = {_gib(need)}" if context else ""
        yield Issue(
            f"{path}.weights",
            f"do not fit {model.accelerator}: {size.text} / (tensor {tensor} × pipeline {pipeline}) = {_gib(each)} each"
            f"{more}, more than {memory:g} GiB × {float(share):g} = {_gib(room)}",
            allowed=f"tensor × pipeline of {-(-need * tensor * pipeline // room)} or more, a smaller dtype, "
            "a smaller maxModelLen, or an accelerator with more memory",
            consequence="its engine would run out of memory while it loads",
        )


def _fits_host(path: str, model: Model, weights: Weights) -> Iterator[Issue]:
    size = size_of(weights)
    if size is None:
        return
    memory = (model.resources or CpuResources()).memory
    context = _context(weights, model, 1, 1)
    need = size.value + CPU_OVERHEAD_BYTES + (context.value if context else 0)
    if need > quantity.parse(memory):
        more = f" + context {context.text}" if context else ""
        yield Issue(
            f"{path}.resources.memory",
            f"is less than the model needs: weights {size.text}{more} + {_gib(CPU_OVERHEAD_BYTES)} for the engine "
            f"= {_gib(need)}",
            memory,
            allowed=f"{-(-need // 1024**2)}Mi or more",
            consequence="its engine would be killed while it loads",
        )


def size_of(weights: Weights) -> Sum | None:
    """Bytes of the weights: as declared, else parameters by their type; None where neither is known."""
    if weights.size:
        value = quantity.parse(weights.size)
        return Sum(value, _gib(value))
    if weights.parameters and weights.dtype:
        value = Fraction(count(weights.parameters)) * Fraction(BITS[weights.dtype]) / 8
        return Sum(value, f"{weights.parameters} × {BITS[weights.dtype] / 8:g} bytes ({weights.dtype}) = {_gib(value)}")
    return None


def _usable_share(model: Model) -> Fraction:
    """Of an accelerator's memory: as the engine is told, else about its default."""
    told = model.engine_arguments.get(MEMORY_SHARE[model.engine])
    return USABLE_SHARE if told is None else Fraction(str(told))


def _shrunk(model: Model) -> str | None:
    """The argument by which less than the files' bytes may be in memory, if there is one."""
    return next((flag for flag in SHRINKING if flag in model.engine_arguments), None)


def _context_type(model: Model) -> str:
    return str(model.engine_arguments.get(CONTEXT_TYPE, "auto"))


def _context(weights: Weights, model: Model, tensor: int, pipeline: int) -> Sum | None:
    """Keys and values of one context of full length, on the accelerator that holds most of it."""
    layers, heads, head, tokens = weights.layers, weights.key_value_heads, weights.head_size, model.max_model_len
    each = CONTEXT_BYTES.get(_context_type(model))
    if not (layers and heads and head and tokens and each):
        return None
    kept = "1 byte" if each == 1 else f"{each} bytes"
    own_layers, own_heads = -(-layers // pipeline), -(-heads // tensor)
    value = Fraction(2 * own_layers * own_heads * head * each * tokens)
    shown = f"2 × {own_layers} layers × {own_heads} heads × {head} × {kept} × {tokens:,} tokens"
    return Sum(value, f"{shown} = {_gib(value)}")


def _gib(value: Fraction) -> str:
    return f"{float(value / _GIB):,.2f} GiB"


def resolved(model: Model) -> WeightsPlan | None:
    """Where the weights come from, and what they must be."""
    if model.weights is None and not model.source.startswith(IMAGE):
        return None
    weights = model.weights or Weights()
    size = size_of(weights)
    where, path = _place(model.source)
    return WeightsPlan(
        source=where,
        path=path,
        revision=weights.revision,
        digest=weights.digest,
        size_bytes=int(size.value) if size else None,
        file=weights.file,
    )


def _place(source: str) -> tuple[Literal["hub", "store", "image"], str]:
    if source.startswith(IMAGE):
        return "image", source.removeprefix(IMAGE)
    return ("store", source.removeprefix(STORE)) if source.startswith(STORE) else ("hub", source)


def notes(path: str, model: Model, accelerator: Accelerator | None) -> Iterator[str]:
    """What was not checked of declared weights, because something is unknown."""
    weights = model.weights
    if weights is None:
        return
    if size_of(weights) is None:
        yield f"{path}: neither size nor parameters and dtype are declared, so whether it fits was not checked"
    elif accelerator and accelerator.memory_gib.value is None:
        yield f"{path}: the memory of {accelerator.name} is not in the catalogue, so whether it fits was not checked"
    elif shrunk := _shrunk(model):
        yield f"{path}: with {shrunk} less than its files may lie in memory, so whether it fits was not checked"
    elif _context_type(model) not in CONTEXT_BYTES:
        yield f"{path}: what a context takes as {_context_type(model)} is not known, so it was not counted"
    if weights.digest is None and not model.source.startswith(IMAGE):
        yield f"{path}: no digest is declared, so its engine fetches it by itself, and nothing verifies it"
