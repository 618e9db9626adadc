"""`resolve(config, catalogue) → CenterPlan`: pure, and the only place where a declared centre meets the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from infra import quantity
from infra.catalogue import Accelerator, Catalogue
from infra.catalogue.schema import DaemonSetPlugin, Kubernetes
from infra.config.clouds import ExistingCloud, LocalCloud, PublicCloud
from infra.config.issues import InvalidCenterError, Issue
from infra.config.models import Center, Pool, Tenant, zones_of
from infra.config.storage import CHECKPOINTS, Bucket, Storage
from infra.names import CONTAINERS, RUNS, priority_class, tenant_namespace
from infra.plan import (
    caches,
    checks,
    demands,
    gateway,
    models,
    places,
    power_caps,
    scaling,
    shifting,
    telemetry,
    workloads,
)
from infra.plan.applications import resolve as applications
from infra.plan.hosts import host_share
from infra.plan.model import AcceleratorPlan, CenterPlan, PoolPlan, Share, TenantPlan
from infra.plan.monitoring import resolve as monitoring

TENANT_BASE_CORES = Fraction(16)
TENANT_BASE_BYTES = Fraction(64 * 1024**3)


def resolve(center: Center, catalogue: Catalogue) -> CenterPlan:
    """Join the declared centre with the catalogue.

    Raises InvalidCenterError naming everything that does not fit.
    """
    _require([*monitoring.check(center, catalogue)])
    _require([*places.check(center, catalogue), *demands.check(center, catalogue), *checks.pools(center, catalogue)])
    _require([*power_caps.check(center, catalogue)])
    pools = tuple(_pool(pool, center, catalogue) for pool in center.pools)
    _require([*checks.distinct(center, pools)])
    accelerators = tuple(_accelerators(center, pools, catalogue))
    by_id = {accelerator.id: accelerator for accelerator in accelerators}
    _require([*checks.tenants(center, by_id), *models.check(center, by_id, pools, catalogue)])
    _require([*scaling.check(center), *caches.check(center), *shifting.check(center)])
    tenants = tuple(_tenant(tenant, by_id, pools) for tenant in center.tenants)
    by_name = {tenant.name: tenant for tenant in tenants}
    served = tuple(
        scaling.scaled(models.resolved(model, by_name[model.tenant], by_id, pools, catalogue), model, center, pools)
        for model in center.models
    )
    _require([*checks.quotas(tenants, served)])
    granted = workloads.of(tenants) if isinstance(center.cloud, PublicCloud) else ()
    offered = applications.resolve(center.applications, by_name, center.models)
    door = gateway.resolved(center)
    _require(applications.check(center, offered, tenants, served, granted, has_gateway=door is not None))
    if center.cloud.kind == "local":
        offered = applications.on_a_local_cluster(offered)
    shifter = shifting.resolved(center, catalogue)
    return CenterPlan(
        name=center.name,
        cloud=center.cloud,
        network=center.network,
        admission=center.admission,
        pools=pools,
        accelerators=accelerators,
        tenants=tenants,
        models=served,
        gateway=door,
        applications=offered,
        monitoring=monitoring.resolved(center, pools, catalogue),
        caches=caches.of(center),
        own_store=caches.own_store(center),
        images={**caches.images_of(center), **power_caps.images_of(center)},
        kubernetes_version=places.kubernetes_version(center, catalogue),
        storage=_storage(center),
        workloads=granted,
        green=center.green,
        saving=center.saving,
        shifter=shifter,
        logs=center.logs,
        traces=center.traces,
        limits=center.limits,
        notes=(
            *places.notes(center, catalogue),
            *demands.notes(center, catalogue),
            *models.notes(center, catalogue),
            *scaling.notes(center),
            *gateway.notes(center),
            *telemetry.notes(center),
            *offered.notes,
            *monitoring.notes(center, pools, catalogue),
            *shifting.notes(center, shifter, pools),
            *power_caps.notes(center),
        ),
    )


def _storage(center: Center) -> Storage | None:
    """What is declared, or the default, with a checkpoints bucket for each tenant."""
    if not isinstance(center.cloud, PublicCloud):
        return None
    storage = center.storage or Storage()
    buckets: list[Bucket] = []
    for bucket in storage.buckets:
        names = [workloads.checkpoints_of(tenant.name) for tenant in center.tenants]
        buckets += (
            [bucket.model_copy(update={"name": name}) for name in names] if bucket.name == CHECKPOINTS else [bucket]
        )
    return storage.model_copy(update={"buckets": tuple(buckets)})


def _require(issues: Sequence[Issue]) -> None:
    if issues:
        raise InvalidCenterError(issues)


def _pool(pool: Pool, center: Center, catalogue: Catalogue) -> PoolPlan:
    real = False
    if pool.node:
        cpu, memory = quantity.parse(pool.node.cpu), quantity.parse(pool.node.memory)
        accelerator_id, count, network = pool.node.accelerator, pool.node.accelerators, None
    else:
        instance = catalogue.instances[center.cloud.kind][str(pool.instance)]
        cpu, memory = Fraction(instance.vcpu), Fraction(instance.memory_gib * 1024**3)
        accelerator_id, count, network = instance.accelerator, instance.accelerators, instance.network_gbps
        real = instance.real and isinstance(center.cloud, LocalCloud) and center.cloud.real_node == "auto"
    accelerator = catalogue.accelerators[accelerator_id] if accelerator_id else None
    return PoolPlan(
        name=pool.name,
        instance=pool.instance,
        nodes=pool.nodes,
        zones=zones_of(pool, center.cloud),
        nodes_per_rack=pool.nodes_per_rack,
        cpu_cores=cpu,
        memory_bytes=memory,
        network_gbps=network,
        accelerator=accelerator_id,
        accelerators_per_node=count,
        resource=accelerator.kubernetes.resource if accelerator else None,
        labels={**_node_labels(accelerator, count), **({RUNS: CONTAINERS} if real else {}), **pool.labels},
        taints=accelerator.kubernetes.taints if accelerator else (),
        min_nodes=pool.scale.min if pool.scale else pool.nodes,
        max_nodes=pool.scale.max if pool.scale else pool.nodes,
        spot=pool.spot,
        power_cap_watts=pool.power_cap_watts,
        owner=pool.owner or (center.cloud.owner if isinstance(center.cloud, PublicCloud) else center.name),
        real=real,
    )


def _node_labels(accelerator: Accelerator | None, count: int) -> Mapping[str, str]:
    labels = accelerator.kubernetes.labels if accelerator else {}
    return {key: value.replace("{count}", str(count)) for key, value in labels.items()}


def _accelerators(center: Center, pools: Iterable[PoolPlan], catalogue: Catalogue) -> Iterable[AcceleratorPlan]:
    totals: dict[str, int] = {}
    for pool in pools:
        if pool.accelerator:
            totals[pool.accelerator] = totals.get(pool.accelerator, 0) + pool.accelerators
    for accelerator_id, total in sorted(totals.items()):
        accelerator = catalogue.accelerators[accelerator_id]
        kubernetes = accelerator.kubernetes
        yield AcceleratorPlan(
            id=accelerator_id,
            name=accelerator.name,
            resource=kubernetes.resource,
            runtime_class=accelerator_id,
            runtime_handler=_handler(center, kubernetes, catalogue),
            node_selector={key: value for key, value in kubernetes.labels.items() if "{count}" not in value},
            taints=kubernetes.taints,
            total=total,
            device_plugin=None if _has_plugin(center, kubernetes, catalogue) else _installable(kubernetes),
        )


def _handler(center: Center, accelerator: Kubernetes, catalogue: Catalogue) -> str:
    """The service's own where it configures its nodes' container runtime differently."""
    service = catalogue.services.get(center.cloud.kind)
    own = accelerator.runtime_handler
    return service.runtime_handlers.get(accelerator.resource, own) if service else own


def _installable(accelerator: Kubernetes) -> DaemonSetPlugin | None:
    plugin = accelerator.device_plugin
    return plugin if isinstance(plugin, DaemonSetPlugin) else None


def _has_plugin(center: Center, accelerator: Kubernetes, catalogue: Catalogue) -> bool:
    """Whether the accelerator's device plugin runs without the centre's doing."""
    match center.cloud:
        case ExistingCloud(device_plugins=found):
            return found == "present"
        case PublicCloud(kind=kind):
            return accelerator.resource in catalogue.services[kind].device_plugins
        case _:
            return True  # the local cluster's nodes are simulated


def _tenant(tenant: Tenant, accelerators: Mapping[str, AcceleratorPlan], pools: Sequence[PoolPlan]) -> TenantPlan:
    quota = {accelerator: count for accelerator, count in tenant.quota.accelerators.items() if count}
    by_resource: dict[str, int] = {}
    cores, memory = Fraction(0), Fraction(0)
    shares = []
    for accelerator, count in quota.items():
        resource = accelerators[accelerator].resource
        by_resource[resource] = by_resource.get(resource, 0) + count
        share_cores, share_memory = (share * count for share in host_share(accelerator, pools))
        share = Share(accelerator, count, quantity.cores(share_cores), quantity.mebibytes(share_memory))
        # As rounded, or the shares would not add up.
        cores, memory = cores + quantity.parse(share.cpu), memory + quantity.parse(share.memory)
        shares.append(share)
    left_cores = _left(tenant.quota.cpu, cores, TENANT_BASE_CORES)
    left_memory = _left(tenant.quota.memory, memory, TENANT_BASE_BYTES)
    shares.append(Share(None, 0, quantity.cores(left_cores), quantity.mebibytes(left_memory)))
    hard = {
        "requests.cpu": tenant.quota.cpu or quantity.cores(cores + left_cores),
        "requests.memory": tenant.quota.memory or quantity.mebibytes(memory + left_memory),
        "requests.storage": tenant.quota.storage,
        "pods": str(tenant.quota.pods),
        # A service of these types would open the tenant to the outside past the gateway.
        "services.loadbalancers": "0",
        "services.nodeports": "0",
        **{f"requests.{resource}": str(count) for resource, count in sorted(by_resource.items())},
    }
    return TenantPlan(
        name=tenant.name,
        kind=tenant.kind,
        namespace=tenant_namespace(tenant.name),
        group=tenant.group,
        priority_class=priority_class(tenant.kind),
        accelerators=quota,
        hard=hard,
        shares=tuple(shares),
        granted_resources=tuple(sorted(by_resource)),
    )


def _left(declared: str | None, shares: Fraction, base: Fraction) -> Fraction:
    """What a quota leaves for nodes without accelerators."""
    return base if declared is None else max(quantity.parse(declared) - shares, Fraction(0))
