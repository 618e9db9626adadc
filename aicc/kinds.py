"""What the catalogue has entries of; apart from the catalogue, so that the command line need not load it to say so."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """A kind of entry."""

    ACCELERATORS = "accelerators"
    INSTANCES = "instances"
    SERVICES = "services"
    GRIDS = "grids"
    OPERATORS = "operators"
