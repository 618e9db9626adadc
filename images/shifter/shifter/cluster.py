"""The cluster's API, as a pod reaches it: jobs are listed and patched, and Kueue's workloads; nothing else."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT_SECONDS = 30.0
PAGE = 500
CONFLICT = 409
NOT_FOUND = 404
_WORKLOADS = "/apis/kueue.x-k8s.io/v1beta2"


class ClusterError(Exception):
    """An answer that is no success; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True)
class Cluster:
    """Where the API server is, and who asks."""

    server: str
    context: ssl.SSLContext
    token_file: Path | None = None
    """Read at each request, as it is renewed; None with a client certificate."""

    @classmethod
    def of_pod(cls, host: str, port: str) -> Cluster:
        """As the pod's service account."""
        shown = f"[{host}]" if ":" in host else host
        context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        return cls(f"https://{shown}:{port}", context, ACCOUNT / "token")

    def jobs(self, namespace: str, label: str) -> Iterator[dict[str, Any]]:
        """Every Job with a label in a namespace. Raises ClusterError or OSError."""
        yield from self._list(f"/apis/batch/v1/namespaces/{quote(namespace)}/jobs", {"labelSelector": label})

    def patch_job(self, namespace: str, name: str, patch: Mapping[str, Any]) -> None:
        """Merge into a Job. Raises ClusterError (409 where others changed it meanwhile) or OSError."""
        self._ask("PATCH", f"/apis/batch/v1/namespaces/{quote(namespace)}/jobs/{quote(name)}", patch)

    def set_workload_active(self, namespace: str, job_uid: str, *, active: bool) -> bool:
        """Have Kueue run a Job, or evict it; whether it has a workload for it."""
        label = f"kueue.x-k8s.io/job-uid={job_uid}"
        for found in self._list(f"{_WORKLOADS}/namespaces/{quote(namespace)}/workloads", {"labelSelector": label}):
            if found["spec"].get("active", True) != active:
                path = f"{_WORKLOADS}/namespaces/{quote(namespace)}/workloads/{quote(found['metadata']['name'])}"
                self._ask("PATCH", path, {"spec": {"active": active}})
            return True
        return False

    def _list(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        following: str | None = ""
        while following is not None:
            asked = {**query, "limit": str(PAGE), **({"continue": following} if following else {})}
            page = self._ask("GET", f"{path}?{urlencode(asked)}")
            yield from page["items"]
            following = page["metadata"].get("continue") or None

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if self.token_file:
            headers["Authorization"] = f"Bearer {self.token_file.read_text(encoding='utf-8').strip()}"
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        address = urlsplit(self.server)
        connection = http.client.HTTPSConnection(
            str(address.hostname), address.port, timeout=TIMEOUT_SECONDS, context=self.context
        )
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise ClusterError(answer.status, content[:300].decode(errors="replace"))
        found: dict[str, Any] = json.loads(content)
        return found
