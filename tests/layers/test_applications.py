"""What people use: a batch as a Job, JupyterHub's values, a page's values, on clusters that offer more or less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aicc import stacks
from infra import names
from infra.layers import batch, notebooks
from infra.plan import CenterPlan
from tests.layers.platform import Built, Registered, build, identities, store

RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    return stacks.stack("alicloud-shanghai").plan


def on(plan: CenterPlan, **offers: Any) -> Built:
    made = {"capabilities": frozenset({"kueue", "gateway-api"}), **offers}
    buckets = {"object_store": lambda: with_checkpoints(plan), "identities": lambda: identities(plan)}
    return build(plan, **{**buckets, **made})


def with_checkpoints(plan: CenterPlan) -> Any:
    base = store("oss")
    own = {f"checkpoints-{tenant.name}": base.buckets["checkpoints"] for tenant in plan.tenants}
    return replace(base, buckets={**base.buckets, **own})


def job(built: Built) -> Registered:
    [found] = [item for item in built.resources.values() if item.kind == "Job" and "batch-abstracts" in item.name]
    return found


def pod_of(item: Registered) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = item.inputs["spec"]["template"]["spec"]
    return spec


def changed(plan: CenterPlan, **changes: Any) -> CenterPlan:
    [one] = plan.applications.batches
    return replace(plan, applications=replace(plan.applications, batches=(replace(one, **changes),)))


def test_nothing_is_made_that_is_not_declared(local_plan: CenterPlan) -> None:
    assert not local_plan.applications.batches
    built = build(local_plan)
    assert not [item for item in built.resources.values() if ":layers:Applications$" in item.urn]


def test_a_batch_s_pods_are_no_replicas_of_the_model_that_they_ask(plan: CenterPlan) -> None:
    found = job(on(plan))
    assert "aicc.io/model" in found.inputs["metadata"]["labels"]
    assert "aicc.io/model" not in found.inputs["spec"]["template"]["metadata"]["labels"]


def test_a_batch_waits_in_its_tenant_s_queue_where_there_is_one(plan: CenterPlan) -> None:
    found = job(on(plan))
    assert found.inputs["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "default"
    assert "suspend" not in found.inputs["spec"], "Kueue sets it"
    alone = job(on(plan, capabilities=frozenset()))
    assert "kueue.x-k8s.io/queue-name" not in alone.inputs["metadata"]["labels"]
    assert alone.inputs["spec"]["suspend"] is False


def test_a_suspended_batch_is_in_no_queue_that_would_start_it(plan: CenterPlan) -> None:
    found = job(on(changed(plan, suspended=True)))
    assert found.inputs["spec"]["suspend"] is True
    assert "kueue.x-k8s.io/queue-name" not in found.inputs["metadata"]["labels"]


def test_a_batch_that_is_declared_anew_has_a_new_name_and_a_resumed_one_its_old(plan: CenterPlan) -> None:
    [one] = plan.applications.batches
    assert batch.name(replace(one, concurrency=one.concurrency + 1)) != batch.name(one)
    assert batch.name(replace(one, suspended=True)) == batch.name(one)


def test_a_batch_yields_to_everything_and_reads_as_its_tenant(plan: CenterPlan) -> None:
    pod = pod_of(job(on(plan)))
    assert pod["priorityClassName"] == "aicc-batch"
    assert pod["serviceAccountName"] == "data"
    labels = job(on(plan)).inputs["spec"]["template"]["metadata"]["labels"]
    assert labels[names.DATA] == "true"
    assert labels["example.com/bound"] == "tenant-research"
    [container] = pod["containers"]
    assert "--input=oss://c-datasets/abstracts/requests.jsonl" in container["args"]
    assert "--output=oss://c-checkpoints/abstracts" in container["args"]
    assert {item["name"]: item["value"] for item in container["env"]} == {
        "AICC_STORE_REGION": "somewhere-1",
        "AICC_STORE_ENDPOINT": "storage.example.com",
    }


def test_a_batch_on_a_volume_has_no_rights_in_the_cloud(plan: CenterPlan) -> None:
    [one] = plan.applications.batches
    own = replace(one.input, bucket=None, claim="data")
    found = job(on(changed(plan, input=own, output=own)))
    pod = pod_of(found)
    assert "serviceAccountName" not in pod
    assert names.DATA not in found.inputs["spec"]["template"]["metadata"]["labels"]
    assert f"--input=/claims/data/{own.path}" in pod["containers"][0]["args"]
    assert [item for item in pod["volumes"] if "persistentVolumeClaim" in item] == [
        {"name": "claim-data", "persistentVolumeClaim": {"claimName": "data"}}
    ]


def test_the_key_of_a_batch_is_a_file_and_its_exit_status_ends_a_hopeless_job(plan: CenterPlan) -> None:
    found = job(on(plan))
    pod = pod_of(found)
    [key] = [volume for volume in pod["volumes"] if volume["name"] == "gateway-key"]
    assert key["secret"]["secretName"] == names.GATEWAY_KEY_SECRET
    assert f"--key-file={batch.KEY_FOLDER}/{names.GATEWAY_KEY}" in pod["containers"][0]["args"]
    rules = found.inputs["spec"]["podFailurePolicy"]["rules"]
    assert {rule["action"] for rule in rules} == {"Ignore", "FailJob"}
    assert pod["restartPolicy"] == "Never", "which a pod failure policy asks for"


def test_what_runs_here_runs_on_nodes_that_run_containers(plan: CenterPlan) -> None:
    selector = {"aicc.io/runs": "containers"}
    built = on(plan, service_nodes=selector)
    assert pod_of(job(built))["nodeSelector"] == selector
    hub = release(built)["values"]
    assert hub["hub"]["nodeSelector"] == hub["singleuser"]["nodeSelector"] == selector


def release(built: Built) -> Mapping[str, Any]:
    [found] = [item for item in built.resources.values() if item.type == RELEASE]
    return found.inputs


def test_jupyterhub_is_one_pinned_release_in_the_tenant_s_namespace(plan: CenterPlan) -> None:
    inputs = release(on(plan))
    assert (inputs["chart"], inputs["namespace"]) == ("jupyterhub", "tenant-research")
    assert inputs["version"].count(".") == 2
    assert inputs["repositoryOpts"]["repo"].startswith("https://")


def test_a_notebook_reaches_the_gateway_and_has_no_accelerator(plan: CenterPlan) -> None:
    own = release(on(plan))["values"]["singleuser"]
    rules = own["networkPolicy"]["egressAllowRules"]
    assert {rule for rule, allowed in rules.items() if allowed} == {"dnsPortsKubeSystemNamespace"}
    assert "extraResource" not in own
    assert own["extraEnv"]["OPENAI_BASE_URL"] == f"{names.GATEWAY_URL}/v1"
    assert own["extraEnv"]["OPENAI_API_KEY"]["valueFrom"]["secretKeyRef"]["name"] == names.GATEWAY_KEY_SECRET


def test_nothing_of_jupyterhub_is_privileged_or_beside_the_tenant(plan: CenterPlan) -> None:
    values = release(on(plan))["values"]
    assert values["singleuser"]["cloudMetadata"]["blockWithIptables"] is False
    assert values["scheduling"]["userScheduler"]["enabled"] is False
    assert not any(part["enabled"] for part in values["prePuller"].values())
    assert values["proxy"]["service"]["type"] == "ClusterIP"
    context = values["hub"]["config"]["KubeSpawner"]
    assert context["container_security_context"]["capabilities"] == {"drop": ["ALL"]}
    assert context["pod_security_context"]["runAsNonRoot"] is True


def test_only_the_tenant_s_group_comes_in_and_idle_notebooks_go(plan: CenterPlan) -> None:
    values = release(on(plan))["values"]
    config = values["hub"]["config"]
    assert config["OAuthenticator"]["allowed_groups"] == ["jinshan:research"]
    assert config["Authenticator"]["manage_groups"] is True
    assert config["GenericOAuthenticator"]["auth_state_groups_key"] == "oauth_user.groups"
    assert values["hub"]["extraEnv"]["OAUTH_CLIENT_SECRET"]["valueFrom"]["secretKeyRef"]["name"] == "notebooks-login"
    assert values["cull"] == {"enabled": True, "timeout": 3600, "every": notebooks.CULL_EVERY_SECONDS}


@pytest.mark.parametrize(("volumes", "wanted"), [(("shared", "block"), "aicc-shared"), ((), None)])
def test_people_s_files_are_on_the_shared_class_where_there_is_one(
    plan: CenterPlan, volumes: tuple[str, ...], wanted: str | None
) -> None:
    [declared] = plan.applications.notebooks

    class Cluster:
        service_nodes: Mapping[str, str] = {}

        def __init__(self) -> None:
            self.volumes = dict.fromkeys(volumes)

        def serves(self, _: str) -> bool:
            return False

    values = notebooks.values(declared, Cluster(), plan.applications.entrance)  # type: ignore[arg-type]
    assert values["singleuser"]["storage"]["dynamic"]["storageClass"] == wanted
    assert values["httpRoute"] == {"enabled": False}


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("r.example.com:5000/hub:4.4.0", ("r.example.com:5000/hub", "4.4.0")),
        ("r.example.com/hub:4@sha256:ab", ("r.example.com/hub:4@sha256", "ab")),
        ("r.example.com/hub@sha256:ab", ("r.example.com/hub@sha256", "ab")),
    ],
)
def test_an_image_is_put_together_again_as_it_was(reference: str, parts: tuple[str, str]) -> None:
    found = notebooks._image(reference)
    assert (found["name"], found["tag"]) == parts
    assert f"{found['name']}:{found['tag']}" == reference
