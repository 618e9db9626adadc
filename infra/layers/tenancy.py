"""Tenancy: each declared tenant as a namespace, rights in it for its identity group, a quota, and a closed network.

It makes no users: who is in a group is the identity provider's business.
"""

from __future__ import annotations

import pulumi

from infra import names
from infra.clouds.base import Identity
from infra.layers import network
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.foundation import MEMBER_ROLE
from infra.layers.namespaces import namespace
from infra.layers.objects import Manifest
from infra.plan import TenantPlan
from infra.plan.workloads import TENANT_SERVICE_ACCOUNT

RBAC = "rbac.authorization.k8s.io"


def build(given: LayerIn) -> LayerOut:
    """Register every tenant."""
    return LayerOut(parts={tenant.name: _tenant(tenant, given) for tenant in given.plan.tenants})


def _tenant(tenant: TenantPlan, given: LayerIn) -> tuple[pulumi.Resource, ...]:
    home = given.declare(
        namespace(
            tenant.namespace,
            "tenant",
            "restricted",
            given.plan.name,
            labels={names.TENANT: tenant.name, names.TENANT_KIND: tenant.kind},
            annotations={names.GRANTED: ",".join(tenant.granted_resources)},
        ),
        *given.earlier["foundation"].ready,
    )
    inside: tuple[Manifest, ...] = (
        members(tenant),
        quota(tenant),
        defaults(tenant),
        network.default_deny(tenant.namespace),
        network.allow_within(tenant.namespace),
    )
    identity = given.cluster.identities.get(tenant.namespace)
    if identity:
        openings = network.allow_cloud(tenant.namespace, given.plan.network, given.cluster.identity_endpoints)
        inside += (service_account(tenant, identity), openings)
    return (home, *(given.declare(manifest, home) for manifest in inside))


def service_account(tenant: TenantPlan, identity: Identity) -> Manifest:
    """What pods run as that read the centre's buckets; the cloud knows it, so it needs no key."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": TENANT_SERVICE_ACCOUNT,
            "namespace": tenant.namespace,
            "annotations": dict(identity.annotations),
        },
        "automountServiceAccountToken": False,
    }


def members(tenant: TenantPlan) -> Manifest:
    """The identity group's rights in the tenant's namespace."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "members", "namespace": tenant.namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": MEMBER_ROLE},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": tenant.group}],
    }


def quota(tenant: TenantPlan) -> Manifest:
    """What the tenant may use at the same time, accelerators included."""
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tenant", "namespace": tenant.namespace},
        "spec": {"hard": dict(tenant.hard)},
    }


def defaults(tenant: TenantPlan) -> Manifest:
    """For containers that ask for nothing, which the quota would otherwise refuse."""
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "defaults", "namespace": tenant.namespace},
        "spec": {
            "limits": [
                {
                    "type": "Container",
                    "defaultRequest": {"cpu": "250m", "memory": "512Mi"},
                    "default": {"memory": "2Gi"},
                }
            ]
        },
    }


LAYER = Layer("tenancy", requires=("foundation",), build=build)
