"""What each way of using less sets, as a stack declares it or, where it declares nothing, as it could."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aicc.saving.power import Slowdown, measured_from
from infra import cron
from infra.catalogue import Catalogue
from infra.config.scaling import Scaling
from infra.plan import figures, power_caps, shifting
from infra.plan.model import CenterPlan, ModelPlan, PoolPlan, SchedulePlan

IDLE_SECONDS = Scaling().idle_seconds
OFFICE_HOURS = ("0 8 * * 1-5", "0 20 * * 1-5")
CAP_SHARE = 0.7
"""Of the limit, where no cap is declared."""


@dataclass(frozen=True)
class Setting:
    """How one model is scaled."""

    least: int
    idle_seconds: int | None = None
    schedules: tuple[SchedulePlan, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What is set in a scenario; nothing: the centre as it would be without any saving."""

    models: Mapping[str, Setting] = field(default_factory=dict)
    """By model, where it differs from the baseline."""
    packed: bool = False
    caps: Mapping[str, int] = field(default_factory=dict)
    """Watts by pool."""
    slowdown: Slowdown = Slowdown.MEASURED


@dataclass(frozen=True)
class Way:
    """One way of using less."""

    name: str
    is_on: bool
    """Whether the stack declares it."""
    settings: Settings
    config: tuple[str, ...] = ()
    """What would turn it on."""
    note: str | None = None


def baseline(model: ModelPlan) -> int:
    """Replicas that run all week without a saving: what is declared, one at least, or the most of its windows."""
    windows = [window.replicas for window in model.scaling.schedules] if model.scaling else []
    return max(model.min_replicas, 1, *windows)


def ways(plan: CenterPlan, catalogue: Catalogue, time_zone: str = "UTC") -> tuple[Way, ...]:
    """Every way there is, without those that the centre has no use for; `time_zone` is of schedules not declared."""
    return (*_idleness(plan), *_schedules(plan, time_zone), *_packing(plan), *_caps(plan, catalogue))


def together(found: Sequence[Way]) -> Settings:
    """Several at once; where two say something of a model, the later one, which is a schedule."""
    return Settings(
        {name: setting for way in found for name, setting in way.settings.models.items()},
        any(way.settings.packed for way in found),
        {pool: watts for way in found for pool, watts in way.settings.caps.items()},
        next((way.settings.slowdown for way in found if way.settings.caps), Slowdown.MEASURED),
    )


def shrinking(pools: Sequence[PoolPlan]) -> tuple[PoolPlan, ...]:
    """The pools as they were if those with accelerators gave up nodes that are empty."""
    return tuple(
        replace(pool, min_nodes=0) if pool.accelerator and pool.min_nodes == pool.max_nodes else pool for pool in pools
    )


def _idleness(plan: CenterPlan) -> Iterator[Way]:
    declared = {
        model.name: Setting(0, model.scaling.idle_seconds)
        for model in plan.models
        if model.scaling and model.min_replicas == 0
    }
    if declared:
        yield Way("zero by idleness", is_on=True, settings=Settings(declared))
    elif free := _free_to_scale(plan):
        yield Way(
            "zero by idleness",
            is_on=False,
            settings=Settings({model.name: Setting(0, IDLE_SECONDS) for _, model in free}),
            config=tuple(
                f"models[{index}].replicas.min: 0   # {model.name}; {IDLE_SECONDS} s idle" for index, model in free
            ),
            note="needs KEDA and a gateway: docs/howto/scale-a-model.md",
        )


def _free_to_scale(plan: CenterPlan) -> list[tuple[int, ModelPlan]]:
    """Models, with their places in the stack file, whose number of replicas could follow demand."""
    return [(index, model) for index, model in enumerate(plan.models) if not model.split]


def _schedules(plan: CenterPlan, time_zone: str) -> Iterator[Way]:
    declared = {
        model.name: Setting(
            model.min_replicas, model.scaling.idle_seconds if model.min_replicas == 0 else None, model.scaling.schedules
        )
        for model in plan.models
        if model.scaling and model.scaling.schedules
    }
    if declared:
        yield Way("zero by schedule", is_on=True, settings=Settings(declared))
    elif free := _free_to_scale(plan):
        start, end = OFFICE_HOURS
        hours = cron.open_hours_a_week(cron.windows(start, end))
        settings, config = {}, []
        for index, model in free:
            window = SchedulePlan(start, end, time_zone, baseline(model), hours)
            settings[model.name] = Setting(0, IDLE_SECONDS, (window,))
            declare = f'{{start: "{start}", end: "{end}", timeZone: {time_zone}, replicas: {window.replicas}}}'
            config.append(f"models[{index}]: replicas.min: 0, scaling.schedules: [{declare}]   # {model.name}")
        yield Way(
            "zero by schedule",
            is_on=False,
            settings=Settings(settings),
            config=tuple(config),
            note="needs KEDA and a gateway: docs/howto/scale-a-model.md",
        )


def _packing(plan: CenterPlan) -> Iterator[Way]:
    if not any(pool.accelerator for pool in plan.pools):
        return
    note = shifting.packing_note(plan.cloud)
    is_on = shifting.packs_already(plan.cloud) or (plan.saving.bin_packing and note is None)
    config = () if is_on or note else ("saving.binPacking: true",)
    yield Way("bin-packing", is_on=is_on, settings=Settings(packed=True), config=config, note=note)


def _caps(plan: CenterPlan, catalogue: Catalogue) -> Iterator[Way]:
    declared = {pool.name: pool.power_cap_watts for pool in plan.pools if pool.power_cap_watts is not None}
    caps = declared or dict(_possible_caps(plan, catalogue))
    if not caps:
        return
    index = {pool.name: place for place, pool in enumerate(plan.pools)}
    config = () if declared else tuple(f"pools[{index[name]}].powerCapWatts: {caps[name]}   # {name}" for name in caps)
    lowest = min(_share(plan, catalogue, name, watts) for name, watts in caps.items())
    if lowest >= measured_from(catalogue.capping):
        note = "speed as measured on another chip"
    else:
        note = "below the caps that were measured: at worst, too"
    yield Way("caps, as measured", is_on=bool(declared), settings=Settings(caps=caps), config=config, note=note)
    worst = Settings(caps=caps, slowdown=Slowdown.WORST)
    yield Way("caps, at worst", is_on=False, settings=worst, note="speed in proportion to watts above idle")


def _possible_caps(plan: CenterPlan, catalogue: Catalogue) -> Iterator[tuple[str, int]]:
    for pool in plan.pools:
        accelerator = catalogue.accelerators[pool.accelerator] if pool.accelerator else None
        piece = figures.accelerator_watts(accelerator) if accelerator else None
        if accelerator and piece and accelerator.vendor in power_caps.TOOLS:
            yield pool.name, max(round(CAP_SHARE * piece.peak), int(piece.idle) + 1)


def _share(plan: CenterPlan, catalogue: Catalogue, name: str, watts: int) -> float:
    accelerator = next(pool.accelerator for pool in plan.pools if pool.name == name)
    piece = figures.accelerator_watts(catalogue.accelerators[str(accelerator)])
    return watts / piece.peak if piece else 1.0
