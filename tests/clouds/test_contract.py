"""What every public cloud's package must keep, held against its example stack."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aicc.offline.graph import Graph
from aicc.offline.record import Resource
from aicc.offline.values import LATER, MASK, Secret, mask
from aicc.paths import REPO
from infra import names
from infra.clouds import registry
from infra.config.clouds import PublicCloud
from infra.plan import CenterPlan
from tests.clouds.conftest import plan_of, public

STATEFUL = re.compile(
    r":(Key|CryptoKey|KeyRing|Vault|Bucket|StorageAccount|FileSystem|LustreFileSystem|AmlFilesystem|Share|Instance"
    r"|ManagedKubernetes|ManagedCluster|Cluster|Registry|Repository|RegistryEnterpriseInstance)$"
)
"""Types that hold data or keys, by the last part of their token."""
TAGS = ("tags", "labels", "resourceLabels", "effectiveLabels", "userLabels")
REQUIRED_TAGS = {"owner", "cost-center", "tenant"}


def cloud_resources(graph: Graph) -> list[Resource]:
    return graph.cloud_resources


def strings(value: Any) -> Iterator[str]:
    """Every text anywhere in a value, secrets included."""
    if isinstance(value, Secret):
        yield from strings(value.value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def test_every_public_cloud_has_an_example() -> None:
    assert {plan_of(stack).cloud.kind for stack in public()} == {
        kind for kind, entry in registry.CLOUDS.items() if entry.sdk
    }


def test_a_plan_needs_neither_network_nor_credentials(stack: str) -> None:
    """In a process of its own whose sockets cannot connect, and whose environment names no account."""
    forbid = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('a plan opened a connection')\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n"
        f"sys.argv = ['aicc', 'plan', '--stack', {stack!r}, '--json']\n"
        "from aicc.cli import main\n"
        "main()\n"
    )
    environment = {key: os.environ[key] for key in ("HOME", "PATH", "XDG_CACHE_HOME") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", forbid], cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stack"] == stack


def test_connections_would_have_been_noticed() -> None:
    assert callable(socket.socket.connect)
    refused = "import socket; socket.socket.connect = lambda *_: 1/0; socket.create_connection(('127.0.0.1', 9))"
    assert subprocess.run([sys.executable, "-c", refused], capture_output=True, check=False).returncode == 1


def test_every_pool_is_made_with_the_label_that_tells_its_nodes(graph: Graph, plan: CenterPlan) -> None:
    texts = [set(strings(resource.inputs)) for resource in cloud_resources(graph)]
    for pool in plan.pools:
        assert any({names.POOL, pool.name} <= found for found in texts), pool.name


def test_what_holds_data_or_keys_is_protected(graph: Graph) -> None:
    found = [resource for resource in cloud_resources(graph) if STATEFUL.search(resource.type)]
    assert found
    assert [resource.urn for resource in found if not resource.protect] == []


def test_protection_follows_the_declaration(stack: str, tmp_path: Path) -> None:
    from aicc.offline.graph import graph_of
    from aicc.progress import reporter

    text = (REPO / "examples" / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    path = tmp_path / f"Pulumi.{stack}.yaml"
    path.write_text(re.sub(r"(\n +)(region: )", r"\1deletionProtection: false\1\2", text, count=1), encoding="utf-8")
    assert [item.urn for item in cloud_resources(graph_of(stack, path, reporter())) if item.protect] == []


def test_what_takes_tags_says_who_answers_and_who_pays(graph: Graph) -> None:
    tagged = {
        resource.urn: set(resource.inputs[field])
        for resource in cloud_resources(graph)
        for field in TAGS
        if isinstance(resource.inputs.get(field), Mapping) and names.POOL not in resource.inputs[field]
    }
    assert tagged
    assert {urn: REQUIRED_TAGS - found for urn, found in tagged.items() if REQUIRED_TAGS - found} == {}


def test_logical_names_say_the_role_and_nothing_of_the_place(graph: Graph, stack: str, cloud: PublicCloud) -> None:
    """They are what state hangs on: a centre that is copied to another region keeps them."""
    for resource in cloud_resources(graph):
        bare = resource.name
        for zone in cloud.zones:
            bare = bare.replace(zone, "")
        assert stack not in bare, resource.urn
        assert cloud.region not in bare, resource.urn


def test_every_urn_is_unique(graph: Graph) -> None:
    urns = [resource.urn for resource in graph.resources]
    assert len(set(urns)) == len(urns)


def test_the_kubeconfig_is_exported_as_a_secret_and_nothing_else_is_one(graph: Graph) -> None:
    assert isinstance(graph.outputs["kubeconfig"], Secret)
    shown = mask(graph.outputs)
    assert shown["kubeconfig"] == MASK
    assert MASK not in set(strings({**shown, "kubeconfig": ""}))


def test_the_cluster_s_provider_is_given_the_kubeconfig_as_a_secret(graph: Graph) -> None:
    [provider] = [item for item in graph.resources if item.type == "pulumi:providers:kubernetes"]
    assert isinstance(provider.inputs["kubeconfig"], Secret)
    assert "clusterIdentifier" in provider.inputs, "docs/adr/2026-11-24-one-stack.md"


def test_every_workload_has_an_identity_of_its_own(graph: Graph, plan: CenterPlan) -> None:
    texts = [" ".join(strings(resource.inputs)) for resource in cloud_resources(graph)]
    names_ = [resource.name for resource in cloud_resources(graph)]
    for workload in plan.workloads:
        assert any(workload.name in text and workload.service_account in text for text in [*texts, *names_]), (
            workload.name
        )


def test_no_key_of_the_cloud_is_made(graph: Graph) -> None:
    """Identities are bound to service accounts; a key could be copied."""
    made = {resource.type for resource in cloud_resources(graph)}
    assert {
        kind for kind in made if re.search(r"AccessKey|serviceAccountKey|servicePrincipalPassword", kind, re.I)
    } == set()


def test_the_cluster_s_objects_hang_on_its_provider_and_are_complete_but_for_identities(graph: Graph) -> None:
    incomplete = {manifest.kind for manifest in graph.manifests if manifest.incomplete}
    assert incomplete <= {"ServiceAccount", "BackupStorageLocation", "StorageClass"}
    assert LATER not in {str(manifest) for manifest in graph.manifests}
