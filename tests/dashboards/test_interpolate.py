from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc.dashboards.interpolate import ALL, LabelValues, Span, UnknownVariableError, Variable, interpolated

POOL = Variable("pool", "label_values(aicc_pool_info, pool)", ".*")


def unquoted(text: str) -> str:
    """What PromQL reads between double quotes."""
    return re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), text, flags=re.DOTALL)


@given(st.lists(st.text(), min_size=1, max_size=4, unique=True), st.text())
def test_a_matcher_finds_the_chosen_values_and_no_others(chosen: list[str], other: str) -> None:
    matcher = re.compile(unquoted(POOL.matcher(chosen)), re.DOTALL)
    assert all(matcher.fullmatch(value) for value in chosen)
    assert (matcher.fullmatch(other) is not None) == (other in chosen)


@given(st.text())
def test_no_value_ends_the_string_that_it_is_put_into(value: str) -> None:
    query = f'up{{pool=~"{POOL.matcher([value])}"}}'
    assert re.fullmatch(r'up\{pool=~"(?:[^"\\\n]|\\.)*"\}', query)


@pytest.mark.parametrize("chosen", [[], [ALL], [ALL, "general"]])
def test_all_is_what_the_dashboard_says_it_is(chosen: list[str]) -> None:
    assert POOL.matcher(chosen) == ".*"


@pytest.mark.parametrize(
    ("chosen", "matcher"),
    [
        (["h20"], "h20"),
        (["qwen3.5"], r"qwen3\\.5"),
        (["a", "b+c"], r"(a|b\\+c)"),
        (['x"} or up{'], r"x\"\\} or up\\{"),
    ],
)
def test_values_are_escaped_for_the_expression_and_for_its_string(chosen: list[str], matcher: str) -> None:
    assert POOL.matcher(chosen) == matcher


def test_a_rate_has_four_scrapes_at_least_and_a_scrape_more_than_a_step() -> None:
    assert Span(0, 3600, 15, 15).values["__rate_interval"] == "60s"
    assert Span(0, 3600, 120, 15).values["__rate_interval"] == "135s"


def test_the_time_is_put_in_as_grafana_does() -> None:
    values = Span(1000, 4600, 30, 15).values
    text = "rate(a[$__rate_interval]) * $__range_s + avg_over_time(b[$__range]) + c[${__interval}]"
    assert interpolated(text, values) == "rate(a[60s]) * 3600 + avg_over_time(b[3600s]) + c[30s]"


def test_a_variable_without_a_value_is_refused_and_not_sent() -> None:
    with pytest.raises(UnknownVariableError, match=r"\$pol in a\{pool=~\"\$pol\"\}"):
        interpolated('a{pool=~"$pol"}', {"pool": "x"})


def test_what_is_no_variable_stays() -> None:
    text = 'label_replace(a, "b", "$1", "c", "(.*)$")'
    assert interpolated(text, {}) == text


def test_a_variable_s_query_names_a_selector_and_a_label() -> None:
    query = 'label_values(aicc_node_info{pool=~"(a|b)", zone="x"}, node)'
    assert LabelValues.parse(query) == LabelValues('aicc_node_info{pool=~"(a|b)", zone="x"}', "node")


@pytest.mark.parametrize("query", ["query_result(up)", "label_values(up)", "label_values(up, no-label)"])
def test_another_kind_of_variable_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match="not label_values"):
        LabelValues.parse(query)
