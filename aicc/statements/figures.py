"""A statement's figures as people read them, the same wherever they are shown."""

from __future__ import annotations

import math

from aicc.accounting.account import Account
from aicc.accounting.amounts import Amounts
from aicc.figures import UNKNOWN
from infra.estimate.model import Amount

DIGITS = 4
LEAST = 1e-9
"""Below this a number is not spelt out; it is still no zero."""
NOTHING = "—"
UNIT = {
    "it_kwh": "kWh",
    "facility_kwh": "kWh",
    "operational_gco2e": "kgCO2e",
    "embodied_gco2e": "kgCO2e",
    "gco2e": "kgCO2e",
    "counted_tokens": "tokens",
}


def number(value: float) -> str:
    """A number (0 or more) to four digits, never as a power of ten: `57.99`, `12,346`, `0.0003838`."""
    if value == round(value):
        return f"{value:,.0f}"
    if value < LEAST:
        return f"< {LEAST:.{-round(math.log10(LEAST))}f}"
    return f"{value:,.{max(0, DIGITS - 1 - math.floor(math.log10(value)))}f}"


def reading(amount: Amount | None, scale: float = 1.0) -> str:
    """An amount: `≥` where a part of it is unknown, and `unknown` where all of it is."""
    if amount is None:
        return NOTHING
    if amount.known is None:
        return UNKNOWN
    return ("≥ " if amount.unknown else "") + number(amount.value * scale)


def energy(account: Account, part: Amounts | None = None) -> str:
    """Energy at the centre's meter, in kWh."""
    return reading(account.amount("facility_kwh", part))


def carbon(account: Account, quantity: str, part: Amounts | None = None) -> str:
    """A quantity of carbon, in kgCO2e."""
    return reading(account.amount(quantity, part), 0.001)


def money(account: Account, part: Amounts | None = None) -> str:
    """Money in all its currencies, at list prices."""
    used = part or account.total
    costs = {currency: value for currency, value in used.cost.items() if value}
    if not costs:
        return UNKNOWN if account.lacks.cost else NOTHING
    bound = "≥ " if account.lacks.cost else ""
    return bound + " + ".join(f"{currency} {value:,.2f}" for currency, value in sorted(costs.items()))


def tokens(account: Account, part: Amounts | None = None) -> str:
    """Prompt and completion tokens that it asked for."""
    amount = account.amount("counted_tokens", part)
    if amount.value == 0 and (part is not None or not amount.unknown):
        return NOTHING
    return reading(Amount(round(amount.value), amount.unknown))


def share(part: float, whole: float) -> str:
    """A part of a whole, in percent."""
    return f"{part / whole:.1%}" if whole else NOTHING
