"""Prefill and decode of a model apart from each other."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.config.fields import RDMA_DEVICE, Declared, LabelKey


class Rdma(Declared):
    """What the nodes' RDMA device plugin offers, of which each pod gets some."""

    resource: LabelKey = Field(description="The plugin's resource, such as rdma/hca.")
    count: Annotated[int, Field(ge=1, le=64, description="Of it, for each pod.")] = 1
    devices: tuple[Annotated[str, StringConstraints(pattern=RDMA_DEVICE)], ...] = Field(
        default=(), description="Devices that mooncake uses, such as mlx5_0; none: those that it finds."
    )


class Disaggregation(Declared):
    """Replicas that read prompts apart from those that write answers; both have the model's accelerators each."""

    prefill: Annotated[int, Field(ge=1, le=10_000, description="Replicas that read prompts.")]
    decode: Annotated[int, Field(ge=1, le=10_000, description="Replicas that write answers.")]
    transfer_backend: Literal["mooncake", "nixl"] = Field(
        default="mooncake",
        description="What SGLang carries the key-value cache from one to the other with; the image must have it.",
    )
    rdma: Rdma | None = Field(default=None, description="What it is carried over; none: TCP, which is for trying out.")
