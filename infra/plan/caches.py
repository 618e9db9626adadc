"""Where verified weights are kept for serving: one volume for each tenant whose models declare a digest.

One for a tenant, not one for a pool: claims belong to a namespace, and a shared file system reaches every pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from infra import images, quantity
from infra.config.clouds import LocalCloud, PublicCloud
from infra.config.issues import Issue
from infra.config.models import Center, Model, Tenant
from infra.config.storage import Storage
from infra.config.weights import STORE
from infra.names import tenant_namespace
from infra.plan.model import CachePlan
from infra.plan.weights import size_of

PREFETCH, OBJECT_STORE = "prefetch", "object-store"
"""Images."""
GENERATIONS = 2
"""New weights are fetched beside the ones that are served."""
_UNKNOWN = "500Gi"
_GIB = 1024**3


def check(center: Center) -> Iterator[Issue]:
    """Caches are large enough for what they hold, within quotas, and there is something to make them with."""
    for index, tenant in enumerate(center.tenants):
        if not (models := _cached(center, tenant)):
            continue
        size, least = _size(tenant, models), _known(models)
        if quantity.parse(size) < least:
            yield Issue(
                f"tenants[{index}].modelCache",
                f"is less than the weights of its models, {_gibibytes(least)}",
                size,
                allowed=f"{_gibibytes(least)} or more; twice as much lets new weights be fetched beside served ones",
                consequence="the last model would find no room",
            )
        if quantity.parse(size) > quantity.parse(tenant.quota.storage):
            yield Issue(
                f"tenants[{index}].quota.storage",
                f"is less than its model cache, {size}",
                tenant.quota.storage,
                allowed=f"{size} or more, or a smaller modelCache",
                consequence="the cache's volume would be refused",
            )
    if isinstance(center.cloud, PublicCloud) and (center.storage or Storage()).shared is None and _any_cached(center):
        yield Issue(
            "storage.shared",
            "is null, and models with a digest are served from a shared file system",
            allowed="a capacity",
            consequence="there would be nowhere to keep their verified weights",
        )
    for name in _needed(center):
        if name not in center.images and not isinstance(center.cloud, LocalCloud):
            yield Issue(
                f"images.{name}",
                f"is required on cloud {center.cloud.kind}, where models with a digest are fetched and verified",
                allowed=f"the image of images/{name} in your registry, by digest",
                consequence="its pods would have nothing to run",
            )
        elif "@" not in center.images.get(name, "@") and not isinstance(center.cloud, LocalCloud):
            yield Issue(
                f"images.{name}",
                "is not pinned by digest",
                center.images[name],
                allowed="repository:tag@sha256:… outside local stacks",
                consequence="the admission policy would refuse its pods",
            )


def of(center: Center) -> tuple[CachePlan, ...]:
    """Every tenant's cache."""
    return tuple(
        CachePlan(
            tenant.name, tenant_namespace(tenant.name), _size(tenant, models), tuple(each.name for each in models)
        )
        for tenant in center.tenants
        if (models := _cached(center, tenant))
    )


def own_store(center: Center) -> bool:
    """Whether models are in the store of a cluster whose cloud has none."""
    in_store = any(model.source.startswith(STORE) for model in center.models)
    return in_store and not isinstance(center.cloud, PublicCloud)


def images_of(center: Center) -> dict[str, str]:
    """The images of the services that caches and the store need."""
    return {name: center.images.get(name) or images.local_image(name) for name in _needed(center)}


def _needed(center: Center) -> list[str]:
    return [*([PREFETCH] if _any_cached(center) else []), *([OBJECT_STORE] if own_store(center) else [])]


def _any_cached(center: Center) -> bool:
    return any(_cached(center, tenant) for tenant in center.tenants)


def _cached(center: Center, tenant: Tenant) -> list[Model]:
    return [each for each in center.models if each.tenant == tenant.name and each.weights and each.weights.digest]


def _known(models: Sequence[Model]) -> Fraction:
    sizes = [size_of(model.weights) for model in models if model.weights]
    return sum((size.value for size in sizes if size), Fraction(0))


def _size(tenant: Tenant, models: Sequence[Model]) -> str:
    if tenant.model_cache:
        return tenant.model_cache
    if any(size_of(model.weights) is None for model in models if model.weights):
        return _UNKNOWN
    return _gibibytes(_known(models) * GENERATIONS)


def _gibibytes(value: Fraction) -> str:
    return f"{max(1, -(-value // _GIB))}Gi"
