"""A statement as a CSV file: a row for each day, model and method, then totals. Every number adds up down its column.

`unknown_hours` says what is missing: cells never hold a 0 for what is not known, they are empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from aicc.accounting.account import Account
from aicc.accounting.amounts import Amounts, by_method, by_model
from aicc.accounting.statement import Statement

TOTAL = "total"
_TOKENS = ("prompt", "completion", "cached")
_QUANTITIES = ("it_kwh", "facility_kwh", "operational_gco2e", "embodied_gco2e")


def as_csv(found: Statement) -> str:
    """The whole statement. `date_utc` is `total` in rows that sum the account up; those are not to be added again."""
    currencies = sorted({currency for account in found.accounts for currency in account.total.cost})
    head = ["stack_center", "month", "account", "date_utc", "model", "method", *_QUANTITIES]
    head += [f"cost_{currency.lower()}" for currency in currencies] + [f"{kind}_tokens" for kind in _TOKENS]
    head += ["unknown_hours", "unknown_node_hours", "lower_bound"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for account in found.accounts:
        for row in _rows(account, currencies):
            writer.writerow([found.center, found.month, account.name, *row])
    return text.getvalue()


def _rows(account: Account, currencies: list[str]) -> Iterator[list[str]]:
    for key, part in account.rows.items():
        yield [str(key.day), key.model, key.method, *_numbers(part, currencies), "", "", ""]
    for model, part in by_model(account.rows).items():
        yield [TOTAL, model, TOTAL, *_numbers(part, currencies), "", "", ""]
    for method, part in by_method(account.rows).items():
        yield [TOTAL, TOTAL, method, *_numbers(part, currencies), "", "", ""]
    lacks = account.lacks
    known = {
        "it_kwh": account.amount("it_kwh").known,
        "facility_kwh": account.amount("facility_kwh").known,
        "operational_gco2e": account.amount("operational_gco2e").known,
        "embodied_gco2e": account.amount("embodied_gco2e").known,
    }
    numbers = _numbers(account.total, currencies)
    for index, quantity in enumerate(_QUANTITIES):
        if known[quantity] is None:
            numbers[index] = ""
    bounds = [
        name for name in ("energy", "facility", "operational", "embodied", "cost", "tokens") if getattr(lacks, name)
    ]
    yield [
        TOTAL,
        TOTAL,
        TOTAL,
        *numbers,
        _number(account.unknown_hours),
        _number(account.unknown_node_hours),
        " ".join(bounds),
    ]


def _numbers(part: Amounts, currencies: list[str]) -> list[str]:
    return [
        *(_number(getattr(part, quantity)) for quantity in _QUANTITIES),
        *(_number(part.cost[currency]) if currency in part.cost else "" for currency in currencies),
        *(_number(round(part.tokens[kind], 3)) if kind in part.tokens else "" for kind in _TOKENS),
    ]


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
