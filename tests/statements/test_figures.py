import pytest

from aicc.statements import figures
from infra.estimate.model import Amount


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (57.987, "57.99"),
        (12_345.6, "12,346"),
        (0.00038378, "0.0003838"),
        (100, "100"),
        (1e-20, "< 0.000000001"),
    ],
)
def test_numbers_have_four_digits_and_no_exponent(value: float, text: str) -> None:
    assert figures.number(value) == text


def test_what_is_not_known_is_never_a_number() -> None:
    assert figures.reading(Amount(0.0, ("power",))) == "unknown"
    assert figures.reading(Amount(5.0, ("power",))) == "≥ 5"
    assert figures.reading(Amount(5_000.0), 0.001) == "5"
    assert figures.reading(None) == "—"
