"""The logs' door: vmauth, which lets a tenant's group read the tenant's account, and nothing else.

VictoriaLogs itself asks nobody for a name: an account is a header. So nobody but this door and the platform's
monitoring reaches the store, and the door writes the header itself, whatever a client sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra import names, versions
from infra.clouds.base import ClusterOut
from infra.config.telemetry import LogAccess
from infra.layers.telemetry import stores
from infra.plan import CenterPlan

RELEASE = "log-reader"
PORT = 8427
INTERNAL_PORT = 8426
"""Of its metrics, profiles and reloads, which nobody else than the pod itself reaches."""
PATHS = ("/select/logsql/.+", "/select/vmui.*", "/select/buildinfo")
"""Queries and their page; not /select/tenant_ids, which lists every account, nor anything that writes or deletes."""
PLATFORM_PATH = "/platform"
TENANT_PATH = "/tenants"
_USER = 65532


def values(plan: CenterPlan, access: LogAccess, cluster: ClusterOut) -> Mapping[str, Any]:
    """Return the chart's values."""
    return {
        "fullnameOverride": RELEASE,
        "image": {"tag": f"v{versions.VMAUTH_APP}"},
        "replicaCount": 2,
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
        "serviceAccount": {"create": True, "automountToken": False},
        "extraArgs": {"httpInternalListenAddr": f":{INTERNAL_PORT}"},
        "config": configuration(plan, access),
        "podLabels": {names.PART: RELEASE},
        "podSecurityContext": {
            "enabled": True,
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": {
            "enabled": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "priorityClassName": "aicc-platform",
        "nodeSelector": dict(cluster.service_nodes),
    }


def configuration(plan: CenterPlan, access: LogAccess, addresses: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """Return vmauth's configuration; it holds no secret. `addresses` are those of the stores, by name.

    Of the users whose claims fit, vmauth takes the first: operators, then tenants as they are declared.
    """
    where = addresses or {store.name: stores.address(store.name) for store in stores.of_logs(plan.logs)}
    platform = where[stores.platform_store(plan.logs)]
    users = [
        _user(f"tenant-{tenant.name}", access, tenant.group, _own(where[stores.LOGS], names.log_account(tenant.name)))
        for tenant in plan.tenants
    ]
    if access.operators is None:
        return {"users": users}
    every = [_prefixed(PLATFORM_PATH, platform, names.PLATFORM_LOG_ACCOUNT)]
    every += [
        _prefixed(f"{TENANT_PATH}/{tenant.name}", where[stores.LOGS], names.log_account(tenant.name))
        for tenant in plan.tenants
    ]
    return {"users": [_user("operators", access, access.operators, every), *users]}


def _user(name: str, access: LogAccess, group: str, routes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    claims = {"aud": _exactly(access.audience), access.groups_claim: _exactly(group)}
    return {
        "name": name,
        # Without a claim `vm_access`, which no provider makes by itself, vmauth 1.150 would turn every token away.
        "jwt": {"oidc": {"issuer": access.issuer}, "match_claims": claims, "default_vm_access_claim": {}},
        "url_map": list(routes),
    }


def _exactly(value: str) -> str:
    """A claim is matched by a regular expression, anywhere in the value."""
    return f"^{re.escape(value)}$"


def _own(store: str, account: int) -> list[Mapping[str, Any]]:
    return [_route(PATHS, store, account)]


def _prefixed(path: str, store: str, account: int) -> Mapping[str, Any]:
    parts = path.count("/")
    return _route((path + one for one in PATHS), store, account) | {"drop_src_path_prefix_parts": parts}


def _route(paths: Iterable[str], store: str, account: int) -> dict[str, Any]:
    headers = [f"AccountID: {account}", f"ProjectID: {names.PLATFORM_LOG_ACCOUNT}", "Authorization:"]
    return {"src_paths": list(paths), "url_prefix": store, "headers": headers}
