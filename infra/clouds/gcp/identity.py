"""Who may do what in Google Cloud: nodes, the cluster's administrators, and the plan's workloads, all without keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import container, projects, serviceaccount, storage

from infra.clouds.base import Identity
from infra.clouds.gcp.project import ProjectOut
from infra.clouds.public import declared
from infra.clouds.scope import short
from infra.config.clouds import GcpCloud
from infra.plan import CenterPlan
from infra.plan.model import WorkloadPlan
from infra.plan.workloads import VELERO

_ACCOUNT_LIMIT = 30
_READS, _WRITES = "roles/storage.objectViewer", "roles/storage.objectUser"


@dataclass(frozen=True)
class Account:
    """A Google service account."""

    id: pulumi.Output[str]
    """Its resource name, for its own policy."""
    email: pulumi.Output[str]
    member: pulumi.Output[str]
    """As IAM names it."""


def nodes(plan: CenterPlan, project: ProjectOut) -> Account:
    """What nodes run as: an account of their own, since the project's default one may edit everything."""
    account = _account(plan, project, "nodes", f"Nodes of {plan.name}")
    projects.IAMMember(
        "nodes-role",
        project=project.ids["cloudresourcemanager"],
        role="roles/container.defaultNodeServiceAccount",
        member=account.member,
    )
    return account


def admins(plan: CenterPlan, project: ProjectOut, cluster: container.Cluster) -> None:
    """Administration of this cluster, and of no other in the project."""
    cloud = declared(plan, GcpCloud)
    this = pulumi.Output.format("projects/{0}/locations/{1}/clusters/{2}", cloud.project, cloud.region, cluster.name)
    for member in cloud.admins:
        projects.IAMMember(
            f"admin-{member.replace(':', '-')}",
            project=project.ids["cloudresourcemanager"],
            role="roles/container.admin",
            member=member,
            condition=projects.IAMMemberConditionArgs(
                title=f"cluster {plan.name}",
                expression=pulumi.Output.format('resource.name == "{0}" || resource.name.startsWith("{0}/")', this),
            ),
        )


def workloads(
    plan: CenterPlan, project: ProjectOut, cluster: container.Cluster, buckets: Mapping[str, storage.Bucket]
) -> Mapping[str, Identity]:
    """An account for each workload, which its Kubernetes service account becomes and nothing else can."""
    return {each.name: _workload(plan, each, project, cluster, buckets) for each in plan.workloads}


def _workload(
    plan: CenterPlan,
    workload: WorkloadPlan,
    project: ProjectOut,
    cluster: container.Cluster,
    buckets: Mapping[str, storage.Bucket],
) -> Identity:
    subject = f"{workload.namespace}/{workload.service_account}"
    account = _account(plan, project, workload.name, f"{subject} of {plan.name}")
    # The cluster brings the pool of identities into being.
    serviceaccount.IAMMember(
        f"{workload.name}-becomes",
        service_account_id=account.id,
        role="roles/iam.workloadIdentityUser",
        member=f"serviceAccount:{declared(plan, GcpCloud).project}.svc.id.goog[{subject}]",
        opts=pulumi.ResourceOptions(depends_on=[cluster]),
    )
    roles = dict.fromkeys(workload.reads, _READS) | dict.fromkeys(workload.writes, _WRITES)
    for bucket, role in roles.items():
        storage.BucketIAMMember(
            f"{workload.name}-{bucket}", bucket=buckets[bucket].name, role=role, member=account.member
        )
    if workload.reads_secrets:
        _reads_secrets(plan, workload, project, account)
    if workload.name == VELERO:
        _signs(account)
    return Identity(annotations={"iam.gke.io/gcp-service-account": account.email})


def _reads_secrets(plan: CenterPlan, workload: WorkloadPlan, project: ProjectOut, account: Account) -> None:
    """Secrets whose names begin with the centre's. What is before the name has the project's number, hence extract."""
    prefix = f"{plan.name}-"
    projects.IAMMember(
        f"{workload.name}-secrets",
        project=project.ids["cloudresourcemanager"],
        role="roles/secretmanager.secretAccessor",
        member=account.member,
        condition=projects.IAMMemberConditionArgs(
            title=f"secrets {prefix}*",
            expression=f'resource.name.extract("/secrets/{{name}}").startsWith("{prefix}")',
        ),
    )


def _signs(account: Account) -> None:
    """Velero hands out addresses of its logs, which it signs as itself."""
    serviceaccount.IAMMember(
        "velero-signs",
        service_account_id=account.id,
        role="roles/iam.serviceAccountTokenCreator",
        member=account.member,
    )


def _account(plan: CenterPlan, project: ProjectOut, role: str, description: str) -> Account:
    """The address follows from what is declared, so a plan can show and judge who is given what."""
    account = serviceaccount.Account(
        f"account-{role}",
        project=project.ids["iam"],
        account_id=short(f"{plan.name}-{role}", _ACCOUNT_LIMIT),
        display_name=description,
    )
    email = pulumi.Output.format("{0}@{1}.iam.gserviceaccount.com", account.account_id, account.project)
    return Account(id=account.name, email=email, member=pulumi.Output.concat("serviceAccount:", email))
