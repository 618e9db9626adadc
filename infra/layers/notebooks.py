"""JupyterHub for a tenant, from the project's own chart (zero-to-jupyterhub), in the tenant's namespace.

The chart makes up passwords of its own where it is rendered, and finds them again in the cluster on the next run.
Rendered outside of Helm they would be new each time, and written into plans: hence a Release, which Helm installs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra import names, versions
from infra.clouds.base import ClusterOut
from infra.config.applications import Entrance
from infra.layers.objects import Manifest
from infra.plan.applications.model import NotebooksPlan

RELEASE = "notebooks"
HUB = {"cpu": "250m", "memory": "512Mi"}
PROXY = {"cpu": "250m", "memory": "512Mi"}
"""Together what `infra.plan.applications` counts for a hub."""
HUB_VOLUME = "20Gi"
"""For a database of a few MiB: smaller disks are not sold everywhere."""
CULL_EVERY_SECONDS = 300
USER, GROUP = 1000, 100
"""Of Jupyter's own images."""
_CLOSED = {
    "cloudMetadataServer": False,
    "dnsPortsCloudMetadataServer": False,
    "dnsPortsKubeSystemNamespace": True,
    "dnsPortsPrivateIPs": False,
    "nonPrivateIPs": False,
    "privateIPs": False,
}
_CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def release(notebooks: NotebooksPlan, cluster: ClusterOut, entrance: Entrance | None) -> Mapping[str, Any]:
    """Return the inputs of a Helm release."""
    chart = versions.JUPYTERHUB
    return {
        "name": RELEASE,
        "chart": chart.chart,
        "version": chart.version,
        "repositoryOpts": {"repo": chart.repository},
        "namespace": notebooks.namespace,
        "values": values(notebooks, cluster, entrance),
    }


def values(notebooks: NotebooksPlan, cluster: ClusterOut, entrance: Entrance | None) -> Mapping[str, Any]:
    """Return the chart's values."""
    nodes = dict(cluster.service_nodes)
    priority = {"priorityClassName": notebooks.priority_class}
    return {
        "fullnameOverride": RELEASE,
        "hub": {
            "image": _image(notebooks.images.hub),
            "config": _hub_config(notebooks),
            "extraEnv": {
                variable: {"valueFrom": {"secretKeyRef": {"name": notebooks.login.secret, "key": key}}}
                for variable, key in (("OAUTH_CLIENT_ID", "client-id"), ("OAUTH_CLIENT_SECRET", "client-secret"))
            },
            "activeServerLimit": notebooks.users,
            "db": {"pvc": {"storage": HUB_VOLUME, "storageClassName": _class(cluster, "block")}},
            "resources": {"requests": HUB, "limits": {"memory": HUB["memory"]}},
            "containerSecurityContext": {"runAsUser": USER, "runAsGroup": USER, **_CONTAINER},
            # The API server and the identity provider, whose addresses differ by cloud.
            "networkPolicy": {"egressAllowRules": _CLOSED, "egress": [_ports(443, 6443)]},
            "nodeSelector": nodes,
            "extraPodSpec": priority,
        },
        "proxy": {
            "service": {"type": "ClusterIP"},
            "chp": {
                "image": _image(notebooks.images.proxy),
                "resources": {"requests": PROXY, "limits": {"memory": PROXY["memory"]}},
                "networkPolicy": {"egressAllowRules": _CLOSED},
                "nodeSelector": nodes,
                "extraPodSpec": priority,
            },
        },
        "singleuser": _notebook(notebooks, cluster),
        "cull": {"enabled": True, "timeout": notebooks.idle_minutes * 60, "every": CULL_EVERY_SECONDS},
        "httpRoute": _route(notebooks, cluster, entrance),
        # None of these may run in a tenant's namespace, and none is needed: they place pods, and pull images ahead.
        "scheduling": {"userScheduler": {"enabled": False}, "userPlaceholder": {"enabled": False}},
        "prePuller": {"hook": {"enabled": False}, "continuous": {"enabled": False}},
    }


def _route(notebooks: NotebooksPlan, cluster: ClusterOut, entrance: Entrance | None) -> Mapping[str, Any]:
    if entrance is None or not cluster.serves("gateway-api"):
        return {"enabled": False}
    gateway = {"name": entrance.name, "namespace": entrance.namespace}
    return {"enabled": True, "hostnames": [notebooks.host], "gateway": gateway}


def _hub_config(notebooks: NotebooksPlan) -> Mapping[str, Any]:
    login = notebooks.login
    return {
        "JupyterHub": {"authenticator_class": "generic-oauth", "admin_access": False},
        "Authenticator": {"manage_groups": True},
        "OAuthenticator": {"allowed_groups": [notebooks.group]},
        "GenericOAuthenticator": {
            "authorize_url": login.authorize_url,
            "token_url": login.token_url,
            "userdata_url": login.userinfo_url,
            "oauth_callback_url": f"https://{notebooks.host}/hub/oauth_callback",
            "scope": ["openid", "profile", "email"],
            "username_claim": "sub",
            "auth_state_groups_key": f"oauth_user.{login.groups_claim}",
        },
        "KubeSpawner": {
            "container_security_context": _CONTAINER,
            "pod_security_context": {
                "runAsNonRoot": True,
                "fsGroup": GROUP,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
    }


def _notebook(notebooks: NotebooksPlan, cluster: ClusterOut) -> Mapping[str, Any]:
    key = {"name": names.GATEWAY_KEY_SECRET, "key": names.GATEWAY_KEY}
    return {
        "image": _image(notebooks.images.notebook),
        "uid": USER,
        "fsGid": GROUP,
        "cpu": {"guarantee": float(notebooks.cpu_cores), "limit": float(2 * notebooks.cpu_cores)},
        "memory": {"guarantee": notebooks.memory_bytes, "limit": notebooks.memory_bytes},
        "storage": {
            "capacity": notebooks.storage,
            "dynamic": {
                "storageClass": _class(cluster, "shared"),
                "storageAccessModes": ["ReadWriteMany" if "shared" in cluster.volumes else "ReadWriteOnce"],
            },
        },
        "extraLabels": {"hub.jupyter.org/network-access-hub": "true"},
        "extraEnv": {
            "OPENAI_BASE_URL": f"{names.GATEWAY_URL}/v1",
            "OPENAI_API_KEY": {"valueFrom": {"secretKeyRef": key}},
        },
        "networkPolicy": {"egressAllowRules": _CLOSED},
        # The chart's way of closing the cloud's metadata is a privileged container; the network policy does it here.
        "cloudMetadata": {"blockWithIptables": False},
        "nodeSelector": dict(cluster.service_nodes),
        "extraPodConfig": {"priorityClassName": notebooks.priority_class, "enableServiceLinks": False},
    }


def _image(reference: str) -> Mapping[str, str]:
    """The chart writes `name:tag`, so a digest's own colon is where it is put together again."""
    name, _, tag = reference.rpartition(":")
    return {"name": name, "tag": tag}


def _class(cluster: ClusterOut, kind: str) -> str | None:
    """The centre's own class where there is one, else the cluster's default."""
    return f"aicc-{kind}" if kind in cluster.volumes else None


def _ports(*ports: int) -> Manifest:
    return {"ports": [{"protocol": "TCP", "port": port} for port in ports]}
