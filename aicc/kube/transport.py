"""One JSON request to the API server, with retries, as the rest of the project sees it.

The official client does TLS, kubeconfig credentials (also exec plugins and token refresh) and the connection pool.
Nothing here knows about kinds; nothing here logs a body.
"""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml
from kubernetes import config as kubeconfig
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException

from aicc.errors import ClusterError

Object = dict[str, Any]
"""A Kubernetes object or list as JSON."""

CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
_load_kubeconfig: Any = kubeconfig.load_kube_config  # untyped

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0
PASSING_CODES = frozenset({429, 502, 503, 504})
PASSING_MESSAGES = ("etcdserver:", "rpc error:", "status unknown for quota")


class ApiError(ClusterError):
    """The API server answered with an error; the text is its own message."""

    def __init__(self, message: str, *, code: int, reason: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        """HTTP status."""
        self.reason = reason
        """Machine-readable reason of the Status object, such as `NotFound`; empty where there is none."""


class UnreachableError(ClusterError):
    """The API server gave no answer, also after retries."""


class Transport:
    """A pool of connections to one API server; safe to share between threads."""

    def __init__(self, client: ApiClient, *, retry_seconds: float) -> None:
        self._client: Any = client  # untyped methods
        self._retry_seconds = retry_seconds
        self._credentials = threading.Lock()
        self._interrupted = threading.Event()

    @classmethod
    def from_kubeconfig(cls, path: Path, context: str | None, *, connections: int, retry_seconds: float) -> Transport:
        """Connect as `context` (None: the current one) of the kubeconfig file says."""
        configuration = Configuration()
        configuration.connection_pool_maxsize = connections
        configuration.retries = False
        # The loader turns inline certificates and keys into files: they live only until they are read.
        with tempfile.TemporaryDirectory() as scratch:
            try:
                _load_kubeconfig(str(path), context, configuration, persist_config=False, temp_file_path=scratch)
                tls = _tls_context(configuration)
            except (ConfigException, OSError, yaml.YAMLError) as error:
                reason = error if isinstance(error, ConfigException) else type(error).__name__
                raise ClusterError(
                    f"cannot use the kubeconfig {path}: {reason}", hint="check the file and its current context"
                ) from None
        client: Any = ApiClient(configuration)
        client.rest_client.pool_manager.connection_pool_kw |= {
            "ssl_context": tls,
            "ca_certs": None,
            "cert_file": None,
            "key_file": None,
        }
        return cls(client, retry_seconds=retry_seconds)

    @property
    def server(self) -> str:
        """The API server's URL."""
        return str(self._client.configuration.host)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def interrupt(self) -> None:
        """Make requests that are between two attempts give up now."""
        self._interrupted.set()

    def resume(self) -> None:
        """Allow retries again after `interrupt`."""
        self._interrupted.clear()

    def request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        headers: Mapping[str, str] | None = None,
        secret: bool = False,
    ) -> Object:
        """Send a request until it is answered, at most for the retry time; `what` opens an error's message.

        Throttling, server errors and lost connections are retried. Raises ApiError or UnreachableError. With `secret`
        the error names only reason and fields, because a message about invalid fields may quote their values.
        """
        url = f"{self.server}{path}?{urlencode(query or {})}"
        failure: ClusterError = UnreachableError(f"{what}: interrupted")
        for _ in self._attempts():
            try:
                code, content = self._send(method, url, body, dict(headers or {}))
            except (urllib3.exceptions.HTTPError, ApiException) as error:
                failure = UnreachableError(
                    f"{what}: no answer from the API server at {self.server}: {_cause(error)}",
                    hint="is the cluster running, and is that its address? a local stack's is started by `aicc up`",
                )
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise failure from None
                continue
            if code < 300:
                return content
            failure = _refusal(what, code, content, secret=secret)
            if not _may_pass(code, content):
                raise failure
        raise failure

    def _send(self, method: str, url: str, body: Object | None, headers: dict[str, str]) -> tuple[int, Object]:
        headers.setdefault("Accept", "application/json")
        with self._credentials:  # a token about to expire is renewed here, once
            self._client.update_params_for_auth(headers, [], ["BearerToken"], None, None, None)
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        response = self._client.call_api(method, url, headers, body, _request_timeout=timeout)
        try:
            content = json.loads(response.read())
        except ValueError:
            content = None
        if isinstance(content, dict):
            return int(response.status), content
        if response.status < 300:
            raise ClusterError(
                f"{self.server} does not answer as a Kubernetes API server",
                hint="check the kubeconfig's server, and any proxy in between",
            )
        return int(response.status), {}

    def _attempts(self) -> Iterator[None]:
        give_up_at = time.monotonic() + self._retry_seconds
        pause = FIRST_PAUSE_SECONDS
        yield
        while time.monotonic() + pause < give_up_at and not self._interrupted.wait(pause):
            yield
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _tls_context(configuration: Configuration) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


def _may_pass(code: int, status: Object) -> bool:
    """Whether to try again. A plain 500 is not: the API server gives it for an object that can never be read, too."""
    message = str(status.get("message"))
    return (
        code in PASSING_CODES
        or (code == 500 and status.get("reason") == "InternalError")
        or any(each in message for each in PASSING_MESSAGES)
    )


def _refusal(what: str, code: int, status: Object, *, secret: bool) -> ApiError:
    reason = str(status.get("reason", ""))
    message = str(status.get("message") or status.get("error") or f"HTTP {code}")  # `error`: a Service behind the proxy
    if secret and code in {400, 422, 500}:  # the others speak of names, not of values
        fields = sorted({str(cause.get("field")) for cause in (status.get("details") or {}).get("causes") or []})
        message = f"{reason or 'not a readable Secret'}: {', '.join(fields) or 'details withheld, they may quote it'}"
    hint = "the kubeconfig's credentials are not valid, or not any more" if code == 401 else None
    return ApiError(f"{what}: {message}", code=code, reason=reason, hint=hint)


def _cause(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[-1] if text else type(error).__name__
