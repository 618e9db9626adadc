"""Whether each component answers, asked over TLS with the administrator's certificate."""

from __future__ import annotations

import http.client
import json
import ssl
from contextlib import closing

from aicc.local.configuration import LOOPBACK, Layout, Ports

TIMEOUT_SECONDS = 3.0


def unhealthy(layout: Layout, ports: Ports) -> frozenset[str]:
    """Return the components that do not answer that they are ready."""
    endpoints = {
        "etcd": (ports.etcdPort, "/health"),
        "kube-apiserver": (ports.kubeApiserverPort, "/readyz"),
        "kube-controller-manager": (ports.kubeControllerManagerPort, "/healthz"),
        "kube-scheduler": (ports.kubeSchedulerPort, "/readyz"),
        "kwok-controller": (ports.kwokControllerPort, "/readyz"),
    }
    context = tls_context(layout)
    if context is None:
        return frozenset(endpoints)
    return frozenset(name for name, (port, path) in endpoints.items() if _get(context, port, path) is None)


def kubernetes_version(layout: Layout, ports: Ports) -> str | None:
    """Return the version that the API server reports, such as `v1.37.2`; None where it does not answer."""
    context = tls_context(layout)
    answer = None if context is None else _get(context, ports.kubeApiserverPort, "/version")
    return None if answer is None else str(json.loads(answer)["gitVersion"])


def tls_context(layout: Layout) -> ssl.SSLContext | None:
    """Return the administrator's TLS context; None where the certificates are missing, incomplete or do not match."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(layout.ca)
        context.load_cert_chain(layout.certificate, layout.key)
    except OSError:
        return None
    return context


def _get(context: ssl.SSLContext, port: int, path: str) -> bytes | None:
    """Return the body of a 200 answer, else None."""
    connection = http.client.HTTPSConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS, context=context)
    try:
        with closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read() if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
