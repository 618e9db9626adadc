"""How many replicas of a model run, and what that follows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.config.fields import Declared


class Replicas(Declared):
    """How many replicas run; min < max scales automatically."""

    min: Annotated[
        int, Field(ge=0, le=10_000, description="At least. 0, where KEDA runs: none while nobody asks for the model.")
    ] = 1
    max: Annotated[int, Field(ge=1, le=10_000, description="At most; the tenant's quota must have room.")] = 1


class Scaling(Declared):
    """What KEDA adds and removes replicas by; without KEDA they follow the use of CPU."""

    queue_depth: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None,
        description="Requests per replica, waiting and running, above which another is started; default: the engine's.",
    )
    ttft_seconds: Annotated[float, Field(gt=0, le=3_600)] | None = Field(
        default=None,
        description="Time to first token of streamed answers, 90th percentile of a minute, above which another "
        "replica is started; none: it is not looked at.",
    )
    idle_seconds: Annotated[int, Field(ge=60, le=604_800)] = Field(
        default=600,
        description="How long nobody must have asked before the last replica stops, where replicas.min is 0.",
    )
    hold_seconds: Annotated[int, Field(ge=1, le=3_600)] | None = Field(
        default=None,
        description="How long the gateway holds a request while the first replica starts; default: twice the cold "
        "start and KEDA's poll, or 300 where the cold start is unknown.",
    )
