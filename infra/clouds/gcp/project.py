"""What must be true of the Google Cloud project: services enabled, access recorded, service agents there.

It does not make the project: who pays for it and where it hangs is the organisation's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import organizations, projects, storage

from infra.clouds.public import declared
from infra.config.clouds import GcpCloud
from infra.plan import CenterPlan

_ALWAYS = (
    "cloudkms",
    "cloudresourcemanager",
    "compute",
    "container",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "secretmanager",
    "storage",
)
_AUDITED = {
    "cloudkms": ("ADMIN_READ", "DATA_READ", "DATA_WRITE"),
    "secretmanager": ("ADMIN_READ", "DATA_READ", "DATA_WRITE"),
    "storage": ("ADMIN_READ", "DATA_WRITE"),
    "container": ("ADMIN_READ", "DATA_WRITE"),
}
"""What is recorded besides changes, which always are. Not every read of an object: models are read all day."""


@dataclass(frozen=True)
class ProjectOut:
    """The project, ready to be built in."""

    ids: Mapping[str, pulumi.Output[str]]
    """Its id, by service: who takes it waits until that service is enabled."""
    agents: Mapping[str, pulumi.Output[str]]
    """By service: whom Google Cloud acts as in the project, as IAM names it."""


def build(plan: CenterPlan) -> ProjectOut:
    """Enable the services, switch their audit logs on, and find their agents."""
    project = declared(plan, GcpCloud).project
    ids = {service: _enabled(service, project) for service in _services(plan)}
    for service, kinds in _AUDITED.items():
        projects.IAMAuditConfig(
            f"audit-{service}",
            project=ids["cloudresourcemanager"],
            service=f"{service}.googleapis.com",
            audit_log_configs=[projects.IAMAuditConfigAuditLogConfigArgs(log_type=kind) for kind in kinds],
        )
    return ProjectOut(ids, dict(_agents(ids)))


def _services(plan: CenterPlan) -> Iterable[str]:
    yield from _ALWAYS
    if plan.storage is None:
        return
    if plan.storage.registry:
        yield "artifactregistry"
    if plan.storage.shared:
        yield "file"
    if plan.storage.parallel:
        yield "lustre"
    if plan.storage.shared or plan.storage.parallel:
        yield "servicenetworking"


def _enabled(service: str, project: str) -> pulumi.Output[str]:
    # Left enabled in the end: something else in the project may use it.
    enabled = projects.Service(
        f"service-{service}", project=project, service=f"{service}.googleapis.com", disable_on_destroy=False
    )
    return pulumi.Output.from_input(enabled.project)


def _agents(ids: Mapping[str, pulumi.Output[str]]) -> Iterable[tuple[str, pulumi.Output[str]]]:
    for service in ("container", "artifactregistry", "file", "lustre"):
        if service in ids:
            identity = projects.ServiceIdentity(
                f"agent-{service}", project=ids[service], service=f"{service}.googleapis.com"
            )
            yield service, pulumi.Output.from_input(identity.member)
    # No resource knows the agents of these two. The look-ups take what a resource gives, so a first preview, which
    # has no such resource yet, does not make them.
    number = organizations.get_project_output(project_id=ids["compute"]).number
    yield (
        "compute",
        pulumi.Output.format("serviceAccount:service-{0}@compute-system.iam.gserviceaccount.com", number),
    )
    yield "storage", storage.get_project_service_account_output(project=ids["storage"]).member
