import csv
import io

import pytest

from aicc.accounting.statement import Statement
from aicc.statements.spreadsheet import as_csv
from tests.accounting.recordings import beats, centre, stated


def rows(found: Statement) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(found))))


def test_days_add_up_to_the_totals_in_every_column() -> None:
    found = rows(stated(centre(48, heartbeats=beats((0, 20), (23, 48))), 48))
    numbers = [name for name in found[0] if name.endswith(("_kwh", "_gco2e", "_tokens")) or name.startswith("cost_")]
    assert {"it_kwh", "facility_kwh", "cost_usd", "prompt_tokens"} <= set(numbers)
    for account in ("blue", "green", "platform", "idle"):
        own = [row for row in found if row["account"] == account]
        (last,) = [row for row in own if row["model"] == row["method"] == row["date_utc"] == "total"]
        days = [row for row in own if row["date_utc"] != "total"]
        models = [row for row in own if row["date_utc"] == "total" != row["model"]]
        methods = [row for row in own if row["model"] == "total" != row["method"]]
        for name in numbers:
            for parts in (days, models, methods):
                assert sum(float(row[name] or 0) for row in parts) == pytest.approx(float(last[name] or 0), abs=1e-4)


def test_each_day_model_and_method_is_a_row_once() -> None:
    found = [row for row in rows(stated(centre(48), 48)) if row["date_utc"] != "total"]
    keys = [(row["account"], row["date_utc"], row["model"], row["method"]) for row in found]
    assert len(keys) == len(set(keys))
    assert ("blue", "2026-11-02", "chat", "measured") in keys


def test_what_is_missing_is_counted_and_named() -> None:
    found = rows(stated(centre(48, heartbeats=beats((0, 20), (40, 48)), pue={}), 48))
    (last,) = [row for row in found if row["account"] == "blue" and row["lower_bound"]]
    assert last["unknown_hours"] == "20"
    assert last["lower_bound"] == "energy facility operational embodied cost tokens"


def test_a_month_of_nothing_has_empty_cells_not_zeros() -> None:
    from aicc.accounting.recorded import Recorded

    found = rows(stated(Recorded(tenants={("blue", "research"): {}}), 24))
    (last,) = [row for row in found if row["account"] == "blue" and row["lower_bound"]]
    assert (last["it_kwh"], last["facility_kwh"], last["operational_gco2e"]) == ("", "", "")


def test_names_with_anything_in_them_stay_one_cell() -> None:
    odd = 'a,"b"\nc'
    tokens = {("blue", odd, "prompt"): next(iter(centre(24).tokens.values()))}
    assert odd in {row["model"] for row in rows(stated(centre(24, tokens=tokens), 24))}
