"""Money and carbon: the estimate is held against the ceilings that the stack declares.

What is known may not exceed a ceiling. What is unknown is said, since it may.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.model import CENTER, Check, Enforcement, Props, ResourceRule, by_type
from policy.read import is_set, items, value

_PRICE = "price of "
"""The estimate's unknowns that have this are about money; all others are about power and carbon."""


def _ceilings(props: Props) -> dict[str, float]:
    """Of money a month, by currency."""
    return {currency: float(amount) for currency, amount in (value(props, "limits", "monthlyCost") or {}).items()}


def _too_dear(props: Props) -> Iterator[str]:
    ceilings = _ceilings(props)
    for currency, cost in (value(props, "estimate", "total", "costPerMonth") or {}).items():
        if ceilings and currency not in ceilings:
            yield f"costs {cost:,.2f} {currency} a month; limits.monthlyCost must have a ceiling for {currency} as well"
        elif cost > ceilings.get(currency, cost):
            allowed = f"limits.monthlyCost allows {ceilings[currency]:,.2f}"
            yield f"costs {cost:,.2f} {currency} a month at list prices; {allowed}"


def _too_dear_when_scaled(props: Props) -> Iterator[str]:
    for currency, cost in (value(props, "estimate", "total", "maxCostPerMonth") or {}).items():
        ceiling = _ceilings(props).get(currency, cost)
        if cost > ceiling:
            yield f"may scale to {cost:,.2f} {currency} a month; limits.monthlyCost allows {ceiling:,.2f}"


def _unknown(props: Props, *, money: bool) -> list[str]:
    return [str(item) for item in items(props, "estimate", "total", "unknown") if (_PRICE in str(item)) is money]


def _price_unknown(props: Props) -> Iterator[str]:
    for currency, ceiling in _ceilings(props).items():
        for unknown in _unknown(props, money=True):
            yield f"cannot be held to its ceiling of {ceiling:,.2f} {currency} a month; unknown: {unknown}"


def _carbon(props: Props) -> float:
    """The known part, in tonnes a year."""
    parts = value(props, "estimate", "total", "tco2ePerYear") or {}
    return sum(float(parts.get(name) or 0) for name in ("operational", "embodied"))


def _too_much_carbon(props: Props) -> Iterator[str]:
    ceiling, emitted = value(props, "limits", "annualTco2e"), _carbon(props)
    if ceiling is not None and emitted > ceiling:
        yield f"emits {emitted:,.1f} t CO2e a year; limits.annualTco2e allows {ceiling:,.1f}"


def _carbon_unknown(props: Props) -> Iterator[str]:
    ceiling = value(props, "limits", "annualTco2e")
    if ceiling is not None:
        for unknown in _unknown(props, money=False):
            yield f"cannot be held to its ceiling of {ceiling:,.1f} t CO2e a year; unknown: {unknown}"


def _no_ceilings(props: Props) -> Iterator[str]:
    """Only a public cloud sends a bill."""
    missing = [name for name in ("monthlyCost", "annualTco2e") if not is_set(props, "limits", name)]
    if value(props, "region") is not None and missing:
        yield f"has no ceiling: declare {' and '.join(f'limits.{name}' for name in missing)}"


def _rule(name: str, description: str, enforcement: Enforcement, check: Check) -> ResourceRule:
    return ResourceRule(name, description, enforcement, by_type({CENTER: check}))


RULES = (
    _rule("monthly-cost-within-ceiling", "What is known of the cost is within its ceiling.", "mandatory", _too_dear),
    _rule(
        "monthly-cost-within-ceiling-when-scaled",
        "Pools as large as they may grow stay within the ceiling.",
        "advisory",
        _too_dear_when_scaled,
    ),
    _rule("monthly-cost-known", "Nothing is missing from a cost that has a ceiling.", "advisory", _price_unknown),
    _rule(
        "annual-carbon-within-ceiling",
        "What is known of carbon is within its ceiling.",
        "mandatory",
        _too_much_carbon,
    ),
    _rule("annual-carbon-known", "Nothing is missing from carbon that has a ceiling.", "advisory", _carbon_unknown),
    _rule("ceilings-declared", "A centre on a public cloud has ceilings.", "advisory", _no_ceilings),
)
