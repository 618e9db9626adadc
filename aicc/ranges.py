"""Whether a running cluster's addresses are the declared ones, which network policies keep out of what they open."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from infra.config.models import Network

if TYPE_CHECKING:
    from aicc.kube.client import Kube


def mismatches(kube: Kube, network: Network) -> list[str]:
    """Return a line for each declared range that does not hold what it is for."""
    found = []
    if (pod := _pod_address(kube)) and not _holds(network.pod_cidr, pod):
        found.append(_line("podCidr", network.pod_cidr, f"the cluster's pods, such as {pod}"))
    if (service := _service_address(kube)) and not _holds(network.service_cidr, service):
        found.append(_line("serviceCidr", network.service_cidr, f"the cluster's services, such as {service}"))
    return found


def _line(field: str, declared: str, what: str) -> str:
    return (
        f"network.{field}: {declared} does not hold {what}: pods that may reach port 443 outside the cluster reach it "
        "inside, too; declare the cluster's own range"
    )


def _pod_address(kube: Kube) -> str | None:
    """Of one that has an address of its own; name resolution is such a pod on every cluster."""
    for pod in kube.list("v1", "Pod", "kube-system"):
        if not pod["spec"].get("hostNetwork") and (address := (pod.get("status") or {}).get("podIP")):
            return str(address)
    return None


def _service_address(kube: Kube) -> str | None:
    service = kube.get("v1", "Service", "kubernetes", "default")
    return service["spec"].get("clusterIP") if service else None


def _holds(cidr: str, address: str) -> bool:
    return ip_address(address) in ip_network(cidr)
