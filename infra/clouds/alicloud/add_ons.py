"""What ACK runs in the cluster: repair, identities, image pulls, scheduling, and the PPUs' own parts.

What a cluster needs from its first minute (network, volumes, name resolution, metrics) comes with it.
Versions are ACK's choice for the cluster's version, but for the PPUs', which follow the catalogue's accelerator.
"""

from __future__ import annotations

import pulumi
from pulumi_alicloud import cs

from infra.clouds.alicloud.node_pools import Pools
from infra.clouds.alicloud.registry import Registry
from infra.clouds.alicloud.scope import Scope
from infra.config.fields import Capability

UNSUPPORTED_OPERATORS: frozenset[Capability] = frozenset({"external-secrets", "velero"})
"""Those that cannot reach Alibaba Cloud without keys: external-secrets 2.0 has no provider for it, and Velero's plugin
for OSS takes an access key or the node's role. ACK has ack-secret-manager and its backup centre instead."""

_PPU_RESOURCE = "alibabacloud.com/ppu"
_PPU_ADD_ONS = {"ack-ppu-device-plugin": "1.4.0", "ack-ppu-exporter": "2.0.0", "ack-rdma-device-plugin": "1.1.5"}

_ALWAYS = (
    # Automatic repair of nodes stands on these two.
    "ack-node-problem-detector",
    "node-lifecycle-controller",
    "ack-pod-identity-webhook",
    # Colocation, and scheduling by device topology.
    "ack-koordinator",
)


def build(scope: Scope, cluster_id: pulumi.Output[str], pools: Pools, registry: Registry) -> None:
    """Register the add-ons, after the nodes that they run on."""
    for name in _ALWAYS:
        _add_on(scope, cluster_id, pools, name)
    if any(pool.resource == _PPU_RESOURCE for pool in scope.plan.pools):
        for name, version in _PPU_ADD_ONS.items():
            _add_on(scope, cluster_id, pools, name, version=version)
    if registry.instance_id is not None and scope.plan.tenants:
        _pull_without_passwords(scope, cluster_id, pools, registry.instance_id)


def _pull_without_passwords(
    scope: Scope, cluster_id: pulumi.Output[str], pools: Pools, registry: pulumi.Output[str]
) -> None:
    config = pulumi.Output.json_dumps(
        {
            "AcrInstanceInfo": [{"instanceId": registry, "regionId": scope.cloud.region}],
            "watchNamespace": ",".join(tenant.namespace for tenant in scope.plan.tenants),
            "serviceAccount": "*",
        }
    )
    _add_on(scope, cluster_id, pools, "managed-aliyun-acr-credential-helper", config=config)


def _add_on(
    scope: Scope,
    cluster_id: pulumi.Output[str],
    pools: Pools,
    name: str,
    *,
    version: str | None = None,
    config: pulumi.Output[str] | None = None,
) -> None:
    cs.KubernetesAddon(
        f"add-on-{name}",
        cluster_id=cluster_id,
        name=name,
        version=version,
        config=config,
        opts=scope.options(pools.system),
    )
