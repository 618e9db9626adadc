"""Whose pods give way to whose: the values of the tenants' priority classes."""

from __future__ import annotations

from collections.abc import Mapping

from infra.config.fields import TenantKind

TENANTS: Mapping[TenantKind, int] = {"cloud-service": 30_000, "enterprise": 20_000, "research": 10_000}
