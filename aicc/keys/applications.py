"""Tenants' keys where their applications find them: a Secret in the tenant's namespace, with the newest key alone."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from aicc.keys import mounted
from aicc.keys.store import Store
from aicc.kube.client import Kube
from aicc.stacks import Stack
from infra import names


def hand_out(stack: Stack, kube: Kube) -> None:
    """Bring the Secret of each tenant with applications up to its newest key; a tenant without a key keeps none."""
    offered = stack.plan.applications
    wanted = {item.tenant: item.namespace for item in offered.chat}
    wanted |= {item.tenant: item.namespace for item in offered.notebooks}
    wanted |= {item.tenant: item.namespace for item in offered.batches}
    if not wanted:
        return
    held, now = Store(kube).all(), datetime.now(UTC)
    for tenant, namespace in sorted(wanted.items()):
        newest = next((key.secret for key in held.get(tenant, ()) if key.valid(now)), None)
        _write(kube, namespace, newest)


def _write(kube: Kube, namespace: str, secret: str | None) -> None:
    data = {names.GATEWAY_KEY: base64.b64encode(secret.encode()).decode()} if secret else None
    there = kube.get("v1", "Secret", names.GATEWAY_KEY_SECRET, namespace)
    if ((there or {}).get("data") or None) == data:
        return
    if there is None:
        made = kube.create(mounted.secret(names.GATEWAY_KEY_SECRET, namespace, data or {}))
    else:
        # A merge patch: null takes the entry away.
        entry = {names.GATEWAY_KEY: None} if data is None else data
        made = kube.patch("v1", "Secret", names.GATEWAY_KEY_SECRET, {"data": entry}, namespace)
    mounted.nudge(kube, names.GATEWAY_KEY_SECRET, namespace, made["metadata"]["resourceVersion"])
