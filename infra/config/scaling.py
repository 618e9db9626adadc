"""How many replicas of a model run, and what that follows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.config.fields import Declared

CronText = Annotated[str, Field(min_length=9, max_length=100)]


class Replicas(Declared):
    """How many replicas run; min < max scales automatically."""

    min: Annotated[
        int, Field(ge=0, le=10_000, description="At least. 0, where KEDA runs: none while nobody asks for the model.")
    ] = 1
    max: Annotated[int, Field(ge=1, le=10_000, description="At most; the tenant's quota must have room.")] = 1


class Schedule(Declared):
    """A window in which replicas run whether anybody asks or not; outside of it `replicas.min` holds again."""

    start: CronText = Field(
        description="When it opens: minute, hour, day, month, weekday, as cron writes them, such as `0 8 * * 1-5`."
    )
    end: CronText = Field(description="When it closes, written the same way.")
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        description="Of both, as IANA names it, such as Asia/Shanghai."
    )
    replicas: Annotated[int, Field(ge=1, le=10_000, description="At least, while it is open.")] = 1


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
    schedules: tuple[Schedule, ...] = Field(
        default=(),
        description="Windows in which more than replicas.min run; with replicas.min 0, none run outside of them unless "
        "somebody asks.",
    )
