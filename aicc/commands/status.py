"""`aicc status`: the stack as it is now: pools, tenants' quota use, models, endpoints, applications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from aicc.apply.explain import why_not_ready
from aicc.commands import applications
from aicc.commands.applications import BatchStatus, PageStatus
from aicc.kube.readiness import holds
from aicc.kubeconfigs import connect, kubeconfig_of
from aicc.local.keda.keda import Keda
from aicc.local.monitoring.monitoring import Monitoring, MonitoringStatus
from aicc.local.node.node import NodeStatus, RealNode
from aicc.local.programs import ProgramStatus
from aicc.stacks import Stack
from infra import names, quantity
from infra.outputs import endpoint
from infra.plan import ModelPlan, PoolPlan, TenantPlan

if TYPE_CHECKING:
    from aicc.kube.client import Kube


_COMPONENT = "model-server"
_SERVING = f"app.kubernetes.io/name={_COMPONENT}"
_WEIGHTS = "app.kubernetes.io/name=weights"
_GROUP = ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet")
_PATIENCE_SECONDS = 3
"""Someone is looking: better an answer than a long wait for a better one."""


@dataclass(frozen=True)
class PoolStatus:
    """A pool's nodes and accelerators."""

    name: str
    nodes: int
    ready: int
    declared: int
    resource: str | None
    allocatable: int
    """Accelerators that the ready nodes offer."""
    requested: int
    """Accelerators that pods on the pool's nodes hold."""

    @property
    def enough(self) -> bool:
        """Whether as many nodes as declared are ready."""
        return self.ready >= self.declared


@dataclass(frozen=True)
class TenantStatus:
    """A tenant's quota: `used` of `hard`, by resource."""

    name: str
    namespace: str
    used: Mapping[str, str]
    hard: Mapping[str, str]


@dataclass(frozen=True)
class ModelStatus:
    """A model's replicas."""

    name: str
    tenant: str
    ready: int
    wanted: int
    endpoint: str
    problem: str = ""
    """What stops replicas, or the model's weights, in the cluster's words; empty where nothing does."""

    @property
    def enough(self) -> bool:
        """Whether as many replicas as wanted are ready, and with the weights that are declared."""
        return self.ready >= self.wanted and not self.problem


@dataclass(frozen=True)
class Status:
    """The whole stack."""

    stack: str
    server: str
    version: str
    kubeconfig: str
    pools: tuple[PoolStatus, ...]
    tenants: tuple[TenantStatus, ...]
    models: tuple[ModelStatus, ...]
    pages: tuple[PageStatus, ...] = ()
    batches: tuple[BatchStatus, ...] = ()
    keda: tuple[ProgramStatus, ...] = ()
    """KEDA's programs on this machine; none where the stack is not local or has no KEDA."""
    machine: NodeStatus | None = None
    """The real node; None where the stack has none."""
    monitoring: MonitoringStatus | None = None
    """Prometheus and what belongs to it on this machine; None where the stack is not local or has no monitoring."""

    @property
    def short(self) -> list[str]:
        """What is not ready, a line each."""
        pools = [f"pool {item.name}: {item.ready} of {item.declared} nodes" for item in self.pools if not item.enough]
        models = [
            f"model {item.name}: {item.ready} of {item.wanted} replicas" + (f": {item.problem}" if item.problem else "")
            for item in self.models
            if not item.enough
        ]
        pages = [str(item) for item in self.pages if not item.ready]
        programs = [f"{item.name} does not run" for item in self.keda if item.pid is None]
        node = self.machine
        parts = [f"{name} of node {node.name} is not ready" for name in node.waiting] if node else []
        monitoring = self.monitoring.short if self.monitoring else []
        return pools + models + pages + programs + parts + monitoring

    def as_json(self) -> dict[str, Any]:
        """Return the status for programs."""
        return {**asdict(self), "ready": not self.short}


def status(stack: Stack) -> Status:
    """Ask the cluster.

    Raises ClusterError where it cannot be reached.
    """
    with connect(stack, patience_seconds=_PATIENCE_SECONDS) as kube:
        held = _held(kube)
        machine = RealNode(stack.name).status()
        nodes = kube.list("v1", "Node")
        quotas = kube.list("v1", "ResourceQuota")
        serving = [found for kind in _kinds(stack.plan.models) for found in kube.list(*kind, label_selector=_SERVING)]
        refused = _failed_weights(kube)
        return Status(
            stack=stack.name,
            server=kube.server,
            version=kube.version(),
            kubeconfig=str(kubeconfig_of(stack)[0]),
            pools=tuple(_pool(pool, nodes, held, machine) for pool in stack.plan.pools),
            tenants=tuple(_tenant(tenant, quotas) for tenant in stack.plan.tenants),
            models=tuple(_model(model, serving, refused, kube) for model in stack.plan.models),
            pages=applications.pages(stack.plan, kube, machine.published if machine else {}),
            batches=applications.batches(stack.plan, kube),
            keda=Keda(stack.name).status(),
            machine=machine,
            monitoring=Monitoring(stack.name).status(),
        )


def _held(kube: Kube) -> dict[tuple[str, str], int]:
    """Accelerators held on each node, by node and resource."""
    held: dict[tuple[str, str], int] = {}
    for pod in kube.list("v1", "Pod"):
        if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            continue
        for container in pod["spec"]["containers"]:
            for resource, amount in container.get("resources", {}).get("requests", {}).items():
                if "/" in resource:
                    key = (pod["spec"].get("nodeName", ""), resource)
                    held[key] = held.get(key, 0) + int(quantity.parse(amount))
    return held


def _pool(
    pool: PoolPlan, nodes: list[dict[str, Any]], held: Mapping[tuple[str, str], int], machine: NodeStatus | None
) -> PoolStatus:
    own = [node for node in nodes if _belongs(node, pool)]
    # The cluster believes in a node whose kubelet is gone for minutes; this machine knows better.
    gone = machine.name if machine and not machine.ready else None
    ready = [node for node in own if holds(node, "Ready") and node["metadata"]["name"] != gone]
    resource = pool.resource or ""
    return PoolStatus(
        name=pool.name,
        nodes=len(own),
        ready=len(ready),
        declared=pool.min_nodes,
        resource=pool.resource,
        allocatable=sum(int(quantity.parse(node["status"]["allocatable"].get(resource, "0"))) for node in ready),
        requested=sum(held.get((node["metadata"]["name"], resource), 0) for node in own),
    )


def _belongs(node: dict[str, Any], pool: PoolPlan) -> bool:
    """By the pool's label; where nodes come from elsewhere, by what the pool says its nodes are labelled with."""
    labels = node["metadata"].get("labels", {})
    if names.POOL in labels:
        return bool(labels[names.POOL] == pool.name)
    return bool(pool.labels) and all(labels.get(key) == value for key, value in pool.labels.items())


def _tenant(tenant: TenantPlan, quotas: list[dict[str, Any]]) -> TenantStatus:
    own = next((quota for quota in quotas if quota["metadata"]["namespace"] == tenant.namespace), {})
    found = own.get("status", {})
    return TenantStatus(tenant.name, tenant.namespace, found.get("used", {}), found.get("hard", dict(tenant.hard)))


def _kinds(models: Iterable[ModelPlan]) -> set[tuple[str, str]]:
    """What runs the models: the kind of one that spans nodes is served only where there is one."""
    return {_GROUP if model.nodes_per_replica > 1 else ("apps/v1", "Deployment") for model in models}


def _failed_weights(kube: Kube) -> dict[str, dict[str, Any]]:
    """Jobs that gave a model's weights up, by the model's name."""
    jobs = kube.list("batch/v1", "Job", label_selector=_WEIGHTS)
    failed = (job for job in jobs if holds(job, "Failed"))
    return {job["metadata"]["labels"][f"{names.DOMAIN}/model"]: job for job in failed}


def _model(
    model: ModelPlan, serving: list[dict[str, Any]], refused: Mapping[str, dict[str, Any]], kube: Kube
) -> ModelStatus:
    ready = wanted = 0
    problems = []
    for component, least in _workloads(model).items():
        own = next((item for item in serving if _is_of(model, component, item["metadata"])), None)
        here = own.get("status", {}).get("readyReplicas", 0) if own else 0
        want = max(own["spec"].get("replicas", least) if own else 0, least)
        ready, wanted = ready + here, wanted + want
        if own and here < want:
            problems.append(why_not_ready(kube, own))
    if job := refused.get(model.name):
        problems = [f"its weights were not accepted: {why_not_ready(kube, job)}"]
    return ModelStatus(model.name, model.tenant, ready, wanted, endpoint(model), "; ".join(filter(None, problems)))


def _workloads(model: ModelPlan) -> Mapping[str, int]:
    """Replicas at least, by the component that runs them: one, or the halves of a split model."""
    split = model.split
    if split is None:
        return {_COMPONENT: model.min_replicas}
    return {f"{_COMPONENT}-prefill": split.prefill, f"{_COMPONENT}-decode": split.decode}


def _is_of(model: ModelPlan, component: str, metadata: Mapping[str, Any]) -> bool:
    """By the release's labels: a group's workload has a name of its own."""
    labels = metadata["labels"]
    found = (metadata["namespace"], labels.get("app.kubernetes.io/instance"), labels.get("app.kubernetes.io/component"))
    return found == (model.namespace, model.release, component)


def show(found: Status, console: Console) -> None:
    """Print the status for people."""
    head = f"stack {found.stack}: Kubernetes {found.version} at {found.server}\nkubeconfig: {found.kubeconfig}"
    tables = Group("", _pools(found), "", _tenants(found), "", _models(found))
    offered = applications.tables(found.pages, found.batches)
    programs = [*_machine(found), *_keda(found), *_monitoring(found)]
    console.print(Group(Text(head), *programs, tables, *offered, *_problems(found)))


def _problems(found: Status) -> list[Text]:
    """A line for each model that something stops."""
    lines = [f"model {item.name}: {item.problem}" for item in found.models if item.problem]
    return [Text(f"\n{line}" if number == 0 else line, style="red") for number, line in enumerate(lines)]


def _machine(found: Status) -> list[Text]:
    """The real node's parts, and what of it is published, a line each."""
    node = found.machine
    if node is None:
        return []
    state = f"not ready: {', '.join(node.waiting)}" if node.waiting else "ready"
    published = [Text(f"{url}: Service {service}") for service, url in node.published.items()]
    return [Text(f"node {node.name} on this machine: {state}", style="red" if node.waiting else ""), *published]


def _monitoring(found: Status) -> list[Text]:
    """What of it does not run, and where the rest is, a line each."""
    own = found.monitoring
    if own is None:
        return []
    return [
        *(Text(line, style="red") for line in own.short),
        Text(f"Prometheus: {own.prometheus}   Alertmanager: {own.alertmanager}"),
        Text(f"dashboards: aicc dashboard --stack {found.stack}"),
    ]


def _keda(found: Status) -> list[Text]:
    """A line, where the stack has a KEDA of its own."""
    states = [f"{item.name} {'runs' if item.pid else 'does not run'}" for item in found.keda]
    style = "" if all(item.pid for item in found.keda) else "red"
    return [Text(f"KEDA on this machine: {', '.join(states)}", style=style)] if states else []


def _pools(found: Status) -> Table:
    table = Table("pool", "nodes ready", "resource", "in use", "offered", title="Pools", title_justify="left")
    for pool in found.pools:
        counts = (f"{pool.requested:,}", f"{pool.allocatable:,}") if pool.resource else ("—", "—")
        table.add_row(pool.name, _ratio(pool.ready, pool.declared), pool.resource or "—", *counts)
    return table


def _tenants(found: Status) -> Table:
    table = Table("tenant", "namespace", "resource", "used", "quota", title="Tenants", title_justify="left")
    for tenant in found.tenants:
        shown = [key for key in sorted(tenant.hard) if "/" in key or key in {"requests.cpu", "requests.memory", "pods"}]
        for index, key in enumerate(shown):
            who = (tenant.name, tenant.namespace) if index == 0 else ("", "")
            table.add_row(*who, key.removeprefix("requests."), tenant.used.get(key, "0"), tenant.hard[key])
    return table


def _models(found: Status) -> Table:
    table = Table("model", "tenant", "replicas ready", "endpoint in the cluster", title="Models", title_justify="left")
    for model in found.models:
        table.add_row(model.name, model.tenant, _ratio(model.ready, model.wanted), model.endpoint)
    return table


def _ratio(ready: int, wanted: int) -> Text:
    return Text(f"{ready:,}/{wanted:,}", style="green" if ready >= wanted else "red")
