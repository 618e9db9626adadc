"""The shifter in the cluster: what it is told, what it may do, and jobs that are left to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aicc.apply.objects import left_to_others
from aicc.paths import REPO
from images.shifter.shifter import config, jobs
from infra import names
from infra.catalogue import load
from infra.config.load import KEY, from_file, parse, raw_config
from infra.config.saving import GridForecast
from infra.layers import batch, shifting
from infra.layers.queues import QUEUE
from infra.plan import CenterPlan, resolve
from tests.layers.conftest import CASES
from tests.layers.platform import Built, build


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    return resolve(from_file(CASES / "local.ok.uses-less.yaml"), load())


@pytest.fixture(scope="module")
def built(plan: CenterPlan) -> Built:
    return build(plan, operators=("kueue",))


def job(built: Built) -> dict[str, Any]:
    [found] = [dict(item.inputs) for item in built.of("Job").values() if "nightly" in item.name]
    return found


def test_nothing_is_made_where_no_job_may_wait(local_plan: CenterPlan) -> None:
    assert local_plan.shifter is None
    assert not [item for item in build(local_plan).resources.values() if "shifter" in item.name]


def test_the_meter_is_told_where_the_shifter_runs_and_jobs_wait_for_it() -> None:
    def told(path: Path, **changes: object) -> bool:
        raw = raw_config(path)[KEY]
        found = resolve(parse({**raw, **changes}), load()).monitoring
        assert found
        return "shifting" in found.meter

    shifts = {"saving": {"shifting": {}}}
    shipped = REPO / "Pulumi.local.yaml"
    assert not told(shipped)
    assert told(shipped, **shifts), "it has a real node"
    assert not told(CASES / "local.ok.uses-less.yaml"), "without one the shifter is simulated"
    image = {"images": {"shifter": f"registry.example.com/shifter@sha256:{'0' * 64}"}}
    assert told(CASES / "existing.ok.logs-and-traces.yaml", **shifts, **image)


def test_the_program_reads_what_the_plan_writes(plan: CenterPlan, tmp_path: Path) -> None:
    assert plan.shifter
    told = shifting.configuration(plan.shifter, plan, kueue=True)
    path = tmp_path / "shifter.json"
    path.write_text(told["data"]["shifter.json"], encoding="utf-8")
    read = config.read(path)
    assert read.namespaces == ("tenant-research",)
    assert read.budgets == {"research": config.Budget(50, 20)}
    assert read.kueue
    assert read.feed == config.Feed(
        "https://api.carbonintensity.org.uk/intensity/{from}/fw48h", "uk-carbon-intensity", f"{shifting.TOKEN}/token"
    )


def test_it_may_list_and_patch_jobs_of_tenants_and_nothing_else(built: Built) -> None:
    [role] = [item.inputs for name, item in built.of("ClusterRole").items() if "shifter" in name]
    assert role["rules"] == [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "patch"]},
        {"apiGroups": ["kueue.x-k8s.io"], "resources": ["workloads"], "verbs": ["list", "patch"]},
    ]
    bindings = [item.inputs["metadata"] for name, item in built.of("RoleBinding").items() if "shifter" in name]
    assert [each["namespace"] for each in bindings] == ["tenant-research"]
    assert not [name for name in built.of("ClusterRoleBinding") if "shifter" in name]


def test_a_changed_configuration_is_another_pod(plan: CenterPlan) -> None:
    assert plan.shifter
    first = shifting.deployment(plan.shifter, {"data": {"a": "1"}}, {})
    second = shifting.deployment(plan.shifter, {"data": {"a": "2"}}, {})
    assert first["spec"]["template"]["metadata"] != second["spec"]["template"]["metadata"]


def test_a_feed_s_token_is_a_file_of_a_secret_and_nowhere_else(plan: CenterPlan) -> None:
    assert plan.shifter
    pod = shifting.deployment(plan.shifter, {"data": {}}, {})["spec"]["template"]["spec"]
    assert {"name": "forecast", "secret": {"secretName": "forecast", "defaultMode": 0o440}} in pod["volumes"]
    assert isinstance(plan.shifter.forecast, GridForecast)
    told = json.loads(shifting.configuration(plan.shifter, plan, kueue=False)["data"]["shifter.json"])
    assert set(told["feed"]) == {"url", "format", "tokenFile"}


def test_a_deferrable_batch_waits_suspended_in_no_queue_and_says_what_the_shifter_reads(built: Built) -> None:
    made = job(built)
    assert made["spec"]["suspend"] is True
    assert "kueue.x-k8s.io/queue-name" not in made["metadata"]["labels"]
    metadata = {**made["metadata"], "uid": "u", "resourceVersion": "1", "creationTimestamp": "2025-11-27T00:00:00Z"}
    read = jobs.read({**made, "metadata": metadata, "status": {}})
    assert (read.expected_seconds, read.expected_kwh, read.interruptible, read.resume_seconds) == (14400, 12, True, 300)
    assert read.deadline == jobs.moment("2025-11-28T00:00:00Z")
    assert read.queue == QUEUE
    assert made["metadata"]["labels"][jobs.DEFERRABLE] == "true"


def test_one_that_is_deferred_anew_is_the_same_job(plan: CenterPlan) -> None:
    from dataclasses import replace

    [one] = plan.applications.batches
    assert batch.name(replace(one, deferrable=None)) == batch.name(one)


def test_a_job_that_was_let_run_is_not_stopped_by_the_next_up(built: Built) -> None:
    declared = job(built)
    assert declared["metadata"]["annotations"][names.LEFT_TO_OTHERS] == "spec.suspend"
    running = {**declared, "spec": {**declared["spec"], "suspend": False}}
    assert left_to_others(declared, None)["spec"]["suspend"] is True
    assert left_to_others(declared, running)["spec"]["suspend"] is False
    without = {key: value for key, value in declared["spec"].items() if key != "suspend"}
    assert "suspend" not in left_to_others(declared, {**declared, "spec": without})["spec"]
    assert left_to_others(declared, running)["spec"]["template"] == declared["spec"]["template"]


def test_an_object_that_leaves_nothing_to_others_is_applied_as_it_is() -> None:
    plain = {"metadata": {"name": "x"}, "spec": {"suspend": True}}
    assert left_to_others(plain, {"metadata": {}, "spec": {"suspend": False}}) is plain
