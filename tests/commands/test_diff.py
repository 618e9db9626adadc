"""What `aicc diff` says about two plans, and how; tests/commands/test_revisions.py has it run on real revisions."""

from __future__ import annotations

from copy import deepcopy
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from aicc.commands.diff import COMMENT_LIMIT, LEAST_LIMIT, as_json, as_markdown, show
from aicc.compare import Comparison, Row
from infra.estimate import Amount, Cost
from infra.estimate.model import Footprint

Document = dict[str, Any]


def resource(
    kind: str, name: str, inputs: Document, *, parent: str = "layers:Serving", layer: str = "serving"
) -> Document:
    urn = f"urn:pulumi:s::p::p:{parent}${kind}::{name}"
    return {"urn": urn, "type": kind, "name": name, "layer": layer, "inputs": inputs}


def deployment(name: str = "web", **spec: Any) -> Document:
    inputs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
    return resource("kubernetes:apps/v1:Deployment", name, inputs)


def document(*resources: Document, footprint: Footprint | None = None, **more: Any) -> Document:
    total = (footprint or Footprint()).as_dict()
    empty = {"stack": "s", "pools": [], "tenants": [], "models": [], "notes": [], "estimate": {"total": total}}
    return {**empty, "resources": list(resources), **more}


def pool(name: str, nodes: int, accelerators: int = 0) -> Document:
    accelerator = "zhenwu-810e" if accelerators else None
    return {
        "name": name,
        "nodes": nodes,
        "instance": "sim",
        "accelerator": accelerator,
        "accelerators": accelerators,
    }


def compared(before: Document | None, after: Document | None) -> Comparison:
    return Comparison("s", "main (0123456789ab)", before, after)


def changes(before: Document, after: Document) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(item.what, item.name, item.inputs) for item in compared(before, after).changes]


def shown(found: Comparison) -> str:
    console = Console(file=StringIO(), width=140, highlight=False)
    show(found, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_same_plan_has_no_difference() -> None:
    plan = document(deployment(replicas=1), pools=[pool("a", 2)])
    found = compared(plan, deepcopy(plan))
    assert found.same
    assert shown(found) == "Stack s: no difference, compared with main (0123456789ab)\n"
    assert as_markdown(found).endswith("## Stack s: no difference\n\nCompared with `main (0123456789ab)`.")


def test_resources_come_go_and_change_with_the_inputs_that_differ() -> None:
    before = document(deployment("gone"), deployment("kept", replicas=1, paused=False), deployment("same", replicas=1))
    after = document(deployment("new"), deployment("kept", replicas=2, paused=False), deployment("same", replicas=1))
    assert changes(before, after) == [
        ("removed", "gone", ()),
        ("changed", "kept", ("spec.replicas",)),
        ("added", "new", ()),
    ]


def test_an_input_that_cannot_be_changed_in_place_replaces() -> None:
    before = document(deployment(selector={"matchLabels": {"a": "b"}}))
    after = document(deployment(selector={"matchLabels": {"a": "c"}}))
    assert changes(before, after) == [("replaced", "web", ("spec.selector",))]


def test_another_namespace_replaces_whatever_the_kind() -> None:
    inputs = [{"kind": "Widget", "metadata": {"name": "w", "namespace": name}} for name in ("a", "b")]
    before, after = (document(resource("kubernetes:example.com/v1:Widget", "w", item)) for item in inputs)
    assert changes(before, after) == [("replaced", "w", ("metadata.namespace",))]


def test_a_resource_under_another_parent_is_replaced_not_removed_and_added() -> None:
    """Its URN is another, so the engine would make it anew."""
    before = document(resource("aws:s3/bucket:Bucket", "models", {"tags": {}}, parent="A"))
    after = document(resource("aws:s3/bucket:Bucket", "models", {"tags": {}}, parent="B"))
    assert changes(before, after) == [("replaced", "models", ("its parent",))]


def test_inputs_of_cloud_resources_are_told_at_the_top_and_not_judged() -> None:
    before = document(resource("aws:s3/bucket:Bucket", "models", {"tags": {"a": "b"}, "bucket": "one"}, layer="cloud"))
    after = document(resource("aws:s3/bucket:Bucket", "models", {"tags": {"a": "c"}, "bucket": "two"}, layer="cloud"))
    assert changes(before, after) == [("changed", "models", ("bucket", "tags"))]
    assert "only `pulumi preview` knows" in shown(compared(before, after))
    assert "only `pulumi preview` knows" in as_markdown(compared(before, after))


def test_components_and_providers_are_no_resources_of_their_own() -> None:
    component = {**deployment("component"), "inputs": None}
    provider = resource("pulumi:providers:kubernetes", "cluster", {"kubeconfig": "[secret]"})
    assert compared(document(), document(component, provider)).same


FOOTPRINT = Footprint(
    cost=Cost({"CNY": 100.0}),
    max_cost=Cost({"CNY": 100.0}),
    peak_watts=Amount(1000.0),
    operational_kgco2e=Amount(2000.0),
)


def rows(found: Comparison) -> dict[str, tuple[str, str, str]]:
    return {row.what: (row.before, row.after, row.difference) for row in found.figures}


def test_figures_are_shown_before_and_after_with_the_difference() -> None:
    found = rows(compared(document(footprint=FOOTPRINT), document(footprint=FOOTPRINT + FOOTPRINT)))
    assert found["Money per hour"] == ("CNY 100.00", "CNY 200.00", "CNY +100.00 (+100.0%)")
    assert found["Money per month"] == ("CNY 73,000", "CNY 146,000", "CNY +73,000 (+100.0%)")
    assert found["Power, peak (W)"] == ("1,000", "2,000", "+1,000 (+100.0%)")
    assert found["Carbon per year, operational (tCO2e)"] == ("2.000", "4.000", "+2.000 (+100.0%)")
    assert found["Carbon per year, embodied (tCO2e)"] == ("0.000", "0.000", "0")


def test_what_pools_may_scale_to_is_shown_only_where_they_scale() -> None:
    scaled = Footprint(cost=Cost({"CNY": 1.0}), max_cost=Cost({"CNY": 9.0}))
    what = "Money per month, every pool scaled as far as it may"
    assert what not in rows(compared(document(footprint=FOOTPRINT), document(footprint=FOOTPRINT)))
    assert rows(compared(document(footprint=FOOTPRINT), document(footprint=scaled)))[what][1] == "CNY 6,570"


def test_an_unknown_part_makes_a_lower_bound_and_the_difference_says_so() -> None:
    partial = Footprint(cost=Cost({"CNY": 150.0}, ("price of x",)), peak_watts=Amount(0.0, ("power of y",)))
    found = rows(compared(document(footprint=FOOTPRINT), document(footprint=partial)))
    assert found["Money per hour"] == ("CNY 100.00", "≥ CNY 150.00", "CNY +50.00 (+50.0%) of the known part")
    assert found["Power, peak (W)"] == ("1,000", "unknown", "unknown")


def test_a_currency_that_is_new_was_nothing_only_where_all_prices_were_known() -> None:
    dollars = Footprint(cost=Cost({"USD": 5.0}))
    found = [
        (row.before, row.after) for row in compared(document(footprint=FOOTPRINT), document(footprint=dollars)).figures
    ]
    assert found[:2] == [("CNY 100.00", "CNY 0.00"), ("USD 0.00", "USD 5.00")]
    lacking = Footprint(cost=Cost({}, ("price of x",)))
    assert rows(compared(document(footprint=lacking), document(footprint=dollars)))["Money per hour"] == (
        "unknown",
        "USD 5.00",
        "unknown",
    )


def test_a_plan_of_older_code_has_unknown_figures_not_none() -> None:
    old = document(deployment(replicas=1))
    for key in ("estimate", "notes"):
        del old[key]
    found = rows(compared(old, document(deployment(replicas=1), footprint=FOOTPRINT)))
    assert found["Money per hour"] == ("unknown", "CNY 100.00", "unknown")
    assert found["Power, peak (W)"] == ("unknown", "1,000", "unknown")


def test_pools_quotas_and_models_are_told_setting_by_setting() -> None:
    model = {
        "name": "m",
        "tenant": "t",
        "accelerator": "zhenwu-810e",
        "acceleratorsPerReplica": 4,
        "replicas": {"min": 1, "max": 2},
        "image": "example.com/vllm:1",
    }
    before = document(
        pools=[pool("a", 2, 32), pool("gone", 1)],
        tenants=[{"name": "t", "quota": {"requests.cpu": "720", "requests.memory": "64Gi", "pods": "500"}}],
        models=[model],
    )
    after = document(
        pools=[pool("a", 3, 48)],
        tenants=[{"name": "t", "quota": {"requests.cpu": "900", "requests.memory": "96Gi", "pods": "500"}}],
        models=[{**model, "replicas": {"min": 1, "max": 4}}],
    )
    found = compared(before, after)
    assert Row("a: nodes", "2", "3", "+1") in found.pools
    assert Row("a: accelerators", "32 × zhenwu-810e", "48 × zhenwu-810e") in found.pools
    assert Row("gone: nodes", "1", "—") in found.pools
    assert found.quotas == (
        Row("t: requests.cpu", "720", "900", "+180"),
        Row("t: requests.memory", "64Gi", "96Gi", "+32Gi"),
    )
    assert found.models == (Row("m: replicas", "1 to 2", "1 to 4"),)
    for text in ("Pools", "Quotas", "Models", "gone: nodes", "+32Gi"):
        assert text in shown(found)
        assert text in as_markdown(found)


def test_policies_and_notes_are_told_where_they_are_new() -> None:
    def policy(*names: str) -> Document:
        found = [{"rule": name, "urn": "u", "message": f"bucket {name}: is not encrypted"} for name in names]
        return {"passes": not found, "mandatory": found, "advisory": [], "undecided": []}

    before = document(policy=policy("one", "two"), notes=["a zone is not known"])
    after = document(policy=policy("two", "three"), notes=["a zone is not known", "a price is not known"])
    found = compared(before, after)
    assert found.broken == ("mandatory, three: bucket three: is not encrypted",)
    assert found.mended == ("mandatory, one: bucket one: is not encrypted",)
    assert found.notes == ("a price is not known",)
    assert "**Policy broken**\n\n- mandatory, three: bucket three: is not encrypted" in as_markdown(found)
    assert "Not verified: a price is not known" in shown(found)


def test_a_new_stack_and_a_removed_one_are_said_to_be() -> None:
    plan = document(deployment(), footprint=FOOTPRINT, pools=[pool("a", 2)])
    new, removed = compared(None, plan), compared(plan, None)
    assert "## Stack s is new" in as_markdown(new)
    assert "## Stack s is removed" in as_markdown(removed)
    assert rows(new)["Money per hour"] == ("—", "CNY 100.00", "")
    assert rows(removed)["Money per hour"] == ("CNY 100.00", "—", "")
    assert [new.count("added"), removed.count("removed")] == [1, 1]
    assert (as_json(new)["new"], as_json(removed)["removed"]) == (True, True)


def test_the_first_line_of_markdown_finds_the_comment_again() -> None:
    for found in (compared(document(), document()), compared(document(), document(deployment()))):
        assert as_markdown(found).splitlines()[0] == "<!-- aicc diff: s -->"


def test_nothing_from_a_plan_breaks_a_table_or_mentions_anybody() -> None:
    nasty = "a|b`c\n@everyone</details><!-- -->"
    before = document(pools=[pool(nasty, 1)], notes=[])
    after = document(deployment(nasty), pools=[pool(nasty, 2)], notes=[nasty])
    text = as_markdown(compared(before, after))
    outside = "".join(text.split("`")[::2])
    assert "@everyone" not in outside
    assert "a@b" in as_markdown(compared(document(), document(notes=["a@b"]))), "an address, not a mention"
    assert outside.count("<!--") == 1
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in table} == {5}
    assert text.count("<details>") == outside.count("</details>")


@pytest.mark.parametrize("limit", [COMMENT_LIMIT, 20_000, LEAST_LIMIT])
def test_a_long_comparison_is_shortened_and_says_so(limit: int) -> None:
    names = [f"{'x' * 200}-{index}" for index in range(3_000)]
    before = document(pools=[pool(name, 1) for name in names], notes=[])
    after = document(
        *(deployment(name) for name in names),
        pools=[pool(name, 2) for name in names],
        notes=names,
        footprint=Footprint(cost=Cost({"CNY": 1.0, "EUR": 1.0, "USD": 1.0}, tuple(names))),
    )
    text = as_markdown(compared(before, after), limit)
    assert LEAST_LIMIT / 2 < len(text) < limit
    assert "more, left out for length" in text
    assert text.count("<details>") == text.count("</details>") == 2
    assert "| Nodes | 3,000 | 6,000 | +3,000 |" in text


WORDS = st.text(max_size=300)
PLANS = st.builds(
    lambda names, notes, watts: document(
        *(deployment(name, replicas=len(name)) for name in names),
        notes=notes,
        pools=[pool(name, len(name)) for name in names],
        footprint=Footprint(peak_watts=Amount(watts, tuple(notes))),
    ),
    st.lists(WORDS, unique=True, max_size=8),
    st.lists(WORDS, max_size=8),
    st.floats(0, 1e12),
)


@given(PLANS, PLANS)
def test_every_comparison_fits_its_limit_and_is_symmetric(before: Document, after: Document) -> None:
    forth, back = compared(before, after), compared(after, before)
    assert len(as_markdown(forth, LEAST_LIMIT)) < LEAST_LIMIT
    assert forth.count("added") == back.count("removed")
    assert forth.count("changed") == back.count("changed")
    assert forth.same == (as_json(forth)["same"] and not as_json(forth)["resources"])
