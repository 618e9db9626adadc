"""Kubernetes resource quantities as exact numbers: `500m` CPU, `1800Gi` memory.

Grammar: k8s.io/apimachinery/pkg/api/resource, quantity.go (without exponents such as `1e3`).
"""

from __future__ import annotations

import re
from fractions import Fraction

PATTERN = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"

_SCALE = {
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{suffix: Fraction(1000**power) for power, suffix in enumerate(["k", "M", "G", "T", "P", "E"], start=1)},
    **{f"{suffix}i": Fraction(1024**power) for power, suffix in enumerate("KMGTPE", start=1)},
}


def parse(text: str) -> Fraction:
    """The number a quantity stands for, in its base unit (cores, bytes, pieces).

    Raises ValueError where `text` is not a quantity.
    """
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text!r} is not a Kubernetes quantity such as 500m, 16 or 1800Gi")
    number = text.rstrip("mkKMGTPEi")
    return Fraction(number) * _SCALE[text[len(number) :]]


def cores(value: Fraction) -> str:
    """CPU cores, in millicores where they are not whole, rounded down."""
    return str(int(value)) if value.denominator == 1 else f"{int(value * 1000)}m"


def mebibytes(value: Fraction) -> str:
    """Bytes as whole `Gi` where possible, else `Mi`, rounded down."""
    gibibytes = value / 1024**3
    return f"{int(gibibytes)}Gi" if gibibytes.denominator == 1 else f"{int(value / 1024**2)}Mi"
