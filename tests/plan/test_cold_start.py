"""The arithmetic of a cold start, on pools and models of which only what matters differs."""

from __future__ import annotations

from typing import Any

import pytest

from infra.catalogue import load
from infra.config.load import parse
from infra.plan import CenterPlan, cold_start, resolve

TENANT = {"name": "research", "kind": "research", "group": "g", "quota": {"accelerators": {"nvidia-h100": 8}}}
CLOUD = {
    "kind": "aws",
    "region": "us-west-2",
    "zones": ["us-west-2a", "us-west-2b"],
    "owner": "platform",
    "costCenter": "cc-1",
    "admins": ["arn:aws:iam::111122223333:role/center-admins"],
}
NETWORK = {"podCidr": "10.64.0.0/16", "serviceCidr": "10.96.0.0/16", "nodeCidr": "10.32.0.0/16"}
GB = 10**9


def planned(cloud: dict[str, Any], pool: dict[str, Any], weights: dict[str, Any]) -> CenterPlan:
    model = {"name": "m", "tenant": "research", "source": "a/b", "accelerator": "nvidia-h100", "weights": weights}
    return resolve(
        parse(
            {"name": "c", "cloud": cloud, "network": NETWORK, "pools": [pool], "tenants": [TENANT], "models": [model]}
        ),
        load(),
    )


def test_a_download_takes_half_of_the_node_s_bandwidth_and_loading_comes_after_it() -> None:
    pool = {"name": "h100", "instance": "p5.48xlarge", "nodes": 2}
    plan = planned(CLOUD, pool, {"size": str(40 * GB)})
    found = cold_start.of(plan.models[0], plan.pools)
    gbps = load().instances["aws"]["p5.48xlarge"].network_gbps
    assert gbps is not None
    assert found.download_seconds == pytest.approx(40 * 8 / (gbps / 2))
    assert found.load_seconds == pytest.approx(40 * GB / float(cold_start.LOAD_BYTES_PER_SECOND))
    assert found.total_seconds == pytest.approx((found.download_seconds or 0) + (found.load_seconds or 0))
    assert f"half of the node's {gbps:g} Gbit/s" in found.method


def test_a_bandwidth_that_nobody_published_is_assumed_and_said_to_be() -> None:
    pool = {"name": "h100", "instance": "sim.nvidia-h100.8x", "nodes": 2}
    plan = planned({"kind": "local"}, pool, {"parameters": "1B", "dtype": "bfloat16"})
    found = cold_start.of(plan.models[0], plan.pools)
    assert found.download_seconds == pytest.approx(16.0)
    assert "an assumed 1 Gbit/s" in found.method


def test_weights_of_unknown_size_have_an_unknown_cold_start() -> None:
    pool = {"name": "h100", "instance": "sim.nvidia-h100.8x", "nodes": 2}
    plan = planned({"kind": "local"}, pool, {"layers": 10})
    found = cold_start.of(plan.models[0], plan.pools)
    assert (found.download_seconds, found.load_seconds, found.total_seconds) == (None, None, None)
    assert any("whether it fits was not checked" in note for note in plan.notes)
