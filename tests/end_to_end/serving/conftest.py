"""A centre with a real node whose models answer: brought up once for all of the folder, whose order is its names'."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.serving.centre import Serving, serving_centre


@pytest.fixture(scope="package")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving_centre(tmp_path_factory.mktemp("serving")) as centre:
        yield centre
