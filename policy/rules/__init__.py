"""Every rule of the pack. Adding one: docs/howto/add-a-policy.md."""

from policy.model import Rule
from policy.rules import (
    buckets,
    budget,
    encryption,
    exposure,
    pools,
    protection,
    regions,
    tags,
    traffic,
    workloads,
)

RULES: tuple[Rule, ...] = (
    *encryption.RULES,
    *exposure.RULES,
    *traffic.RULES,
    *buckets.RULES,
    *protection.RULES,
    *regions.RULES,
    *tags.RULES,
    *budget.RULES,
    *pools.RULES,
    *workloads.RULES,
)
"""The pack, in the order in which it is shown."""
