"""How the program and people reach the cluster: Google's own sign-in, through its plugin for kubectl."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_gcp import container

from infra.clouds.public import cluster_provider

_PLUGIN = "gke-gcloud-auth-plugin"
_HINT = "gcloud components install gke-gcloud-auth-plugin"


def kubeconfig(cluster: container.Cluster) -> pulumi.Output[str]:
    """It holds no credential, but tells where the cluster is."""
    name = cluster.name
    return pulumi.Output.secret(
        pulumi.Output.json_dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {
                        "name": name,
                        "cluster": {
                            "server": pulumi.Output.format("https://{0}", cluster.endpoint),
                            "certificate-authority-data": cluster.master_auth.cluster_ca_certificate,
                        },
                    }
                ],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "current-context": name,
                "users": [
                    {
                        "name": name,
                        "user": {
                            "exec": {
                                "apiVersion": "client.authentication.k8s.io/v1beta1",
                                "command": _PLUGIN,
                                "installHint": _HINT,
                                "provideClusterInfo": True,
                                "interactiveMode": "Never",
                            }
                        },
                    }
                ],
            }
        )
    )


def provider(content: pulumi.Output[str], cluster: container.Cluster, nodes: container.NodePool) -> kubernetes.Provider:
    """What is in the cluster comes after the first nodes and goes before them, so that its finalisers can run."""
    # The id alone would not wait for the nodes, and the nodes' own changes when they are replaced.
    return cluster_provider(content, pulumi.Output.all(cluster.id, nodes.cluster)[0])
