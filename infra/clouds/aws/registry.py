"""The image registry: a repository for the engines that the centre serves models with, and one for each tenant.

Nothing in them expires: pods name images by digest, and a rule could not tell which digests are in use.
"""

from __future__ import annotations

import pulumi
from pulumi_aws import ecr

from infra.clouds.aws.keys import KeyRing
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.scope import Scope

_ENGINES = "engines"


def build(scope: Scope, network: NetworkOut, keys: KeyRing) -> dict[str, pulumi.Input[str]]:
    """Register the repositories, if declared, and say where they are."""
    if not (scope.plan.storage and scope.plan.storage.registry):
        return {}
    for role in (_ENGINES, *(tenant.namespace for tenant in scope.plan.tenants)):
        ecr.Repository(
            f"repository-{role}",  # CRITICAL: stateful
            name=f"{scope.plan.name}/{role}",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=keys.storage.arn)
            ],
            force_delete=False,
            tags=scope.tags(),
            opts=scope.stateful(),
        )
    address = pulumi.Output.format("{}.dkr.ecr.{}.amazonaws.com/{}", network.account, scope.region, scope.plan.name)
    return {"registry": address}
