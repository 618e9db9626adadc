"""Jobs that fetch and verify weights: what they are told, what they wait for, and that they hold no key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from infra import names
from infra.clouds.base import VolumeClass
from infra.layers import weights
from infra.plan import CenterPlan, ModelPlan
from infra.plan.workloads import TENANT_SERVICE_ACCOUNT
from tests.layers.platform import Built, Registered, build, identities, store

SHARED = {"shared": VolumeClass("files.example.com")}


def cached(plan: CenterPlan) -> list[ModelPlan]:
    found = [model for model in plan.models if model.folder]
    assert found
    return found


def job_of(built: Built, model: ModelPlan) -> Registered:
    label = f"{names.DOMAIN}/model"
    [found] = [job for job in built.of("Job").values() if job.inputs["metadata"]["labels"].get(label) == model.name]
    return found


def container(job: Registered) -> dict[str, Any]:
    [found] = job.inputs["spec"]["template"]["spec"]["containers"]
    return dict(found)


def changed(plan: CenterPlan, model: ModelPlan, **of_weights: Any) -> CenterPlan:
    assert model.weights
    new = replace(model, weights=replace(model.weights, **of_weights))
    return replace(plan, models=tuple(new if each is model else each for each in plan.models))


def test_each_model_with_a_digest_has_a_job_that_is_told_it(local_plan: CenterPlan) -> None:
    built = build(local_plan)
    assert len(built.of("Job")) >= len(cached(local_plan))
    for model in cached(local_plan):
        assert model.weights
        args = container(job_of(built, model))["args"]
        assert {
            f"--folder={model.folder}",
            f"--digest={model.weights.digest}",
            f"--path={model.weights.path}",
            "--endpoint=http://object-store.aicc-system.svc:7070",
            "--bucket=models",
        } <= set(args)
        assert all(argument.startswith("--") and "=" in argument for argument in args), "none is read as a flag"


def test_what_other_models_of_the_cache_serve_is_kept(local_plan: CenterPlan) -> None:
    built = build(local_plan)
    by_name = {model.name: model for model in local_plan.models}
    for cache in local_plan.caches:
        kept = {f"--keep={by_name[name].folder}" for name in cache.models}
        for name in cache.models:
            assert kept <= set(container(job_of(built, by_name[name]))["args"])


def test_a_job_waits_for_its_volume_and_for_the_store_that_it_reads(local_plan: CenterPlan) -> None:
    built = build(local_plan, volumes=SHARED)
    [run] = [item for item in built.resources.values() if item.name == names.OBJECT_STORE and "chart" in item.inputs]
    claims = {item.inputs["metadata"]["namespace"]: item for item in built.of("PersistentVolumeClaim").values()}
    for model in cached(local_plan):
        before = built.before(job_of(built, model))
        claim = claims[job_of(built, model).inputs["metadata"]["namespace"]]
        assert claim.inputs["spec"]["storageClassName"] == "aicc-shared"
        assert {run.urn, claim.urn, built.of("StorageClass")["aicc-shared"].urn} <= before


def test_the_own_store_s_keys_are_named_and_in_no_resource(local_plan: CenterPlan) -> None:
    built = build(local_plan)
    for model in cached(local_plan):
        references = {
            each["name"]: each["valueFrom"]["secretKeyRef"] for each in container(job_of(built, model))["env"]
        }
        assert references == {
            "AWS_ACCESS_KEY_ID": {"name": names.OBJECT_STORE_READER, "key": "access"},
            "AWS_SECRET_ACCESS_KEY": {"name": names.OBJECT_STORE_READER, "key": "secret"},
        }
    assert built.of("Secret") == {}


def test_in_a_cloud_s_store_a_job_reads_by_its_identity_and_without_keys(local_plan: CenterPlan) -> None:
    plan = replace(local_plan, own_store=False)
    built = build(plan, object_store=store, identities=lambda: identities(plan))
    for model in cached(plan):
        job = job_of(built, model)
        pod = job.inputs["spec"]["template"]
        namespace = job.inputs["metadata"]["namespace"]
        assert container(job).get("env", []) == []
        assert pod["spec"]["serviceAccountName"] == TENANT_SERVICE_ACCOUNT
        assert pod["metadata"]["labels"]["example.com/bound"] == namespace
        assert {"--bucket=c-models", "--endpoint=storage.example.com"} <= set(container(job)["args"])


def test_weights_of_a_hub_come_by_commit_and_wait_for_no_store(local_plan: CenterPlan) -> None:
    model = cached(local_plan)[0]
    plan = changed(local_plan, model, source="hub", path="example/m", revision="a" * 40)
    job = job_of(build(plan), model)
    assert {f"--hub={weights.HUB}", f"--revision={'a' * 40}", "--path=example/m"} <= set(container(job)["args"])
    assert container(job).get("env", []) == []
    assert not [argument for argument in container(job)["args"] if argument.startswith("--endpoint")]


@pytest.mark.parametrize("change", [{"digest": f"sha256:{'1' * 64}"}, {"path": "another"}, {"size_bytes": 7}])
def test_another_declaration_is_another_job_and_the_same_one_is_not(
    local_plan: CenterPlan, change: dict[str, Any]
) -> None:
    """A job's template cannot be changed."""
    model = cached(local_plan)[0]
    first = job_of(build(local_plan), model).inputs["metadata"]["name"]
    assert job_of(build(local_plan), model).inputs["metadata"]["name"] == first
    plan = changed(local_plan, model, **change)
    assert job_of(build(plan), model).inputs["metadata"]["name"] != first


def test_only_faults_that_may_pass_are_tried_again(local_plan: CenterPlan) -> None:
    spec = job_of(build(local_plan), cached(local_plan)[0]).inputs["spec"]
    [rule] = spec["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"]["values"] == [3, 4], "as images/prefetch exits: no match, no room"
    assert spec["template"]["spec"]["restartPolicy"] == "Never", "or the policy is refused"


def test_a_pod_that_fetches_has_no_rights_on_its_node_or_in_the_cluster(local_plan: CenterPlan) -> None:
    job = job_of(build(local_plan), cached(local_plan)[0])
    pod = job.inputs["spec"]["template"]["spec"]
    security = container(job)["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_a_model_that_is_not_cached_has_no_arguments(local_plan: CenterPlan) -> None:
    [cache, *_] = local_plan.caches
    shelf = weights.Shelf(cache, local_plan.tenants[0], (), None)
    bare = replace(cached(local_plan)[0], weights=None)
    with pytest.raises(TypeError, match="is not cached"):
        weights.arguments(bare, shelf)
    with pytest.raises(TypeError, match="there is none"):
        weights.arguments(cached(local_plan)[0], shelf)


def test_no_tenant_s_cache_is_another_s(local_plan: CenterPlan) -> None:
    claims = build(local_plan).of("PersistentVolumeClaim").values()
    homes = [item.inputs["metadata"]["namespace"] for item in claims if names.MODEL_CACHE in json.dumps(item.inputs)]
    assert sorted(homes) == sorted(cache.namespace for cache in local_plan.caches)
