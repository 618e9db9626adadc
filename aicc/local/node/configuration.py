"""What the node's parts are told: containerd, the network plugins, kubelet, kube-proxy and CoreDNS.

Pure text and data. Every path in it is one inside the sandbox, and every address one that only the sandbox has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml

from aicc.local.node import layout
from aicc.local.node.layout import Layout, Specification

CA = "ca.crt"
USERS = ("kubelet", "kube-proxy", "coredns")
"""Who of the node's parts talks to the API server, each with a certificate and a kubeconfig of its own."""
DNS_USER = "aicc:coredns"


def files(node: Specification, where: Layout, pause_image: str) -> dict[str, str]:
    """Return each configuration file's text, by name below the node's configuration folder."""
    return {
        "containerd.toml": _containerd(node, where, pause_image),
        "cni/10-node.conflist": json.dumps(_network(node), indent=2),
        "kubelet.yaml": yaml.safe_dump(_kubelet(node, where)),
        "kube-proxy.yaml": yaml.safe_dump(_kube_proxy(node, where)),
        "Corefile": _corefile(node, where),
        "resolv.conf": f"nameserver {node.address}\n",
        **{f"{user}.kubeconfig": yaml.safe_dump(_kubeconfig(node, where, user)) for user in USERS},
    }


def _containerd(node: Specification, where: Layout, pause_image: str) -> str:
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
address = "{layout.CONTAINERD_SOCKET}"

[{cri}]
sandbox_image = "{pause_image}"
# Without CAP_SYS_RESOURCE, as in many virtual machines' shells, runc cannot lower a score, and no container starts.
restrict_oom_score_adj = true
# Containers that are not root may listen on port 80 of their own address.
enable_unprivileged_ports = true

[{cri}.cni]
bin_dir = "{node.cni_plugins}"
conf_dir = "{where.configuration}/cni"

[{cri}.containerd]
default_runtime_name = "runc"

[{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[{cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def _network(node: Specification) -> dict[str, object]:
    return {
        "cniVersion": "1.0.0",
        "name": "node",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "pods0",
                "isGateway": True,
                # The node's own address is all that the world beyond the bridge knows a way back to.
                "ipMasq": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": node.pod_cidr}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _kubelet(node: Specification, where: Layout) -> dict[str, object]:
    etc = where.configuration
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "healthzBindAddress": node.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{etc}/{CA}"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{etc}/kubelet-serving.crt",
        "tlsPrivateKeyFile": f"{etc}/kubelet-serving.key",
        "containerRuntimeEndpoint": f"unix://{layout.CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{where.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        # It may not lower its own score without CAP_SYS_RESOURCE.
        "oomScoreAdj": 0,
        "clusterDNS": [node.address],
        "clusterDomain": layout.CLUSTER_DOMAIN,
        "resolvConf": f"{etc}/resolv.conf",
        "volumePluginDir": f"{layout.KUBELET_ROOT}/volume-plugins",
        # The machine's disk is its user's: shares of it say nothing, and what is imported cannot be pulled again.
        "evictionHard": {
            "memory.available": "200Mi",
            "nodefs.available": "1Gi",
            "imagefs.available": "1Gi",
            "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "logging": {"verbosity": 1},
    }


def _kube_proxy(node: Specification, where: Layout) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "hostnameOverride": node.name,
        "clusterCIDR": node.cluster_cidr,
        "bindAddress": node.address,
        "healthzBindAddress": f"{node.address}:{layout.PROXY_HEALTH_PORT}",
        "metricsBindAddress": "127.0.0.1:10249",
        "clientConnection": {"kubeconfig": f"{where.configuration}/kube-proxy.kubeconfig"},
        # These belong to the whole machine: the sandbox may not set them.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "oomScoreAdj": 0,
    }


def _corefile(node: Specification, where: Layout) -> str:
    return f"""{layout.CLUSTER_DOMAIN}:53 in-addr.arpa:53 ip6.arpa:53 {{
    bind {node.address}
    errors
    ready {node.address}:{layout.DNS_READY_PORT}
    kubernetes {layout.CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {where.configuration}/coredns.kubeconfig
        pods insecure
        ttl 5
    }}
    loadbalance
}}

# The sandbox reaches nothing outside, so there is nobody to ask for other names.
.:53 {{
    bind {node.address}
    errors
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


def _kubeconfig(node: Specification, where: Layout, user: str) -> Mapping[str, object]:
    etc = where.configuration
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "node",
        "clusters": [
            {
                "name": "node",
                "cluster": {
                    "server": f"https://{node.address}:{layout.API_PORT}",
                    "certificate-authority": f"{etc}/{CA}",
                    "tls-server-name": "kubernetes.default.svc",
                },
            }
        ],
        "users": [
            {
                "name": user,
                "user": {"client-certificate": f"{etc}/{user}.crt", "client-key": f"{etc}/{user}.key"},
            }
        ],
        "contexts": [{"name": "node", "context": {"cluster": "node", "user": user}}],
    }
