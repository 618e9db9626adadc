"""What is declared to use less: each part is off unless it is declared, and the plan says what it saves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.config.fields import Declared, Name

ForecastUrl = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://\S+$")]


class GridForecast(Declared):
    """A feed of what the grid will emit in the hours to come."""

    url: ForecastUrl = Field(description="Answered by JSON; `{from}` in it stands for the time now (UTC).")
    format: Literal["plain", "electricity-maps", "uk-carbon-intensity"] = Field(
        default="plain", description="How the answer is read: docs/howto/shift-jobs-to-low-carbon-hours.md."
    )
    secret: Name | None = Field(
        default=None, description="A Secret of namespace aicc-system with the feed's token; none: asked without."
    )
    key: Name = Field(default="token", description="The Secret's entry.")


class DeferrableBudget(Declared):
    """What the deferrable jobs of a tenant may use in a day (UTC), by what they say of themselves."""

    kwh_per_day: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        default=None, description="Energy. A job beyond it waits for the next day, unless its deadline does not allow."
    )
    kgco2e_per_day: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        default=None, alias="kgco2ePerDay", description="Emissions, the same way."
    )


class Shifting(Declared):
    """Deferrable jobs wait for hours in which the grid emits less, and never beyond their deadline."""

    forecast: GridForecast | None = Field(
        default=None, description="What the grid will emit; none: the grid's usual day, where the catalogue has one."
    )
    budgets: dict[Name, DeferrableBudget] = Field(default={}, description="By tenant; a tenant without one has none.")


class Saving(Declared):
    """Ways of using less."""

    bin_packing: bool = Field(
        default=False,
        description="Whether pods are put onto nodes that are in use already, so that others stay empty. Only where "
        "the centre configures the scheduler: local clusters.",
    )
    shifting: Shifting | None = Field(default=None, description="Of deferrable jobs; none: nobody is held back.")
