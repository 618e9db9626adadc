"""What a declared centre must satisfy together with the catalogue; every issue says what would go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from infra import quantity
from infra.catalogue import Accelerator, Catalogue
from infra.catalogue.schema import ExternalPlugin, Instance
from infra.config.issues import Issue, unknown
from infra.config.models import Center, Pool
from infra.names import DOMAIN
from infra.plan.model import AcceleratorPlan, ModelPlan, PoolPlan, TenantPlan

_OWN_LABELS = (f"{DOMAIN}/", "topology.kubernetes.io/")


def pools(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """Instances and accelerators exist; device plugins can be installed where that was asked for."""
    instances = catalogue.instances.get(center.cloud.kind, {})
    for index, pool in enumerate(center.pools):
        path = f"pools[{index}]"
        accelerator = None
        if pool.instance is not None and pool.instance not in instances:
            yield unknown(
                f"{path}.instance", pool.instance, instances, f"is not an instance of cloud {center.cloud.kind}"
            )
        elif pool.instance is not None:
            accelerator = instances[pool.instance].accelerator
        elif pool.node and pool.node.accelerator is not None:
            accelerator = pool.node.accelerator
            if accelerator not in catalogue.accelerators:
                yield unknown(
                    f"{path}.node.accelerator", accelerator, catalogue.accelerators, "is not in the catalogue"
                )
                continue
        yield from _machine(path, pool, instances, center.pools[:index])
        yield from _labels(f"{path}.labels", pool, center, catalogue.accelerators[accelerator] if accelerator else None)
        if center.cloud.kind != "existing":
            continue
        if not accelerator and not pool.labels:
            yield Issue(
                f"{path}.labels",
                "is required on an existing cluster for nodes without accelerators",
                allowed="labels that these nodes have and others have not",
                consequence="the pool's nodes could not be told from others",
            )
        if accelerator and center.cloud.device_plugins == "install":
            plugin = catalogue.accelerators[accelerator].kubernetes.device_plugin
            if isinstance(plugin, ExternalPlugin):
                yield Issue(
                    "cloud.devicePlugins",
                    f"cannot be had for {accelerator}: {plugin.name} comes with {plugin.comes_with}",
                    "install",
                    allowed="present, once it is installed there",
                    consequence=f"pool {pool.name}'s nodes would offer no accelerator",
                )


def _machine(path: str, pool: Pool, instances: Mapping[str, Instance], earlier: Sequence[Pool]) -> Iterator[Issue]:
    """There is one of this machine."""
    if pool.instance is None or pool.instance not in instances or not instances[pool.instance].real:
        return
    if pool.nodes != 1 or pool.scale:
        yield Issue(
            f"{path}.nodes",
            "are this machine, of which there is one",
            pool.nodes,
            allowed="1, without scale",
            consequence="the others would not be there",
        )
    if other := next((item.name for item in earlier if item.instance == pool.instance), None):
        yield Issue(
            f"{path}.instance",
            f"is pool {other}'s already: there is one such machine",
            pool.instance,
            allowed="one pool of this instance",
            consequence="its node would be in two pools",
        )


def _labels(path: str, pool: Pool, center: Center, accelerator: Accelerator | None) -> Iterator[Issue]:
    """A pool's own labels leave alone those that pods find their nodes by; on an existing cluster none is set."""
    taken = accelerator.kubernetes.labels if accelerator else {}
    prefixes = () if center.cloud.kind == "existing" else _OWN_LABELS
    for key, value in pool.labels.items():
        if key in taken or key.startswith(prefixes):
            yield Issue(
                f"{path}.{key}",
                "is a label that the centre itself sets",
                value,
                allowed="labels with a prefix of your own",
                consequence="pods would no longer find these nodes",
            )


def distinct(center: Center, resolved: Sequence[PoolPlan]) -> Iterator[Issue]:
    """On an existing cluster, where labels are all that tells nodes apart, no two pools have the same."""
    seen: dict[frozenset[tuple[str, str]], str] = {}
    for index, pool in enumerate(resolved if center.cloud.kind == "existing" else ()):
        labels = frozenset(pool.labels.items())
        if labels in seen:
            yield Issue(
                f"pools[{index}].labels",
                f"do not tell {pool.name}'s nodes from those of {seen[labels]}",
                allowed="a label that only this pool's nodes have",
                consequence="each node would be counted in both pools",
            )
        seen.setdefault(labels, pool.name)


def tenants(center: Center, accelerators: Mapping[str, AcceleratorPlan]) -> Iterator[Issue]:
    """Quotas name accelerators that some pool has, and together fit the pools."""
    given: dict[str, int] = dict.fromkeys(accelerators, 0)
    for index, tenant in enumerate(center.tenants):
        for accelerator, count in tenant.quota.accelerators.items():
            path = f"tenants[{index}].quota.accelerators.{accelerator}"
            if accelerator not in accelerators:
                yield unknown(path, accelerator, accelerators, "is not an accelerator of any pool")
                continue
            left = accelerators[accelerator].total - given[accelerator]
            given[accelerator] += count
            if count > left:
                yield Issue(
                    path,
                    f"is more than the pools have left: {accelerators[accelerator].total} in all, "
                    f"{accelerators[accelerator].total - left} given to earlier tenants",
                    count,
                    allowed=f"0 to {max(left, 0)}",
                    consequence="tenants could not all use what they are promised",
                )


def quotas(planned: Sequence[TenantPlan], resolved: Sequence[ModelPlan]) -> Iterator[Issue]:
    """A tenant's models fit its quota at their largest."""
    for index, tenant in enumerate(planned):
        own = [model for model in resolved if model.tenant == tenant.name]
        needs: dict[str, int] = {}
        for model in own:
            if model.accelerator:
                needs[model.accelerator] = (
                    needs.get(model.accelerator, 0) + model.max_replicas * model.accelerators_per_replica
                )
        for accelerator, need in needs.items():
            quota = tenant.accelerators.get(accelerator, 0)
            if need > quota:
                sums = " + ".join(
                    f"{model.name} {model.max_replicas} × {model.accelerators_per_replica}"
                    for model in own
                    if model.accelerator == accelerator
                )
                yield Issue(
                    f"tenants[{index}].quota.accelerators.{accelerator}",
                    f"is less than its models need at most: {sums} = {need}",
                    quota,
                    allowed=f"{need} or more, or fewer replicas",
                    consequence="replicas beyond the quota would never start",
                )
        yield from _pods(f"tenants[{index}].quota.pods", int(tenant.hard["pods"]), own)
        for field, used in (("cpu", _used(own, "cpu")), ("memory", _used(own, "memory"))):
            quota_text = tenant.hard[f"requests.{field}"]
            if used > quantity.parse(quota_text):
                shown = quantity.cores(used) if field == "cpu" else quantity.mebibytes(used)
                yield Issue(
                    f"tenants[{index}].quota.{field}",
                    f"is less than its models request at most, {shown}",
                    quota_text,
                    allowed=f"{shown} or more; leave it out for the accelerators' share of their hosts",
                    consequence="replicas beyond the quota would never start",
                )


def _pods(path: str, quota: int, own: Sequence[ModelPlan]) -> Iterator[Issue]:
    pods = sum(model.max_pods for model in own)
    if pods > quota:
        yield Issue(
            path,
            "is less than its models' replicas at most",
            quota,
            allowed=f"{pods} or more",
            consequence="replicas beyond the quota would never start",
        )


def _used(own: Sequence[ModelPlan], field: str) -> Fraction:
    return sum((quantity.parse(getattr(model, field)) * model.max_pods for model in own), Fraction(0))
