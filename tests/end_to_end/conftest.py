"""One centre for the tests that only look at it; a fresh one for those that break it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.centre import Centre, small_config


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A centre that is up, shared by a module's tests."""
    centre = Centre(tmp_path_factory.mktemp("centre"), "shared", small_config())
    try:
        centre.run("up", "--driver", "offline")
        yield centre
    finally:
        centre.run("down", expect=None)
    assert not centre.processes()


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A centre that is not up yet."""
    centre = Centre(tmp_path_factory.mktemp("fresh"), "fresh", small_config())
    try:
        yield centre
    finally:
        centre.run("down", expect=None)
    assert not centre.processes()
