"""What every rule passes and fails: at least one of each (tests/policy/test_rules.py sees to it)."""

from tests.policy.build import Case
from tests.policy.cases import (
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

CASES: list[Case] = [
    *encryption.CASES,
    *exposure.CASES,
    *traffic.CASES,
    *buckets.CASES,
    *protection.CASES,
    *regions.CASES,
    *tags.CASES,
    *budget.CASES,
    *pools.CASES,
    *workloads.CASES,
]
