"""What is known of a model's weights: where they are, what they must be, how large they are, how they are built.

Everything is optional: what is not declared stays unknown, and what follows from it is not checked.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.config.fields import FORMS, Declared, Quantity

STORE = "store:"
"""In front of a model's source: a folder of the centre's model store."""
IMAGE = "image:"
"""In front of a model's source: an image with the files, which nodes keep. With neither, it is a hub repository."""

_DIGEST = r"^sha256:[0-9a-f]{64}$"
_REVISION = r"^[0-9a-f]{40}$"
_FILE = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_PARAMETERS = r"^[0-9]+(\.[0-9]+)?[MBT]$"
FORMS |= {
    _DIGEST: "sha256: and 64 hexadecimal digits, as `aicc models verify` prints it",
    _REVISION: "the 40 hexadecimal digits of a commit: a branch could move",
    _FILE: "a file's name: letters, digits, ., _ and -",
    _PARAMETERS: "a count in millions, billions or trillions, such as 135M, 32.8B or 1T",
}

DataType = Literal["float32", "bfloat16", "float16", "fp8", "int8", "int4", "q8_0", "q4_k_m", "q4_1", "q4_0"]
BITS: dict[DataType, float] = {
    "float32": 32,
    "bfloat16": 16,
    "float16": 16,
    "fp8": 8,
    "int8": 8,
    "int4": 4,
    # GGUF's blocks of 32 with their scales (ggml-common.h); q4_k_m is a mixture, as llama.cpp's quantize reports it.
    "q8_0": 8.5,
    "q4_k_m": 4.85,
    "q4_1": 5,
    "q4_0": 4.5,
}
"""Per parameter."""

Heads = Annotated[int, Field(ge=1, le=1_024)]


class Weights(Declared):
    """A model's weights; with a digest, they are fetched into the tenant's cache, verified, and only then served."""

    digest: Annotated[str, StringConstraints(pattern=_DIGEST)] | None = Field(
        default=None,
        description="Of all files: sha256 over their sorted lines `<sha256>  <name>`. Required in the store.",
    )
    revision: Annotated[str, StringConstraints(pattern=_REVISION)] | None = Field(
        default=None, description="Commit of the hub repository; required there where a digest is declared."
    )
    file: Annotated[str, StringConstraints(pattern=_FILE)] = Field(
        default="model.gguf", description="The one that llama-cpp reads; other engines read the folder."
    )
    size: Quantity | None = Field(default=None, description="Bytes of all files, such as 98362432 or 65Gi.")
    parameters: Annotated[str, StringConstraints(pattern=_PARAMETERS)] | None = Field(
        default=None, description="How many, such as 32.8B; with `dtype`, the size where `size` is not declared."
    )
    dtype: DataType | None = Field(default=None, description="How each parameter is stored.")
    layers: Annotated[int, Field(ge=1, le=10_000)] | None = Field(default=None, description="Transformer layers.")
    attention_heads: Heads | None = Field(default=None, description="Heads of attention; the tensor size divides them.")
    key_value_heads: Heads | None = Field(default=None, description="Heads whose keys and values are kept.")
    head_size: Annotated[int, Field(ge=1, le=4_096)] | None = Field(
        default=None,
        description="Numbers in a head's key; with layers and keyValueHeads, what a token's context takes.",
    )


def count(parameters: str) -> int:
    """The number that `32.8B` stands for."""
    return round(float(parameters[:-1]) * {"M": 10**6, "B": 10**9, "T": 10**12}[parameters[-1]])
