"""Simulated figures: the same for the same seed, within what the device can do, and idle where nobody holds it."""

from __future__ import annotations

import itertools
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from aicc.local.monitoring.simulator import curves
from aicc.local.monitoring.simulator.curves import DAY_SECONDS, PEAK_SECONDS, Load, Rating

ZHENWU = Rating(idle_watts=57.0, peak_watts=400.0, memory_mib=98_304)
NAMES = st.text(min_size=1, max_size=12)
TIMES = st.floats(min_value=0, max_value=4e9)
LOADS = st.builds(Load, NAMES, st.booleans())
RATINGS = st.builds(
    lambda idle, more, memory: Rating(idle, idle + more, memory),
    st.floats(min_value=1, max_value=300),
    st.floats(min_value=0, max_value=2_000),
    st.integers(min_value=1_024, max_value=300_000),
)


@given(RATINGS, NAMES, NAMES, st.none() | LOADS, TIMES)
def test_every_figure_is_within_what_the_device_can_do(
    rating: Rating, seed: str, device: str, load: Load | None, at: float
) -> None:
    curve = curves.curve(seed, device, load)
    busy = curves.utilization(curve, at)
    assert 0 <= busy <= 1
    assert rating.idle_watts is not None
    assert rating.peak_watts is not None
    drawn = curves.watts(rating, curve, busy, at)
    assert drawn is not None
    assert 0.9 * rating.idle_watts <= drawn <= rating.peak_watts
    assert rating.memory_mib is not None
    used = curves.memory_mib(rating, curve)
    assert used is not None
    assert 0 < used <= rating.memory_mib
    assert 20 < curves.celsius(curve, busy, at) < 95


@given(NAMES, NAMES, TIMES)
def test_a_free_device_is_idle(seed: str, device: str, at: float) -> None:
    assert curves.utilization(curves.curve(seed, device, None), at) == 0
    drawn = curves.watts(ZHENWU, curves.curve(seed, device, None), 0, at)
    assert drawn is not None
    assert abs(drawn - 57.0) <= 0.02 * 57.0 + 1e-9


@given(NAMES, NAMES, LOADS, TIMES)
def test_curves_have_no_jumps_but_for_a_job_s_checkpoints(seed: str, device: str, load: Load, at: float) -> None:
    if not load.job:
        steps = [curves.utilization(curves.curve(seed, device, load), at + second) for second in range(10)]
        assert max(abs(after - before) for before, after in itertools.pairwise(steps)) < 0.02


def test_another_process_sees_the_same_curve() -> None:
    """Python's own hashes differ between processes."""
    asked = (
        "from aicc.local.monitoring.simulator import curves;"
        "curve = curves.curve('seed', 'node/3', curves.Load('tenant/pod', False));"
        "print(curves.utilization(curve, 1.8e9))"
    )
    answers = {subprocess.check_output([sys.executable, "-c", asked], text=True) for _ in range(2)}
    assert answers == {f"{curves.utilization(curves.curve('seed', 'node/3', Load('tenant/pod', job=False)), 1.8e9)}\n"}


def test_seeds_devices_and_pods_differ() -> None:
    figures = {
        curves.utilization(curves.curve(seed, device, Load(pod, job=False)), 1.8e9)
        for seed in ("a", "b")
        for device in ("n/0", "n/1")
        for pod in ("t/p", "t/q")
    }
    assert len(figures) == 8


@given(NAMES, NAMES)
def test_serving_is_busier_in_the_afternoon_than_at_night(seed: str, pod: str) -> None:
    def mean(around: int) -> float:
        times = range(around, around + 7_200, 300)
        return sum(curves.utilization(curves.curve(seed, "n/0", Load(pod, job=False)), at) for at in times) / len(times)

    night = PEAK_SECONDS + DAY_SECONDS // 2
    assert mean(PEAK_SECONDS) > mean(night)


@given(NAMES, NAMES, TIMES)
def test_a_job_computes_all_day(seed: str, pod: str, at: float) -> None:
    curve = curves.curve(seed, "n/0", Load(pod, job=True))
    hour = [curves.utilization(curve, at + second) for second in range(0, 3_600, 60)]
    assert sum(figure > 0.8 for figure in hour) >= 50


def test_what_nobody_published_is_not_made_up() -> None:
    unknown = Rating(None, None, None)
    curve = curves.curve("s", "n/0", Load("t/p", job=False))
    assert curves.watts(unknown, curve, 0.5, 0) is None
    assert curves.memory_mib(unknown, curve) is None
