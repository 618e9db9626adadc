"""What is declared of monitoring: what is kept, who is told, what users are promised, and what may be used.

No secret value is ever declared: a receiver or a feed names a Secret that is already in the monitoring namespace.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.config.fields import ENTRY, FEED, MAIL, MAIL_HOST, Declared, Name, Quantity

Severity = Literal["page", "ticket", "info"]
Mail = Annotated[str, StringConstraints(max_length=320, pattern=MAIL)]
SecretKey = Annotated[str, StringConstraints(max_length=253, pattern=ENTRY)]


TTFT_EDGES = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120, 300)
TPOT_EDGES = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1)
"""Where the buckets of the gateway's histograms end: only there can the share of answers in time be counted."""


class Slo(Declared):
    """What users of a model are promised; what is left out has the default of every model."""

    availability: Annotated[float, Field(ge=0.5, lt=1)] | None = Field(
        default=None, description="Share of requests that must not fail by the centre's fault; default: 0.99."
    )
    ttft_seconds: Annotated[float, Field(gt=0, le=3_600)] | None = Field(
        default=None, description="Time to first token (of an embedding: to the answer); default: 2."
    )
    tpot_seconds: Annotated[float, Field(gt=0, le=60)] | None = Field(
        default=None, description="Time per output token after the first; default: 0.2; none of an embedding."
    )
    latency_ratio: Annotated[float, Field(ge=0.5, lt=1)] | None = Field(
        default=None, description="Share of answers that must keep both times; default: 0.95."
    )


class Budget(Declared):
    """What a tenant may use in a calendar month (UTC); above it people are told, and nothing is stopped."""

    kwh_per_month: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        default=None, description="Energy of what it reserves, at the machines (without PUE)."
    )
    kgco2e_per_month: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        default=None,
        alias="kgco2ePerMonth",
        description="Emissions of what it reserves, operational (with PUE) and embodied.",
    )


class Feed(Declared):
    """A live feed of the grid's carbon intensity; the catalogue's figure holds where it is missing or absurd."""

    url: Annotated[str, StringConstraints(max_length=500, pattern=FEED)] = Field(
        description="Answered by JSON over HTTPS, or over HTTP on loopback."
    )
    format: Literal["plain", "electricity-maps", "uk-carbon-intensity"] = Field(
        default="plain", description="How the answer is read: docs/howto/use-a-live-intensity-feed.md."
    )
    secret: Name | None = Field(
        default=None, description="A Secret of the monitoring namespace with the feed's token; none: asked without."
    )
    key: SecretKey = Field(default="token", description="The Secret's entry.")
    poll_seconds: Annotated[int, Field(ge=60, le=3_600)] = Field(default=300, description="How often it is asked.")
    stale_seconds: Annotated[int, Field(ge=300, le=86_400)] = Field(
        default=7_200, description="How old a figure may be; an older one is not used."
    )


class Receiver(Declared):
    """Who is told of alerts."""

    name: Name = Field(description="Of the receiver.")
    severities: tuple[Severity, ...] = Field(default=("page", "ticket"), description="Of the alerts that it gets.")
    tenant: Name | None = Field(default=None, description="Only alerts about this tenant; none: all.")


class WebhookReceiver(Receiver):
    """A service that takes Alertmanager's own JSON."""

    kind: Literal["webhook"]
    secret: Name = Field(description="A Secret of the monitoring namespace with the address.")
    key: SecretKey = Field(default="url", description="The Secret's entry.")


class DingtalkReceiver(Receiver):
    """A group's robot in DingTalk, or what takes the same messages; it must allow this text or address, unsigned."""

    kind: Literal["dingtalk"]
    secret: Name = Field(description="A Secret of the monitoring namespace with the robot's address.")
    key: SecretKey = Field(default="url", description="The Secret's entry.")


class EmailReceiver(Receiver):
    """Mail."""

    kind: Literal["email"]
    to: tuple[Mail, ...] = Field(description="Addresses.")
    sender: Mail = Field(alias="from", description="The sender's address.")
    server: Annotated[str, StringConstraints(max_length=261, pattern=MAIL_HOST)] = Field(
        description="The mail server's host:port; it must offer TLS."
    )
    username: Annotated[str, StringConstraints(min_length=1, max_length=320)] | None = Field(
        default=None, description="To log in with; none: without."
    )
    secret: Name | None = Field(default=None, description="A Secret of the monitoring namespace with the password.")
    key: SecretKey = Field(default="password", description="The Secret's entry.")


AnyReceiver = Annotated[WebhookReceiver | DingtalkReceiver | EmailReceiver, Field(discriminator="kind")]


class Alerts(Declared):
    """Who is told, and how often."""

    receivers: tuple[
        Annotated[WebhookReceiver | DingtalkReceiver | EmailReceiver, Field(discriminator="kind")], ...
    ] = Field(default=(), description="None: alerts are shown, and nobody is told.")
    repeat_hours: Annotated[int, Field(ge=1, le=168)] = Field(
        default=4, description="After how long a firing alert is told again."
    )


class Monitoring(Declared):
    """Metrics, alerts and the meter of energy and carbon."""

    enabled: bool = Field(default=True, description="false: none, and nothing is accounted for.")
    retention_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        default=62, description="How long metrics are kept; a month's statement needs that month, so 62 or more."
    )
    scrape_seconds: Annotated[int, Field(ge=5, le=120)] | None = Field(
        default=None, description="How often metrics are read; default: 30, and 15 on local stacks."
    )
    storage: Quantity = Field(default="100Gi", description="Of each Prometheus' volume, where the centre installs it.")
    alerts: Alerts = Field(default=Alerts(), description="Who is told.")
