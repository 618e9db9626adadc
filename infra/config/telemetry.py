"""What is declared of logs and traces: whether they are kept, how long, how much, and who reads which.

Prompts and answers are in neither: there is no field that would put them in (docs/adr/2026-11-27-logs-and-traces.md).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from infra.config.fields import HTTPS, Declared, Quantity

Claim = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,99}$")]
Days = Annotated[int, Field(ge=1, le=3_650)]


class LogAccess(Declared):
    """The identity provider (OpenID Connect) whose tokens open the logs; a tenant's group reads that tenant's alone."""

    issuer: Annotated[str, StringConstraints(max_length=500, pattern=HTTPS)] = Field(
        description="As its tokens name it (`iss`); its keys are found below it."
    )
    audience: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="Whom a token must be for (`aud`): the client that is registered there for reading logs."
    )
    groups_claim: Claim = Field(default="groups", description="The claim that lists a person's groups.")
    operators: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="A group that reads the platform's logs and every tenant's; none: nobody does."
    )


class Logs(Declared):
    """Containers' logs, collected on every node and kept, each tenant's apart from every other's."""

    enabled: bool = Field(default=False, description="true: not on local stacks, where `kubectl logs` has them.")
    retention_days: Days = Field(default=30, description="How long tenants' logs are kept, and then deleted.")
    platform_retention_days: Days | None = Field(
        default=None, description="The same of the platform's own, in a store of their own; default: with the tenants'."
    )
    storage: Quantity = Field(
        default="100Gi", description="Of each store's volume; at 85 % the oldest days go, whatever retentionDays says."
    )
    access: LogAccess | None = Field(
        default=None, description="Who reads them besides those who reach the store; none: nobody."
    )


class Traces(Declared):
    """Traces of the gateway's requests; operators' alone."""

    enabled: bool = Field(default=False, description="true: not on local stacks, where gateway.traces may name any.")
    retention_days: Days = Field(default=7, description="How long they are kept.")
    storage: Quantity = Field(default="50Gi", description="Of the store's volume; at 85 % the oldest days go.")
    sampling_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.1, description="Share of traces that is kept, whole; 1: all."
    )
