"""Upstream operators: what is installed, in which order, how pinned, and with which rights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from aicc.offline.values import has_secret
from aicc.paths import REPO
from infra import names
from infra.config.fields import Operator
from infra.layers import operators
from infra.plan import CenterPlan
from tests.layers.platform import BRINGS, OPERATORS, Built, build, identities, store

SECRET_KEY = re.compile(r"pass(word|phrase)|token|secret(key|access)|access.?key|private.?key|api.?key", re.IGNORECASE)


@pytest.fixture(scope="module")
def everything(local_plan: CenterPlan) -> Built:
    """A cluster that has nothing of its own, so that every operator is installed."""
    return build(local_plan, operators=OPERATORS, object_store=store, identities=lambda: identities(local_plan))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    else:
        yield path, value


def test_every_operator_that_can_be_declared_can_be_installed() -> None:
    assert set(operators.OPERATORS) == set(OPERATORS)


def test_every_operator_is_one_release_in_a_namespace_of_its_own(everything: Built) -> None:
    assert set(everything.charts) == set(OPERATORS)
    homes = [chart.inputs["namespace"] for chart in everything.charts.values()]
    assert len(set(homes)) == len(homes)
    for chart in everything.charts.values():
        home = everything.of("Namespace")[chart.inputs["namespace"]]
        assert home.urn in everything.before(chart)


def test_nothing_is_installed_that_the_cluster_serves(local_plan: CenterPlan) -> None:
    served = build(local_plan, capabilities=frozenset(OPERATORS), object_store=store)
    assert served.charts == {}
    assert not [
        item for item in served.of("Namespace").values() if item.inputs["metadata"]["labels"][names.ROLE] == "operators"
    ]


@pytest.mark.parametrize("alone", OPERATORS)
def test_an_operator_needs_no_other_to_be_there(local_plan: CenterPlan, alone: Operator) -> None:
    """The others may be the service's own."""
    built = build(local_plan, operators=(alone,), capabilities=frozenset(OPERATORS) - {alone}, object_store=store)
    assert list(built.charts) == [alone]


def test_an_operator_comes_after_those_whose_resources_its_chart_uses(everything: Built) -> None:
    charts = everything.charts
    for name, operator in operators.OPERATORS.items():
        assert {charts[other].urn for other in operator.after} <= everything.before(charts[name])
    assert charts["cert-manager"].urn in everything.before(charts["prometheus-operator"])
    assert {charts["jobset"].urn, charts["lws"].urn} <= everything.before(charts["kueue"])


def test_a_custom_resource_waits_for_the_operator_that_defines_it(everything: Built) -> None:
    found = everything.custom()
    assert {item.inputs["apiVersion"].partition("/")[0] for item in found} == {"kueue.x-k8s.io", "velero.io"}
    for item in found:
        operator = BRINGS[item.inputs["apiVersion"].partition("/")[0]]
        assert everything.charts[operator].urn in everything.before(item)


def test_operators_wait_for_the_priority_class_that_they_name_and_for_the_policies(everything: Built) -> None:
    platform = everything.of("PriorityClass")[operators.PRIORITY]
    bindings = everything.of("ValidatingAdmissionPolicyBinding").values()
    for chart in everything.charts.values():
        assert {platform.urn, *(binding.urn for binding in bindings)} <= everything.before(chart)


def test_every_chart_is_pinned_to_one_version_of_one_place(everything: Built) -> None:
    for chart in everything.charts.values():
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", chart.inputs["version"])
        repository = chart.inputs.get("repositoryOpts", {}).get("repo", "")
        assert chart.inputs["chart"].startswith("oci://") != repository.startswith("https://")


def test_no_value_of_a_chart_is_a_secret(everything: Built) -> None:
    for chart in everything.charts.values():
        assert not has_secret(chart.inputs)
        given = [path for path, value in leaves(chart.inputs["values"]) if SECRET_KEY.search(path) and value]
        assert given == []
    assert everything.charts["velero"].inputs["values"]["credentials"] == {"useSecret": False}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_s_namespace_enforces_its_level_and_is_known_by_its_role(everything: Built, name: Operator) -> None:
    operator = operators.OPERATORS[name]
    labels = everything.of("Namespace")[operator.namespace].inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == operator.level
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"
    assert (labels[names.ROLE], labels[names.CENTER]) == ("operators", "jinshan-local")


def test_no_operator_may_do_more_than_those_known_to_need_it() -> None:
    """Velero's server has no security context of its own."""
    levels = {name: operator.level for name, operator in operators.OPERATORS.items()}
    assert {name: level for name, level in levels.items() if level != "restricted"} == {"velero": "baseline"}


@pytest.mark.parametrize(("name", "account"), [("velero", ("server",)), ("external-secrets", ())])
def test_an_operator_is_its_own_identity_in_the_cloud(everything: Built, name: Operator, account: Any) -> None:
    """The name is the one that the cloud binds, and the pods carry the labels that its webhook looks for."""
    given = everything.charts[name].inputs["values"]
    found = given["serviceAccount"]
    for key in account:
        found = found[key]
    assert found["name"] == name
    assert found["annotations"] == {"example.com/role": f"role-{name}"}
    assert given["podLabels"] == {"example.com/bound": name}


@pytest.mark.parametrize("scheme", ["s3", "gs", "azblob"])
def test_velero_has_the_plugin_of_its_bucket(local_plan: CenterPlan, scheme: str) -> None:
    built = build(local_plan, operators=("velero",), object_store=lambda: store(scheme))
    [plugin] = built.charts["velero"].inputs["values"]["initContainers"]
    plugins = {"s3": "aws", "gs": "gcp", "azblob": "microsoft-azure"}
    assert re.fullmatch(rf"docker\.io/velero/velero-plugin-for-{plugins[scheme]}:v[\d.]+", plugin["image"])


def test_operators_survive_the_loss_of_one_node(everything: Built) -> None:
    """Webhooks refuse what they guard while none of their pods is there."""
    values = {name: chart.inputs["values"] for name, chart in everything.charts.items()}
    assert values["cert-manager"]["webhook"]["replicaCount"] >= 2
    assert values["external-secrets"]["webhook"]["replicaCount"] >= 2
    assert values["jobset"]["controller"]["replicas"] >= 2
    assert values["keda"]["webhooks"]["replicaCount"] >= 2
    assert values["kueue"]["controllerManager"]["replicas"] >= 2
    assert values["lws"]["replicaCount"] >= 2


def test_kueue_queues_jobs_and_never_plain_pods(everything: Built) -> None:
    """Its webhook on every pod would stop the cluster where Kueue is down."""
    configuration = everything.charts["kueue"].inputs["values"]["managerConfig"]["controllerManagerConfigYaml"]
    assert '"batch/job"' in configuration
    assert '"pod"' not in configuration
    # Nor does anybody else's job wait for it: the platform's own, a backup's.
    assert json.loads(configuration)["managedJobsNamespaceSelector"] == {"matchLabels": {names.ROLE: "tenant"}}
    assert "/v1beta2" in configuration


def test_the_how_to_shows_an_operator_as_it_is() -> None:
    page = (REPO / "docs" / "howto" / "add-an-operator.md").read_text(encoding="utf-8")
    shown = re.findall(r"^ +```python\n(.*?)^ +```$", page, re.DOTALL | re.MULTILINE)
    sources = [(REPO / "infra" / path).read_text(encoding="utf-8") for path in ("versions.py", "layers/operators.py")]
    assert len(shown) == len(sources)
    for example, source in zip(shown, sources, strict=True):
        assert example.strip() in source
