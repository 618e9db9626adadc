"""What every part of the cloud is built with: its scope, ARNs, and the provider that makes it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.clouds import public, scope
from infra.config.clouds import AwsCloud
from infra.plan import CenterPlan

PARTITION = "aws"
"""That of the commercial regions; China's and GovCloud's differ in more than this: endpoints, services, instances."""


@dataclass(frozen=True)
class Scope(scope.Scope[AwsCloud]):
    """The centre that is built, and where its resources hang."""

    @property
    def region(self) -> str:
        """The declared region."""
        return self.cloud.region

    def arn(self, service: str, account: pulumi.Input[str], resource: pulumi.Input[str]) -> pulumi.Output[str]:
        """Of something in this region that the centre does not make itself."""
        return pulumi.Output.format("arn:{}:{}:{}:{}:{}", PARTITION, service, self.region, account, resource)

    def named(self, *parts: str, **more: str) -> dict[str, str]:
        """Tags of a resource whose name is a tag."""
        return self.tags(Name=self.name(*parts), **more)


def scope_of(plan: CenterPlan) -> Scope:
    """The component of the cloud's resources, with a provider for the declared region whatever the environment says."""
    cloud = public.declared(plan, AwsCloud)
    return Scope(plan, cloud, scope.component(cloud.kind, aws.Provider("aws", region=cloud.region)))
