"""What is drawn under a cap."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc.saving import power
from aicc.saving.power import Slowdown
from infra.plan import figures
from tests.saving.centres import CATALOGUE, plan

CAPPING = CATALOGUE.capping


def test_measured_points_rise_up_to_the_limit() -> None:
    assert all(below.cap < above.cap and below.speed < above.speed for below, above in pairwise(CAPPING.speed))
    assert (CAPPING.speed[-1].cap, CAPPING.speed[-1].speed) == (1, 1)


def test_every_measured_point_is_above_the_bound() -> None:
    for point in CAPPING.speed:
        assert point.speed >= power.speed(point.cap, figures.ASSUMED_IDLE_SHARE, CAPPING, Slowdown.WORST)


@pytest.mark.parametrize(
    ("cap", "measured", "worst"),
    [
        (1.0, 1.0, 1.0),
        (1.5, 1.0, 1.0),
        (0.9, 0.977, 0.75 / 0.85),
        (0.75, (0.895 + 0.939) / 2, 0.6 / 0.85),
        (0.4, 0.531, 0.25 / 0.85),
    ],
)
def test_speed_between_measured_points(cap: float, measured: float, worst: float) -> None:
    assert power.speed(cap, 0.15, CAPPING, Slowdown.MEASURED) == pytest.approx(measured)
    assert power.speed(cap, 0.15, CAPPING, Slowdown.WORST) == pytest.approx(worst)


def test_below_what_was_measured_the_bound_holds() -> None:
    assert power.speed(0.3, 0.1, CAPPING, Slowdown.MEASURED) == pytest.approx(0.2 / 0.9)


@given(watts=st.integers(61, 800), slowdown=st.sampled_from(Slowdown))
def test_a_capped_accelerator_draws_its_cap_at_most_and_work_never_takes_more_energy(
    watts: int, slowdown: Slowdown
) -> None:
    centre = plan()
    free = power.of(centre, CATALOGUE, {}, slowdown)["h20"]
    capped = power.of(centre, CATALOGUE, {"h20": watts}, slowdown)["h20"]
    host = figures.host_watts(centre.pools[0], CATALOGUE)
    share = (host.at(1) - host.at(0)) / 8
    assert 60 + capped.piece_busy_watts - share <= min(watts, 400) + 1e-9
    assert 0 < capped.speed <= free.speed == 1
    assert capped.piece_work_watts <= free.piece_work_watts + 1e-9
    assert capped.node_idle_watts == free.node_idle_watts
    if slowdown is Slowdown.WORST:
        assert capped.piece_work_watts == pytest.approx(free.piece_work_watts)
