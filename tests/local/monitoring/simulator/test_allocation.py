"""Devices follow the pods that are bound: nobody loses one while there, and none is held twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aicc.local.monitoring.simulator.allocation import Claim, allocate

DEVICES = 8


def claim(uid: str, devices: int) -> Claim:
    return Claim(uid, "tenant", f"pod-{uid}", "engine", devices, job=False)


CLAIMS = st.lists(
    st.builds(claim, st.sampled_from("abcdefghij"), st.integers(1, DEVICES)),
    max_size=6,
    unique_by=lambda item: item.uid,
)


@given(st.lists(CLAIMS, min_size=1, max_size=6))
def test_a_pod_keeps_its_devices_for_as_long_as_it_is_there(history: list[list[Claim]]) -> None:
    held: dict[int, Claim] = {}
    sizes: dict[str, int] = {}
    for listed in history:
        # A pod never asks for more later.
        claims = [claim(item.uid, sizes.setdefault(item.uid, item.devices)) for item in listed]
        after = allocate(held, claims, DEVICES)
        present = {item.uid for item in claims}
        assert {index: item.uid for index, item in held.items() if item.uid in present}.items() <= {
            index: item.uid for index, item in after.items()
        }.items()
        assert {item.uid for item in after.values()} <= present
        wanted = sum(item.devices for item in claims)
        assert len(after) == min(wanted, DEVICES)
        held = after


@given(CLAIMS)
def test_the_order_in_which_pods_are_listed_does_not_matter(claims: list[Claim]) -> None:
    assert allocate({}, claims, DEVICES) == allocate({}, list(reversed(claims)), DEVICES)


def test_everyone_gets_what_was_asked_for_where_there_is_room() -> None:
    held = allocate({}, [claim("b", 4), claim("a", 2)], DEVICES)
    assert [held[index].uid for index in range(6)] == ["a", "a", "b", "b", "b", "b"]
    assert set(held) == set(range(6))


def test_a_successor_gets_what_is_left_and_then_the_rest() -> None:
    first = allocate({}, [claim("a", 6)], DEVICES)
    overlapping = allocate(first, [claim("a", 6), claim("b", 6)], DEVICES)
    assert [overlapping[index].uid for index in range(DEVICES)] == ["a"] * 6 + ["b"] * 2
    alone = allocate(overlapping, [claim("b", 6)], DEVICES)
    assert sum(item.uid == "b" for item in alone.values()) == 6
    assert {6, 7} <= set(alone)
