"""Where the API server is and how it is spoken to: from a kubeconfig, or as a pod's own service account."""

from __future__ import annotations

import base64
import binascii
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CONNECT_SECONDS = 10.0


class AccessError(Exception):
    """The API server cannot be spoken to as configured; the message says why, and holds no credential."""


@dataclass(frozen=True)
class Access:
    """How to reach an API server."""

    host: str
    port: int
    prefix: str
    """Before every path; usually empty."""
    tls: ssl.SSLContext | None
    token: str | None = None
    token_file: Path | None = None
    """Read anew for each request: a service account's token is replaced every hour."""

    def connect(self) -> HTTPConnection:
        """Return a connection of its own for one thread."""
        if self.tls is None:
            return HTTPConnection(self.host, self.port, timeout=_CONNECT_SECONDS)
        return HTTPSConnection(self.host, self.port, timeout=_CONNECT_SECONDS, context=self.tls)

    def headers(self) -> dict[str, str]:
        """Who asks."""
        token = self.token_file.read_text(encoding="utf-8").strip() if self.token_file else self.token
        return {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}


def in_cluster() -> Access:
    """The API server of the pod that this runs in.

    Raises AccessError outside one.
    """
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (_ACCOUNT / "token").is_file():
        raise AccessError("this is no pod with a service account: name a --kubeconfig")
    context = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
    return Access(host, int(port), "", context, token_file=_ACCOUNT / "token")


def from_kubeconfig(path: Path) -> Access:
    """The current context of a kubeconfig: certificates or a token, within it or in files.

    Raises AccessError for one that cannot be read, or that needs a program for its credentials.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        context = _named(document, "contexts", document["current-context"])["context"]
        cluster = _named(document, "clusters", context["cluster"])["cluster"]
        user = _named(document, "users", context["user"])["user"]
        return _access(cluster, user, path.parent)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ssl.SSLError, binascii.Error, UnicodeDecodeError) as error:
        raise AccessError(f"{path}: cannot be used as a kubeconfig: {type(error).__name__}: {error}") from error


def _access(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> Access:
    if "exec" in user or "auth-provider" in user:
        raise AccessError("the kubeconfig gets its credentials from a program; run the meter in the cluster instead")
    parts = urlsplit(str(cluster["server"]))
    tls = _tls(cluster, user, folder) if parts.scheme == "https" else None
    return Access(
        host=parts.hostname or "",
        port=parts.port or (443 if tls else 80),
        prefix=parts.path.rstrip("/"),
        tls=tls,
        token=user.get("token"),
        token_file=folder / user["tokenFile"] if "tokenFile" in user else None,
    )


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _content(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    certificate, key = (_content(user, name, folder) for name in ("client-certificate", "client-key"))
    if certificate and key:
        # OpenSSL takes a key from a file alone; this one is its owner's, and gone at once.
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _content(section: Mapping[str, Any], name: str, folder: Path) -> bytes | None:
    if data := section.get(f"{name}-data"):
        return base64.b64decode(data)
    return (folder / section[name]).read_bytes() if section.get(name) else None


def _named(document: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(item for item in [*document[kind], {}] if item.get("name", name) == name)
    return found
