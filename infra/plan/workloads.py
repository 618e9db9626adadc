"""Which service accounts are given rights in the cloud, and which: the clouds bind them, the layers use them."""

from __future__ import annotations

from collections.abc import Sequence

from infra.config.storage import BACKUPS, CHECKPOINTS, DATASETS, MODELS
from infra.plan.model import TenantPlan, WorkloadPlan

VELERO, EXTERNAL_SECRETS = "velero", "external-secrets"
TENANT_SERVICE_ACCOUNT = "data"
"""In every tenant's namespace: pods that read models and data sets, and write checkpoints, run as it."""


def checkpoints_of(tenant: str) -> str:
    """The role of a tenant's own bucket: no tenant reads or deletes what another has trained."""
    return f"{CHECKPOINTS}-{tenant}"


def of(tenants: Sequence[TenantPlan]) -> tuple[WorkloadPlan, ...]:
    """The platform's own workloads, then one for each tenant, named as its namespace."""
    return (
        WorkloadPlan(VELERO, VELERO, VELERO, writes=(BACKUPS,)),
        WorkloadPlan(EXTERNAL_SECRETS, EXTERNAL_SECRETS, EXTERNAL_SECRETS, reads_secrets=True),
        *(
            WorkloadPlan(
                tenant.namespace,
                tenant.namespace,
                TENANT_SERVICE_ACCOUNT,
                reads=(MODELS, DATASETS),
                writes=(checkpoints_of(tenant.name),),
            )
            for tenant in tenants
        ),
    )
