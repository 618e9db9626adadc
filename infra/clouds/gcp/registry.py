"""The centre's image registry. It fills nothing in: pipelines push, by digest or under tags that never move."""

from __future__ import annotations

import pulumi
from pulumi_gcp import artifactregistry

from infra.clouds.gcp.keys import Keys, deletion_policy
from infra.clouds.gcp.naming import labels
from infra.clouds.gcp.project import ProjectOut
from infra.clouds.public import declared, stateful, tags
from infra.config.clouds import GcpCloud
from infra.plan import CenterPlan


def build(
    plan: CenterPlan, project: ProjectOut, keys: Keys, node_member: pulumi.Output[str]
) -> pulumi.Output[str] | None:
    """A repository that nodes may pull from; its address. None where the plan has none."""
    if plan.storage is None or not plan.storage.registry:
        return None
    region = declared(plan, GcpCloud).region
    # CRITICAL: stateful. Nothing is cleaned up: an image that a digest names must stay.
    repository = artifactregistry.Repository(
        "registry",
        project=project.ids["artifactregistry"],
        location=region,
        repository_id=plan.name,
        format="DOCKER",
        docker_config=artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
        kms_key_name=keys["artifactregistry"],
        vulnerability_scanning_config=artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
            enablement_config="INHERITED"
        ),
        deletion_policy=deletion_policy(plan),
        labels=labels(tags(plan)),
        opts=stateful(plan),
    )
    artifactregistry.RepositoryIamMember(
        "registry-nodes",
        project=repository.project,
        location=region,
        repository=repository.name,
        role="roles/artifactregistry.reader",
        member=node_member,
    )
    return pulumi.Output.format("{0}-docker.pkg.dev/{1}/{2}", region, repository.project, repository.repository_id)
