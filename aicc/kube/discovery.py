"""Which kinds an API server serves, and under which path. Asked lazily, one group and version at a time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from urllib.parse import quote

from aicc.errors import ClusterError
from aicc.kube.transport import ApiError, Transport

NEW_KIND_SECONDS = 5.0
"""How long a kind may take to be served after its CustomResourceDefinition was established."""
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Resource:
    """One kind as the API server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return group_of(self.api_version)

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of a collection, an object or its subresource; cluster-scoped kinds ignore the namespace."""
        parts = [_root(self.api_version)]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        parts += [quote(part, safe=":") for part in (name, subresource) if part]
        return "/".join(parts)


class Discovery:
    """The kinds of one API server, cached in memory; safe to share between threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._served: dict[str, dict[str, Resource]] = {}
        self._lock = threading.Lock()

    def resource(self, api_version: str, kind: str) -> Resource:
        """The kind's resource. A kind just defined by a CustomResourceDefinition is waited for briefly."""
        give_up_at = time.monotonic() + NEW_KIND_SECONDS
        while (found := self.find(api_version, kind)) is None:
            if time.monotonic() > give_up_at:
                raise ClusterError(
                    f"the cluster does not serve {kind} ({api_version})",
                    hint="install the operator or CustomResourceDefinition that provides it",
                )
            time.sleep(POLL_SECONDS)
        return found

    def find(self, api_version: str, kind: str) -> Resource | None:
        """The kind's resource, or None where the API server does not serve it now."""
        with self._lock:
            if kind not in self._served.get(api_version, {}):
                self._served[api_version] = self._ask(api_version)
            return self._served[api_version].get(kind)

    def preferred(self, group: str, kind: str) -> Resource | None:
        """The kind in the version its group prefers, else in any version that has it, or None."""
        return next((found for version in self._versions(group) if (found := self.find(version, kind))), None)

    def _versions(self, group: str) -> list[str]:
        if not group:
            return ["v1"]
        try:
            answer = self._transport.request("GET", f"/apis/{quote(group)}", what=f"ask for the API group {group}")
        except ApiError as error:
            if error.code == 404:
                return []
            raise
        preferred = answer["preferredVersion"]["groupVersion"]
        return [preferred, *(each["groupVersion"] for each in answer["versions"] if each["groupVersion"] != preferred)]

    def _ask(self, api_version: str) -> dict[str, Resource]:
        try:
            answer = self._transport.request("GET", _root(api_version), what=f"ask for the kinds of {api_version}")
        except ApiError as error:
            if error.code == 404:
                return {}
            raise
        return {
            each["kind"]: Resource(
                api_version, each["kind"], each["name"], each["namespaced"], frozenset(each["verbs"])
            )
            for each in answer.get("resources", [])
            if "/" not in each["name"]
        }


def group_of(api_version: str) -> str:
    """The group of an apiVersion; empty for the core group."""
    return api_version.rpartition("/")[0]


def _root(api_version: str) -> str:
    return f"/apis/{quote(api_version)}" if group_of(api_version) else f"/api/{quote(api_version)}"
