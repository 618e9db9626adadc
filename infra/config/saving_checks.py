"""What is declared to use less, against tenants and applications; no catalogue, no cluster."""

from __future__ import annotations

from collections.abc import Iterator

from infra.config.issues import Issue, unknown
from infra.config.models import Center

_MARGIN = 1.1
"""The shifter keeps deadlines with a margin of a tenth of what a job is expected to take."""


def check(center: Center) -> Iterator[Issue]:
    """Budgets are of declared tenants, and jobs that may wait have time to, and somebody who lets them run."""
    shifting = center.saving.shifting
    tenants = [tenant.name for tenant in center.tenants]
    for name, budget in shifting.budgets.items() if shifting else ():
        path = f"saving.shifting.budgets.{name}"
        if name not in tenants:
            yield unknown(path, name, tenants, "is not a declared tenant", "nothing would be held to it")
        if budget.kwh_per_day is None and budget.kgco2e_per_day is None:
            yield Issue(path, "is empty", allowed="kwhPerDay, kgco2ePerDay, or both")
    for index, batch in enumerate(center.applications.batch_inference):
        path, deferrable = f"applications.batchInference[{index}].deferrable", batch.deferrable
        if deferrable is None:
            continue
        if shifting is None:
            yield Issue(
                path,
                "is only for centres with saving.shifting",
                allowed="saving.shifting: {}, or nothing",
                consequence="nobody would ever let the job run",
            )
        if batch.suspended:
            yield Issue(
                path,
                "is not for a job that waits for somebody to resume it",
                allowed="suspended: false, or nothing",
                consequence="it would be resumed by the shifter",
            )
        if deferrable.finish_within_hours < deferrable.expected_hours * _MARGIN:
            yield Issue(
                f"{path}.finishWithinHours",
                f"is less than the job takes, {deferrable.expected_hours:g} hours, and a tenth of it as a margin",
                deferrable.finish_within_hours,
                allowed=f"{deferrable.expected_hours * _MARGIN:.4g} or more",
                consequence="its deadline could not be kept",
            )
