"""What the layers emit, against a real API server that serves the operators' own definitions.

A strict server-side dry run: the schema and its CEL rules hold, and an unknown field is an error. What only an
operator's webhook checks is not seen.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import yaml
from rich.console import Console

from aicc import paths, toolbox
from aicc.kube.client import Kube
from aicc.kube.transport import ApiError
from aicc.local.cluster import LocalCluster
from aicc.offline.graph import Graph
from aicc.paths import REPO
from aicc.progress import PlainReporter
from infra.plan import CenterPlan
from tests.charts.test_model_server_groups import GROUP, SPLIT
from tests.layers.platform import BRINGS, OPERATORS, Built, build, identities, store
from tests.support.graphs import STACKS
from tests.support.helm import Helm

CRDS = REPO.parent / "shared" / "crds"
FIELD_MANAGER = "aicc-test"

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not CRDS.is_dir(), reason=f"the operators' definitions are not at ../{CRDS.parent.name}/crds"),
]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads the `=` of a Prometheus matcher as the text that it is; YAML 1.1 gives it a meaning."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


@pytest.fixture(scope="module")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """An API server of this module's own, with every definition in the folder."""
    reporter = PlainReporter(Console(file=io.StringIO()))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        cluster = LocalCluster("crds")
        cluster.start(reporter)
        try:
            with Kube.from_kubeconfig(cluster.kubeconfig) as connected:
                for definition in definitions():
                    connected.apply(definition, FIELD_MANAGER)
                yield connected
        finally:
            cluster.delete(reporter)


@cache
def definitions() -> list[Mapping[str, Any]]:
    texts = (path.read_text(encoding="utf-8") for path in sorted(CRDS.rglob("*.yaml")))
    found = (document for text in texts for document in yaml.load_all(text, Loader=_Loader))
    return [document for document in found if document["kind"] == "CustomResourceDefinition"]


def try_on(kube: Kube, objects: Iterable[Mapping[str, Any]]) -> None:
    """Have the API server check every object; the namespaces that they are in are really made."""
    found = list(objects)
    homes = {item["metadata"]["namespace"] for item in found if "namespace" in item["metadata"]}
    for home in sorted(homes):
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}, FIELD_MANAGER)
    for item in found:
        kube.apply(item, FIELD_MANAGER, dry_run=True)


def kinds(objects: Iterable[Mapping[str, Any]]) -> set[str]:
    return {item["kind"] for item in objects}


def emitted(built: Built) -> list[Mapping[str, Any]]:
    return [item.inputs for item in built.custom()]


@pytest.mark.parametrize("scheme", ["s3", "gs", "azblob"])
def test_every_custom_resource_is_accepted(kube: Kube, local_plan: CenterPlan, scheme: str) -> None:
    objects = emitted(
        build(
            local_plan,
            operators=OPERATORS,
            object_store=lambda: store(scheme),
            identities=lambda: identities(local_plan),
        )
    )
    queues = {"ClusterQueue", "LocalQueue", "ResourceFlavor", "WorkloadPriorityClass"}
    assert kinds(objects) == queues | {"BackupStorageLocation", "Schedule"}
    try_on(kube, objects)


def test_queues_of_accelerators_that_share_a_resource_are_accepted(kube: Kube, plugins_plan: CenterPlan) -> None:
    try_on(kube, emitted(build(plugins_plan, capabilities=frozenset({"kueue"}))))


@pytest.mark.parametrize("name", STACKS)
def test_every_object_of_a_stack_is_accepted(kube: Kube, name: str, stack_graphs: Mapping[str, Graph]) -> None:
    """Built-in ones too, strictly; a value that only the cloud knows stands in the plan as a text."""
    objects = [manifest.body for manifest in stack_graphs[name].manifests]
    assert objects
    try_on(kube, objects)


@pytest.mark.parametrize("values", [GROUP, {**GROUP, **SPLIT}], ids=["group", "prefill and decode"])
def test_replicas_of_several_nodes_are_accepted(kube: Kube, values: Mapping[str, Any]) -> None:
    helm = Helm(toolbox.ensure(["helm"], PlainReporter(Console(file=io.StringIO())))["helm"])
    text = helm.template(paths.CHARTS / "model-server", values, release="model-a", namespace="tenant-a")
    objects = [body for body in yaml.load_all(text, Loader=_Loader) if body]
    assert "LeaderWorkerSet" in kinds(objects)
    try_on(kube, objects)


@pytest.mark.parametrize("group", BRINGS)
def test_the_server_serves_what_every_operator_brings(kube: Kube, group: str) -> None:
    specs = [definition["spec"] for definition in definitions() if definition["spec"]["group"] == group]
    assert specs
    for spec in specs:
        versions = [version["name"] for version in spec["versions"] if version["served"]]
        assert all(kube.serves(f"{group}/{version}", spec["names"]["kind"]) for version in versions)


@pytest.mark.parametrize("damage", [{"cohort": "c"}, {"queueingStrategy": "Whenever"}, {"resourceGroups": "all"}])
def test_what_does_not_fit_is_refused(kube: Kube, local_plan: CenterPlan, damage: Mapping[str, Any]) -> None:
    """Or the tests above would prove nothing: an unknown field, a value outside its choices, another type."""
    objects = emitted(build(local_plan, capabilities=frozenset({"kueue"})))
    queue = next(item for item in objects if item["kind"] == "ClusterQueue")
    with pytest.raises(ApiError):
        try_on(kube, [{**queue, "spec": {**queue["spec"], **damage}}])
