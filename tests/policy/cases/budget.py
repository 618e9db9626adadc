"""Ceilings of money and carbon."""

from __future__ import annotations

from tests.policy.build import center, estimate, fails, passes

CASES = [
    *passes("monthly-cost-within-ceiling", center(), center(limits={}), center(estimate=estimate(cost=1000.0))),
    *fails(
        "monthly-cost-within-ceiling",
        (
            center(estimate=estimate(cost=1000.01)),
            "costs 1,000.01 CNY a month at list prices; limits.monthlyCost allows 1,000.00",
        ),
        (center(limits={"monthlyCost": {"USD": 1000.0}}), "must have a ceiling for CNY as well"),
        (center(estimate=estimate("price of a", cost=2000.0)), "costs 2,000.00 CNY"),
    ),
    *passes("monthly-cost-within-ceiling-when-scaled", center(), center(limits={})),
    *fails(
        "monthly-cost-within-ceiling-when-scaled",
        (
            center(estimate=estimate(most=1500.0)),
            "may scale to 1,500.00 CNY a month; limits.monthlyCost allows 1,000.00",
        ),
    ),
    *passes("monthly-cost-known", center(estimate=estimate("PUE")), center(limits={}, estimate=estimate("price of a"))),
    *fails(
        "monthly-cost-known",
        (
            center(estimate=estimate("price of a in b")),
            "cannot be held to its ceiling of 1,000.00 CNY a month; unknown: price of a in b",
        ),
        (center(estimate=estimate("spot price of a, which changes by the hour")), "spot price of a"),
    ),
    *passes("annual-carbon-within-ceiling", center(), center(limits={}), center(estimate=estimate(tonnes=500.0))),
    *fails(
        "annual-carbon-within-ceiling",
        (center(estimate=estimate(tonnes=501.0)), "emits 501.0 t CO2e a year; limits.annualTco2e allows 500.0"),
    ),
    *passes(
        "annual-carbon-known", center(estimate=estimate("price of a")), center(limits={}, estimate=estimate("PUE"))
    ),
    *fails(
        "annual-carbon-known",
        (center(estimate=estimate("embodied carbon of a")), "t CO2e a year; unknown: embodied carbon of a"),
    ),
    *passes("ceilings-declared", center(), center(region=None, limits={}, cloud="existing")),
    *fails("ceilings-declared", (center(limits={}), "declare limits.monthlyCost and limits.annualTco2e")),
]
