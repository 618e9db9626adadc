"""What the declared logs and traces say about each other and about the cloud; no catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from infra import names, quantity
from infra.config.issues import Issue
from infra.config.models import Center
from infra.config.telemetry import Logs, Traces

_LEAST = "1Gi"


def check(center: Center) -> Iterator[Issue]:
    """Every issue of logs and traces."""
    declared: dict[str, Logs | Traces] = {"logs": center.logs, "traces": center.traces}
    for field, kept in declared.items():
        if kept.enabled and center.cloud.kind == "local":
            yield Issue(
                f"{field}.enabled",
                "is not for local stacks",
                "true",
                allowed="false",
                consequence="its charts and images come from registries, and none of them is built here",
            )
        if quantity.parse(kept.storage) < quantity.parse(_LEAST):
            yield Issue(
                f"{field}.storage",
                "is too little for a store",
                kept.storage,
                allowed=f"{_LEAST} or more",
                consequence="its volume would be full before a day is over, which is the least that is deleted",
            )
    if center.logs.enabled:
        yield from _accounts(center)
        yield from _groups(center)


def _accounts(center: Center) -> Iterator[Issue]:
    by_account: dict[int, list[str]] = defaultdict(list)
    for index, tenant in enumerate(center.tenants):
        others = by_account[names.log_account(tenant.name)]
        if others and others[0] != tenant.name:
            yield Issue(
                f"tenants[{index}].name",
                f"has the same account in the log store as {others[0]}",
                tenant.name,
                allowed="another name for one of them",
                consequence="each would read the other's logs",
            )
        others.append(tenant.name)


def _groups(center: Center) -> Iterator[Issue]:
    """Whose logs a person reads follows from a group, so two tenants cannot share one."""
    access = center.logs.access
    if access is None:
        return
    seen: dict[str, str] = {access.operators: "logs.access.operators"} if access.operators else {}
    for index, tenant in enumerate(center.tenants):
        path = f"tenants[{index}].group"
        if tenant.group in seen:
            yield Issue(
                path,
                f"is {seen[tenant.group]} too",
                tenant.group,
                allowed="a group of its own for each tenant, where logs.access is declared",
                consequence="its members would read the logs of one of the two, and which would be chance",
            )
        seen.setdefault(tenant.group, path)
