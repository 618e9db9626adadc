"""What monitoring's declared fields say about each other, about tenants and about models; no catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, urlsplit

from infra.config.issues import Issue, unknown
from infra.config.models import Center
from infra.config.monitoring import TPOT_EDGES, TTFT_EDGES, EmailReceiver, Feed, Receiver, Slo

_LIKE_SECRETS = ("token", "key", "secret", "password", "auth", "signature")


def check(center: Center) -> Iterator[Issue]:
    """Every issue, in the order of the file."""
    for index, tenant in enumerate(center.tenants):
        if tenant.budget is not None and not tenant.budget.model_fields_set:
            yield Issue(
                f"tenants[{index}].budget",
                "says nothing",
                allowed="kwhPerMonth, kgco2ePerMonth, or no budget",
                consequence="nobody would be told of anything",
            )
    for index, model in enumerate(center.models):
        if model.task == "embed" and model.slo.tpot_seconds is not None:
            yield Issue(
                f"models[{index}].slo.tpotSeconds",
                "is not for a model that makes embeddings, which have no tokens to wait for",
                model.slo.tpot_seconds,
                allowed="ttftSeconds: the time to the answer",
                consequence="it would never be measured",
            )
        yield from _edges(f"models[{index}].slo", model.slo)
    if center.green.feed:
        yield from _feed(center.green.feed, local=center.cloud.kind == "local")
    yield from _receivers(center)


def _edges(path: str, slo: Slo) -> Iterator[Issue]:
    declared = (("ttftSeconds", slo.ttft_seconds, TTFT_EDGES), ("tpotSeconds", slo.tpot_seconds, TPOT_EDGES))
    for field, value, edges in declared:
        if value is not None and value not in edges:
            yield Issue(
                f"{path}.{field}",
                "is not where a bucket of the gateway's histogram ends",
                value,
                allowed=", ".join(f"{edge:g}" for edge in edges),
                consequence="the share of answers in time could not be counted",
            )


def _feed(feed: Feed, *, local: bool) -> Iterator[Issue]:
    parts = urlsplit(feed.url)
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if any(word in name.lower() for word in _LIKE_SECRETS):
            yield Issue(
                "green.feed.url",
                f"has a query parameter {name}, which looks like a secret",
                allowed="secret and key: where the token is",
                consequence="everyone who reads the stack or a plan would have it",
            )
    if feed.secret and local:
        yield Issue(
            "green.feed.secret",
            "is not for local stacks, where the meter is a process of this machine and reads no Secret",
            feed.secret,
            allowed="nothing; a feed on loopback that needs no token",
            consequence="the feed would be asked without a token",
        )
    if parts.scheme == "http" and not local:
        yield Issue(
            "green.feed.url",
            "is on loopback, where in a pod nothing listens",
            feed.url,
            allowed="https://…",
            consequence="the feed would always be missing",
        )
    if feed.stale_seconds < 2 * feed.poll_seconds:
        yield Issue(
            "green.feed.staleSeconds",
            f"is less than twice pollSeconds ({feed.poll_seconds})",
            feed.stale_seconds,
            allowed=f"{2 * feed.poll_seconds} or more",
            consequence="one answer that is late would make the feed stale",
        )


def _receivers(center: Center) -> Iterator[Issue]:
    tenants = [tenant.name for tenant in center.tenants]
    receivers = center.monitoring.alerts.receivers
    names = [receiver.name for receiver in receivers]
    for index, receiver in enumerate(receivers):
        path = f"monitoring.alerts.receivers[{index}]"
        if names.index(receiver.name) < index:
            first = f"monitoring.alerts.receivers[{names.index(receiver.name)}]"
            yield Issue(
                f"{path}.name",
                f"is already the name of {first}",
                receiver.name,
                allowed="a name that no other has",
                consequence="one would silently replace the other",
            )
        if receiver.tenant is not None and receiver.tenant not in tenants:
            problem, consequence = "is not a declared tenant", "it would never be told"
            yield unknown(f"{path}.tenant", receiver.tenant, tenants, problem, consequence)
        yield from _never_told(path, receiver)
        if isinstance(receiver, EmailReceiver):
            yield from _mail(path, receiver)


def _never_told(path: str, receiver: Receiver) -> Iterator[Issue]:
    lists: dict[str, Sequence[object]] = {"severities": receiver.severities}
    if isinstance(receiver, EmailReceiver):
        lists["to"] = receiver.to
    for field, items in lists.items():
        if not items:
            yield Issue(
                f"{path}.{field}", "is empty", allowed="one or more", consequence="it would never be told of anything"
            )


def _mail(path: str, receiver: EmailReceiver) -> Iterator[Issue]:
    if (receiver.username is None) != (receiver.secret is None):
        missing = "secret" if receiver.secret is None else "username"
        yield Issue(
            f"{path}.{missing}",
            "is required: username and secret go together",
            allowed="both, or neither",
            consequence="the mail server would refuse the login",
        )
