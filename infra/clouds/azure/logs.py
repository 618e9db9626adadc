"""Where the audit logs of the cluster, the vaults, the buckets and the registry are kept."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from infra.clouds.azure.scope import Scope

CLUSTER_CATEGORIES = (
    "kube-audit-admin",
    "guard",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "cluster-autoscaler",
    "cloud-controller-manager",
)
"""Of AKS. All that changes something is audited; `kube-audit` would add every read, many times as much.

https://learn.microsoft.com/en-us/azure/aks/monitor-aks-reference"""
AUDIT = "audit"
"""The group of categories of the other services."""
_DAYS = 365


def build(scope: Scope) -> operationalinsights.Workspace:
    """Register the workspace."""
    workspace = operationalinsights.Workspace(
        "logs",  # CRITICAL: stateful
        resource_group_name=scope.group,
        workspace_name=scope.name(),
        location=scope.cloud.region,
        sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
        retention_in_days=_DAYS,
        features=operationalinsights.WorkspaceFeaturesArgs(
            disable_local_auth=True, enable_log_access_using_only_resource_permissions=True
        ),
        tags=scope.tags(),
        opts=scope.stateful(),
    )
    scope.lock("logs", workspace)
    return workspace


def keep(
    scope: Scope,
    workspace: operationalinsights.Workspace,
    role: str,
    of: pulumi.Input[str],
    categories: Sequence[str] = (),
) -> None:
    """Send a resource's logs there: these categories, or the service's own group of audit logs."""
    named = [monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in categories]
    monitor.DiagnosticSetting(
        f"audit-{role}",
        resource_uri=of,
        name=scope.name(AUDIT),
        workspace_id=workspace.id,
        # Each kind of log has a table of its own, with its own retention and price.
        log_analytics_destination_type="Dedicated",
        logs=named or [monitor.DiagnosticsLogSettingsArgs(category_group=AUDIT, enabled=True)],
        opts=scope.options(),
    )
