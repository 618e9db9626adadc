"""Where a stack's Prometheus is, and how to get there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aicc.accounting.prometheus import Answer, HttpSource, Source, UnreachablePrometheusError
from aicc.errors import ClusterError, ConfigError
from aicc.kubeconfigs import connect
from aicc.stacks import Stack
from infra import names

if TYPE_CHECKING:
    from aicc.kube.client import Kube

TOKEN = "AICC_PROMETHEUS_TOKEN"  # noqa: S105  the variable's name
"""An environment variable: a bearer token for `--prometheus`."""
_OPERATED = "operated-prometheus=true"
"""What the Prometheus Operator labels the Service of each Prometheus with."""
_PORT = "web"
_REFUSED = frozenset({400, 422})
"""HTTP statuses of Prometheus' own errors, which say what was wrong with a query."""


def source(stack: Stack, url: str | None) -> Source:
    """The Prometheus at `url`, else the stack's own: on this machine, or through the cluster's API server.

    Raises ConfigError for what is no URL, and ClusterError where the stack has none.
    """
    if url is not None:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
            raise ConfigError(f"--prometheus {url.rpartition('@')[2]!r} is not a URL, as http://127.0.0.1:9090")
        return HttpSource(url, os.environ.get(TOKEN))
    if stack.plan.cloud.kind == "local":
        return HttpSource(_on_this_machine(stack))
    kube = connect(stack)
    try:
        return ThroughApiServer(kube, *_service(kube, stack))
    except BaseException:
        kube.close()
        raise


class ThroughApiServer:
    """A Prometheus behind a Service, through the API server's proxy, with the kubeconfig's rights."""

    def __init__(self, kube: Kube, namespace: str, name: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._name = name

    @property
    def address(self) -> str:
        """The Service."""
        return f"Service {self._namespace}/{self._name}"

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Ask once."""
        from aicc.kube.transport import ApiError, UnreachableError  # noqa: PLC0415

        try:
            return Answer(200, self._kube.ask_service(self._namespace, self._name, _PORT, path, query))
        except ApiError as error:
            if error.code in _REFUSED:
                return Answer(error.code, {"status": "error", "error": error.message})
            if error.code == 404:
                return Answer(error.code, {})
            raise
        except UnreachableError as error:
            raise UnreachablePrometheusError(error.message, hint=error.hint) from None

    def close(self) -> None:
        """Let go of connections."""
        self._kube.close()


def _on_this_machine(stack: Stack) -> str:
    from aicc.local.monitoring.monitoring import Monitoring  # noqa: PLC0415  only local stacks pay for it

    found = Monitoring(stack.name).status()
    if found is None:
        raise ClusterError(
            f"stack {stack.name} has no Prometheus on this machine",
            hint=f"`aicc up --stack {stack.name}` starts it where it is declared; --prometheus URL names another",
        )
    return found.prometheus


def _service(kube: Kube, stack: Stack) -> tuple[str, str]:
    found = [item["metadata"] for item in kube.list("v1", "Service", label_selector=_OPERATED)]
    if not found:
        raise ClusterError(
            f"stack {stack.name} has no Prometheus: no Service is labelled {_OPERATED}",
            hint="does the stack declare monitoring? --prometheus URL names one that is elsewhere",
        )
    ours = [item for item in found if item["namespace"] == names.MONITORING_NAMESPACE] or found
    if len(ours) > 1:
        listed = ", ".join(f"{item['namespace']}/{item['name']}" for item in ours)
        raise ClusterError(f"stack {stack.name} has several: {listed}", hint="name one: --prometheus URL")
    return ours[0]["namespace"], ours[0]["name"]
