"""What is wrong with the windows that a model is scheduled in; no catalogue, no cluster."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Sequence

from infra import cron
from infra.config.issues import Issue, closest
from infra.config.models import Model
from infra.config.scaling import Schedule


def check(path: str, model: Model) -> Iterator[Issue]:
    """Every schedule opens windows, in a known time zone, none of which another of the model's opens too."""
    schedules = model.scaling.schedules if model.scaling else ()
    opened: list[tuple[int, list[cron.Window]]] = []
    for index, schedule in enumerate(schedules):
        place = f"{path}.scaling.schedules[{index}]"
        yield from _zone(place, schedule, schedules)
        yield from _replicas(place, schedule, model)
        try:
            opened.append((index, cron.windows(schedule.start, schedule.end)))
        except cron.CronError as error:
            yield Issue(
                place,
                str(error),
                f"{schedule.start} to {schedule.end}",
                allowed="an end after each start, such as 0 8 * * 1-5 to 0 20 * * 1-5",
                consequence="the model would run at other times than are meant",
            )
    for count, (index, windows) in enumerate(opened):
        for earlier, others in opened[:count]:
            if when := cron.overlap(others, windows):
                yield Issue(
                    f"{path}.scaling.schedules[{index}]",
                    f"is open together with schedules[{earlier}], on {when}",
                    f"{schedules[index].start} to {schedules[index].end}",
                    allowed="windows apart from each other",
                    consequence="the larger number of replicas would silently win",
                )


def _zone(path: str, schedule: Schedule, schedules: Sequence[Schedule]) -> Iterator[Issue]:
    try:
        zoneinfo.ZoneInfo(schedule.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield Issue(
            f"{path}.timeZone",
            "is not a time zone",
            schedule.time_zone,
            allowed="a name of the IANA time zone database, such as Asia/Shanghai or UTC",
            suggestion=closest(schedule.time_zone, sorted(zoneinfo.available_timezones())),
            consequence="KEDA would not scale the model at all",
        )
    if schedule.time_zone != schedules[0].time_zone:
        yield Issue(
            f"{path}.timeZone",
            f"is not that of schedules[0], {schedules[0].time_zone}",
            schedule.time_zone,
            allowed="one time zone for all schedules of a model",
            consequence="whether their windows overlap would change with daylight saving",
        )


def _replicas(path: str, schedule: Schedule, model: Model) -> Iterator[Issue]:
    least, most = model.replicas.min, model.replicas.max
    if not least < schedule.replicas <= most:
        yield Issue(
            f"{path}.replicas",
            f"is not above replicas.min ({least}) and up to replicas.max ({most})",
            schedule.replicas,
            allowed=f"{least + 1} to {most}" if least < most else "nothing: the number of replicas is fixed",
            consequence="the window would change nothing",
        )
