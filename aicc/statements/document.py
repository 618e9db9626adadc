"""A statement as JSON, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aicc.accounting.account import Account
from aicc.accounting.amounts import Amounts, by_method
from aicc.accounting.factors import Factor
from aicc.accounting.months import moment
from aicc.accounting.statement import Statement


def as_json(found: Statement) -> dict[str, Any]:
    """The whole statement but its days, which are in the CSV file. What is not known is null."""
    sums = found.reconciliation
    return {
        "center": found.center,
        "month": str(found.month),
        "from": moment(found.period.start),
        "until": moment(found.period.until),
        "inProgress": found.in_progress,
        "hours": {
            "watched": found.coverage.watched_hours,
            "filled": found.coverage.filled_hours,
            "unknown": found.coverage.unknown_hours,
        },
        "accounts": {account.name: _account(account) for account in found.accounts},
        "poolsKwh": {pool: dict(kwh) for pool, kwh in found.pools.items()},
        "reconciliation": {
            "accountsKwh": dict(sums.accounts_kwh),
            "sumKwh": sums.sum_kwh,
            "centerKwh": sums.center_kwh,
            "difference": sums.difference,
            "holds": sums.holds,
        },
        "pue": _factor(found.pue),
        "gco2ePerKwh": _factor(found.intensity),
        "flags": [asdict(flag) for flag in found.flags],
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "kind": account.kind,
        "total": _amounts(account, account.total),
        "methods": {method: _amounts(account, part) for method, part in by_method(account.rows).items()},
        "models": {
            model: {
                **_amounts(account, part),
                "servedTokens": account.served.get(model),
                "kwhPer1kTokens": _per(account, "facility_kwh", model),
                "gco2ePer1kTokens": _per(account, "gco2e", model),
            }
            for model, part in account.models.items()
        },
        "jobs": {job: _amounts(account, part) for job, part in account.jobs.items()},
        "nodes": {node: _amounts(account, part) for node, part in account.nodes.items()},
        "unknownHours": account.unknown_hours,
        "unknownNodeHours": account.unknown_node_hours,
        "lacks": {name: list(words) for name, words in asdict(account.lacks).items() if words},
        "budget": {"kwh": account.budget_kwh, "kgco2e": account.budget_kgco2e},
    }


def _amounts(account: Account, part: Amounts) -> dict[str, Any]:
    names = {
        "itKwh": "it_kwh",
        "facilityKwh": "facility_kwh",
        "operationalGco2e": "operational_gco2e",
        "embodiedGco2e": "embodied_gco2e",
    }
    return {
        **{name: account.amount(quantity, part).known for name, quantity in names.items()},
        "cost": dict(part.cost),
        "tokens": {kind: round(count) for kind, count in part.tokens.items()},
    }


def _per(account: Account, quantity: str, model: str) -> float | None:
    amount = account.per_1k_tokens(quantity, model) if model else None
    return amount.known if amount else None


def _factor(factor: Factor) -> dict[str, Any]:
    return {"mean": factor.mean, "hours": dict(factor.origins), "rejectedHours": factor.rejected_hours}
