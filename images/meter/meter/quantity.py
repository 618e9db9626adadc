"""Kubernetes quantities as numbers: `250m`, `16`, `1800Gi`, `1e3`."""

from __future__ import annotations

import re

_FORM = re.compile(r"([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i))?")
_SCALES = {
    "": 1.0,
    **{name: 1000.0**power for power, name in ((-3, "n"), (-2, "u"), (-1, "m"), (1, "k"), (2, "M"), (3, "G"))},
    **{name: 1000.0**power for power, name in ((4, "T"), (5, "P"), (6, "E"))},
    **{f"{name}i": 1024.0**power for power, name in enumerate("KMGTPE", start=1)},
}


def parse(text: str) -> float:
    """Return the number.

    Raises ValueError for anything that the API server would not have written.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a quantity")
    digits, exponent, suffix = found.groups()
    return float(digits + (exponent or "")) * _SCALES[suffix or ""]
