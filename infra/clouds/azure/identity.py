"""Who among the pods may do what: an identity for each workload, which its service account's own tokens stand for.

There is no key anywhere: Entra ID trusts the cluster's issuer, for one namespace and one service account each.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_azure_native import managedidentity

from infra.clouds.azure import roles
from infra.clouds.azure.cluster import ClusterParts
from infra.clouds.azure.keys import KeyRing
from infra.clouds.azure.roles import Role
from infra.clouds.azure.scope import Scope
from infra.clouds.azure.storage import Buckets
from infra.clouds.base import Identity
from infra.plan.model import WorkloadPlan

_AUDIENCE = "api://AzureADTokenExchange"


def build(scope: Scope, cluster: ClusterParts, keys: KeyRing, buckets: Buckets) -> Mapping[str, Identity]:
    """Register an identity for each workload, and its rights."""
    return {workload.name: _identity(scope, cluster, keys, buckets, workload) for workload in scope.plan.workloads}


def _identity(scope: Scope, cluster: ClusterParts, keys: KeyRing, buckets: Buckets, workload: WorkloadPlan) -> Identity:
    logical = f"workload-{workload.name}"
    user = roles.principal(scope, logical)
    managedidentity.FederatedIdentityCredential(
        logical,
        resource_group_name=scope.group,
        resource_name_=user.identity.name,
        federated_identity_credential_resource_name=scope.name(limit=120),
        issuer=cluster.oidc_issuer,
        subject=f"system:serviceaccount:{workload.namespace}:{workload.service_account}",
        audiences=[_AUDIENCE],
        opts=scope.options(),
    )
    for role in workload.reads:
        roles.assign(scope, user, Role.BLOB_READER, f"bucket-{role}", buckets.ids[role])
    for role in workload.writes:
        roles.assign(scope, user, Role.BLOB_CONTRIBUTOR, f"bucket-{role}", buckets.ids[role])
    if workload.reads_secrets:
        roles.assign(scope, user, Role.SECRET_READER, "secrets", keys.secrets.vault.id)
    return Identity(
        annotations={
            "azure.workload.identity/client-id": user.identity.client_id,
            "azure.workload.identity/tenant-id": scope.cloud.tenant_id,
        },
        pod_labels={"azure.workload.identity/use": "true"},
    )
