from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .builders import Stack, config_map, namespace

pytestmark = pytest.mark.cluster

NAMESPACES = ("spread-a", "spread-b", "spread-c")
KEYS = st.tuples(st.sampled_from(NAMESPACES), st.sampled_from("abcd"))
DESIRED = st.dictionaries(KEYS, st.sampled_from(("1", "2")), max_size=8)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(sequence=st.lists(DESIRED, min_size=1, max_size=4), waves=st.data())
def test_after_each_apply_the_cluster_has_exactly_what_is_desired(
    stack: Stack, sequence: list[dict[tuple[str, str], str]], waves: st.DataObject
) -> None:
    for home in NAMESPACES:
        stack.kube.apply(namespace(home).body, "test")
    before = {key: obj["data"]["key"] for key, obj in stack.live().items()}
    for desired in sequence:
        declared = [
            config_map(name, home, {"key": value}, wave=waves.draw(st.integers(0, 2)))
            for (home, name), value in desired.items()
        ]
        outcome = stack.apply(*declared)
        after = {key: obj["data"]["key"] for key, obj in stack.live().items()}
        assert after == {f"{home}/{name}": value for (home, name), value in desired.items()}
        assert len(outcome.created) == len(after.keys() - before.keys())
        assert len(outcome.pruned) == len(before.keys() - after.keys())
        assert len(outcome.unchanged) == len(after.items() & before.items())
        before = after
