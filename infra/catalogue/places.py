"""The closed schema of what is known about places: managed services and regions, grids, operators, hosts."""

from __future__ import annotations

from datetime import date
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, model_validator

from infra.catalogue.entry import Confidence, Entry, Figure

PROFILE_TOLERANCE = 0.002
"""Published multiples have three decimals."""


class Region(Entry):
    """A cloud's region."""

    name: str = Field(description="Where it is.")
    zones: tuple[str, ...] | None = Field(default=None, description="All of them, as pools name them; null: unknown.")
    grid: str | None = Field(default=None, description="The power grid it draws from, of grids/; null: unknown.")
    source: str
    date: date
    confidence: Confidence
    note: str | None = None


class KubernetesVersion(Entry):
    """A minor version that a service offers."""

    until: date | None = Field(description="End of standard support; null: not published, or not looked up.")
    source: str


class Service(Entry):
    """A managed Kubernetes service and the cloud around it."""

    name: str
    operator: str = Field(description="Who runs its data centres, of operators.yaml, for the PUE.")
    kubernetes: dict[str, KubernetesVersion] = Field(description="Minor versions offered to new clusters.")
    device_plugins: tuple[str, ...] = Field(
        description="Accelerator resources whose device plugin the service itself runs on its nodes."
    )
    runtime_handlers: dict[str, str] = Field(
        default={},
        description="By accelerator resource: the container runtime's handler on its nodes, where it differs.",
    )
    regions: dict[str, Region]
    shortest_prefix: int = Field(default=8, description="Of a network's address range; a shorter one is refused.")
    source: str
    date: date


class Profile(Entry):
    """How a grid's carbon intensity moves through a usual day."""

    name: str
    hourly: tuple[float, ...] = Field(
        min_length=24,
        max_length=24,
        description="Of each hour of the day from 0, in multiples of the year's average; their mean is 1.",
    )
    time_zone: str = Field(description="Of the hours, as IANA names it.")
    source: str
    date: date
    confidence: Confidence
    note: str | None = None

    @model_validator(mode="after")
    def _is_a_day(self) -> Self:
        """Every hour has some intensity, and the day has the year's."""
        if min(self.hourly) <= 0:
            raise ValueError("an hour is not above 0")
        mean = sum(self.hourly) / len(self.hourly)
        if abs(mean - 1) > PROFILE_TOLERANCE:
            raise ValueError(f"the mean of the hours is {mean:.4f}, not 1")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{self.time_zone!r} is not a time zone") from error
        return self


class Grid(Entry):
    """A power grid."""

    name: str
    gco2e_per_kwh: dict[int, Figure] = Field(alias="gco2ePerKwh", description="Average carbon intensity by year.")
    profile: str | None = Field(default=None, description="Its usual day, of profiles.yaml; null where none was found.")
    note: str | None = None


class Operator(Entry):
    """Who runs data centres."""

    name: str
    pue: dict[str, Figure] = Field(description="Power usage effectiveness by reporting year, oldest first.")


class Host(Entry):
    """What a server draws besides its accelerators, and what making it emitted."""

    idle_watts_per_vcpu: Figure
    peak_watts_per_vcpu: Figure
    watts_per_gib: Figure = Field(description="Of memory.")
    embodied_kgco2e: Figure = Field(alias="embodiedKgco2e", description="A whole server without its accelerators.")
    embodied_vcpu: int = Field(description="vCPU of that server, to share its making out by.")
    lifetime_years: Figure
