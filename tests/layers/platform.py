"""Layers on a cluster of the test's own making, through the SDK's mocks: no cloud's package takes part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi.runtime import mocks

from aicc.offline.charts import CHART_TYPE
from aicc.offline.record import event_loop, plain
from infra import layers
from infra.clouds.base import ClusterOut, Identity, ObjectStore
from infra.config.fields import Operator
from infra.config.storage import BACKUPS, CHECKPOINTS, DATASETS, MODELS
from infra.plan import CenterPlan
from infra.plan.workloads import EXTERNAL_SECRETS, VELERO

OPERATORS: tuple[Operator, ...] = get_args(Operator)
BRINGS: dict[str, Operator] = {
    "cert-manager.io": "cert-manager",
    "external-secrets.io": "external-secrets",
    "gateway.networking.k8s.io": "gateway-api",
    "jobset.x-k8s.io": "jobset",
    "keda.sh": "keda",
    "kueue.x-k8s.io": "kueue",
    "leaderworkerset.x-k8s.io": "lws",
    "monitoring.coreos.com": "prometheus-operator",
    "velero.io": "velero",
}
"""The groups of custom resources that each operator's chart defines."""


@dataclass(frozen=True)
class Registered:
    """One resource as it was registered."""

    urn: str
    type: str
    name: str
    dependencies: tuple[str, ...]
    inputs: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Of a Kubernetes object."""
        return self.type.rpartition(":")[2]


class _Echo(mocks.Mocks):
    """Outputs are inputs."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"{args.token} asks a cloud for data")


class _Monitor(mocks.MockMonitor):
    """The SDK's own, which also keeps dependencies; mocks are not told of them."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self.registered: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the SDK's name
        response: Any = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        inputs = plain(pulumi.runtime.rpc.deserialize_properties(request.object))
        self.registered.append(
            Registered(response.urn, request.type, request.name, tuple(request.dependencies), inputs)
        )
        return response


class Built:
    """What the layers registered."""

    def __init__(self, registered: Iterable[Registered]) -> None:
        self.resources = {item.urn: item for item in registered}

    def of(self, kind: str) -> dict[str, Registered]:
        """Objects of a kind, by name."""
        return {item.name: item for item in self.resources.values() if item.kind == kind}

    @property
    def charts(self) -> dict[str, Registered]:
        """Releases of upstream charts, by name."""
        found = (item for item in self.resources.values() if item.type == CHART_TYPE)
        return {item.name: item for item in found if "version" in item.inputs}

    def custom(self) -> list[Registered]:
        """Objects of APIs that an operator brings."""
        return [item for item in self.resources.values() if _group(item) in BRINGS]

    def before(self, resource: Registered) -> set[str]:
        """Every URN that a resource waits for, directly or not."""
        seen, left = set[str](), [*resource.dependencies]
        while left:
            if (urn := left.pop()) not in seen:
                seen.add(urn)
                left += self.resources[urn].dependencies
        return seen


def _group(resource: Registered) -> str:
    return str(resource.inputs.get("apiVersion", "")).partition("/")[0]


def store(scheme: Any = "s3") -> ObjectStore:
    """The four buckets that every centre has."""
    return ObjectStore(
        scheme=scheme,
        region="somewhere-1",
        endpoint="storage.example.com",
        buckets={role: pulumi.Output.from_input(f"c-{role}") for role in (MODELS, DATASETS, CHECKPOINTS, BACKUPS)},
        account=pulumi.Output.from_input("ccenter") if scheme == "azblob" else None,
    )


def identities(plan: CenterPlan) -> dict[str, Identity]:
    """One for each workload that a public cloud binds, each told from the others."""
    workloads = (VELERO, EXTERNAL_SECRETS, *(tenant.namespace for tenant in plan.tenants))
    return {
        name: Identity({"example.com/role": pulumi.Output.from_input(f"role-{name}")}, {"example.com/bound": name})
        for name in workloads
    }


def build(plan: CenterPlan, **offers: Any) -> Built:
    """Build every layer on a cluster that offers what `offers` says, in ClusterOut's own words."""
    monitor = _Monitor()
    with event_loop():
        mocks.set_mocks(monitor.mocks, project="ai-compute-center", stack="test", monitor=monitor)

        @pulumi.runtime.test  # type: ignore[untyped-decorator]
        def program() -> None:
            given = {key: value() if callable(value) else value for key, value in offers.items()}
            layers.build(
                plan,
                ClusterOut(
                    provider=kubernetes.Provider("cluster", kubeconfig="~/.kube/config"),
                    kubeconfig=pulumi.Output.from_input("~/.kube/config"),
                    capabilities=given.pop("capabilities", frozenset()),
                    admission_scope="cluster",
                    images_by_digest=True,
                    **given,
                ),
            )

        program()
    return Built(monitor.registered)
