"""Power caps: where they are set, with which rights, and that every figure follows them."""

from __future__ import annotations

import pytest

from infra.catalogue import load
from infra.config.load import from_file
from infra.estimate import estimate
from infra.plan import CenterPlan, resolve
from tests.layers.conftest import CASES
from tests.layers.platform import build


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    return resolve(from_file(CASES / "local.ok.uses-less.yaml"), load())


def test_each_capped_pool_s_nodes_get_one_and_no_others(plan: CenterPlan) -> None:
    sets = [item.inputs for name, item in build(plan).of("DaemonSet").items() if "power-cap" in name]
    [made] = sets
    pod = made["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"aicc.io/pool": "h20"}
    assert pod["runtimeClassName"] == "nvidia-h20"
    [container] = pod["containers"]
    assert container["args"] == ["--watts=300"]


def test_it_has_one_capability_no_account_and_nothing_of_the_host(plan: CenterPlan) -> None:
    [made] = [item.inputs for name, item in build(plan).of("DaemonSet").items() if "power-cap" in name]
    pod = made["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert not {"volumes", "hostPID", "hostNetwork", "hostIPC"} & set(pod)
    security = pod["containers"][0]["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["SYS_ADMIN"]}
    assert "privileged" not in security


def test_without_a_cap_nothing_is_made(local_plan: CenterPlan) -> None:
    assert not [name for name in build(local_plan).of("DaemonSet") if "power-cap" in name]


def test_the_estimate_and_the_meter_follow_the_cap(plan: CenterPlan) -> None:
    catalogue = load()
    center = from_file(CASES / "local.ok.uses-less.yaml")
    uncapped = center.model_copy(
        update={"pools": tuple(pool.model_copy(update={"power_cap_watts": None}) for pool in center.pools)}
    )
    capped, free = (
        {pool.name: pool.footprint.peak_watts.value for pool in estimate(each, catalogue).pools}
        for each in (plan, resolve(uncapped, catalogue))
    )
    assert free["h20"] - capped["h20"] == pytest.approx(8 * (400 - 300))
    assert free["zhenwu"] == capped["zhenwu"]
    assert plan.monitoring is not None
    [metered] = [pool for pool in plan.monitoring.meter["pools"] if pool["name"] == "h20"]
    assert metered["acceleratorPeakWatts"] == 300
