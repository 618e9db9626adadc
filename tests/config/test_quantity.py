from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import quantity

GRAMMAR = st.from_regex(quantity.PATTERN.replace("$", r"\Z"), alphabet=st.characters(codec="ascii"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("16", 16),
        ("500m", Fraction(1, 2)),
        ("1.5", Fraction(3, 2)),
        ("0.1", Fraction(1, 10)),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1800Gi", 1800 * 1024**3),
        ("2.5Ti", 5 * 1024**4 // 2),
        ("1E", 1000**6),
        ("1Ei", 1024**6),
    ],
)
def test_a_quantity_is_the_number_it_stands_for(text: str, value: int | Fraction) -> None:
    assert quantity.parse(text) == value


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "1\n", "1.", ".5", "1e3", "1K", "1GB", "1gi", "Gi", "1,5", "٣", "nan", "0x10"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a Kubernetes quantity"):
        quantity.parse(text)


@given(GRAMMAR)
def test_whatever_the_pattern_allows_is_parsed_exactly(text: str) -> None:
    assert quantity.parse(text) >= 0


@given(st.text())
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        quantity.parse(text)
    except ValueError:
        return
    assert text.isascii()


@given(st.integers(min_value=0, max_value=10**9))
def test_whole_cores_come_back(value: int) -> None:
    assert quantity.parse(quantity.cores(Fraction(value))) == value


@given(st.fractions(min_value=0, max_value=10**6))
def test_cores_are_rounded_down_by_less_than_a_millicore(value: Fraction) -> None:
    assert 0 <= value - quantity.parse(quantity.cores(value)) < Fraction(1, 1000)


@given(st.fractions(min_value=0, max_value=10**15))
def test_bytes_are_rounded_down_by_less_than_a_mebibyte(value: Fraction) -> None:
    assert 0 <= value - quantity.parse(quantity.mebibytes(value)) < 1024**2


@given(st.integers(min_value=0, max_value=10**6))
def test_whole_gibibytes_are_written_as_such(value: int) -> None:
    assert quantity.mebibytes(Fraction(value * 1024**3)) == f"{value}Gi"
