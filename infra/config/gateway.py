"""What is declared of the gateway: the door to the models, and what each tenant may send through it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from infra.config.fields import COLLECTOR, HOST, Declared, ImageReference, Name


class TenantLimits(Declared):
    """What a tenant may ask of all models together; what is left out has no limit."""

    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(
        default=None, description="Requests; a minute's worth may come at once."
    )
    tokens_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000_000)] | None = Field(
        default=None, description="Tokens of prompts and answers, as the engines count them."
    )
    concurrency: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="Requests at the same time."
    )


class GatewayTls(Declared):
    """Where the certificate of port 443 is from."""

    secret: Name | None = Field(default=None, description="A Secret of the gateway's namespace that is there already.")
    issuer: Name | None = Field(default=None, description="A ClusterIssuer of cert-manager that makes one.")


class Gateway(Declared):
    """The OpenAI-compatible door to every model; made where models are declared."""

    enabled: bool = Field(default=True, description="false: none; models are reached by their own Services only.")
    replicas: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="Pods, among which every limit is divided; default: 2, and 1 on local stacks."
    )
    image: ImageReference | None = Field(
        default=None,
        description="Built from images/gateway. Default on local stacks: the one built here; elsewhere no gateway "
        "without, and it is named by digest.",
    )
    host: Annotated[str, StringConstraints(pattern=HOST)] | None = Field(
        default=None, description="The name that clients outside the cluster use."
    )
    tls: GatewayTls | None = Field(default=None, description="HTTPS on port 443, beside HTTP inside the cluster.")
    gateway_class: Name | None = Field(
        default=None, description="The Gateway API class that lets clients in from outside; needs host."
    )
    max_body_bytes: Annotated[int, Field(ge=1024, le=1_073_741_824, description="Largest request; above: 413.")] = (
        10 * 1024 * 1024
    )
    queue_size: Annotated[
        int, Field(ge=0, le=65_535, description="Requests of each priority that may wait in each pod; above: 503.")
    ] = 100
    hold_seconds: Annotated[
        float, Field(ge=0, le=3600, description="How long a request waits for a model that has no ready replica.")
    ] = 5.0
    traces: Annotated[str, StringConstraints(pattern=COLLECTOR)] | None = Field(
        default=None,
        description="An OpenTelemetry collector's host:port, for OTLP over gRPC; default: the centre's own, where it "
        "keeps traces.",
    )
