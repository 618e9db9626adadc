"""The Kubernetes client: objects in and out as plain JSON, many at a time.

No generated models, no cache of objects, no watches: callers list what they need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from aicc.kube.discovery import Discovery, Resource
from aicc.kube.transport import ApiError, Object, Transport

PAGE = 500
"""Objects per page of a list."""
DEFAULT_NAMESPACE = "default"
"""Of a namespaced object that names none."""
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

Item = TypeVar("Item")
Result = TypeVar("Result")
Objects = list[Object]
Results = list[Result]


class Kube:
    """One API server. Every method raises ApiError where the server refuses and UnreachableError where none answers."""

    def __init__(self, transport: Transport, *, concurrency: int) -> None:
        self._transport = transport
        self._discovery = Discovery(transport)
        self._concurrency = concurrency

    @classmethod
    def from_kubeconfig(
        cls, path: Path, context: str | None = None, *, concurrency: int = 32, retry_seconds: float = 60.0
    ) -> Self:
        """Use the file's `context` (None: its current one) with up to `concurrency` requests at a time.

        A request that fails for a reason that may pass (server restarting, throttling) is repeated for `retry_seconds`.
        """
        transport = Transport.from_kubeconfig(path, context, connections=concurrency, retry_seconds=retry_seconds)
        return cls(transport, concurrency=concurrency)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self._transport.server

    def version(self) -> str:
        """The API server's version, such as `v1.37.2`."""
        return str(self._transport.request("GET", "/version", what="ask for the version")["gitVersion"])

    def resource(self, api_version: str, kind: str) -> Resource:
        """How the kind is served; ClusterError where it is not, also after a short wait for a new definition."""
        return self._discovery.resource(api_version, kind)

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API server serves the kind now."""
        return self._discovery.find(api_version, kind) is not None

    def find_resource(self, group: str, kind: str) -> Resource | None:
        """How the kind is served in its group's preferred version; None where it is not."""
        return self._discovery.preferred(group, kind)

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        *,
        metadata_only: bool = False,
    ) -> Objects:
        """Every object of the kind, of one namespace or of all. `metadata_only` leaves out spec and status."""
        resource = self.resource(api_version, kind)
        query = {"limit": str(PAGE)} | ({"labelSelector": label_selector} if label_selector else {})
        headers = {"Accept": METADATA_ONLY} if metadata_only else {}
        path, what = resource.path(namespace), f"list {kind}"
        objects: Objects = []
        while True:
            try:
                page = self._transport.request("GET", path, what=what, query=query, headers=headers)
            except ApiError as error:
                if error.code != 410 or "continue" not in query:
                    raise
                objects, query = [], {key: query[key] for key in query if key not in {"continue", "limit"}}
                continue  # the pages' snapshot was compacted away: once more, in one piece
            objects += [{**item, "apiVersion": api_version, "kind": kind} for item in page.get("items") or []]
            if not (token := page.get("metadata", {}).get("continue")):
                return objects
            query = {**query, "continue": token}

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """The object, or None where there is none."""
        path = self.resource(api_version, kind).path(namespace, name)
        try:
            return self._transport.request("GET", path, what=f"get {_title(kind, namespace, name)}")
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def create(self, obj: Mapping[str, Any]) -> Object:
        """Create the object. ApiError 409 where it exists, possibly from an attempt whose answer was lost."""
        return self._write("POST", obj, verb="create", query={"fieldValidation": "Strict"})

    def apply(self, obj: Mapping[str, Any], field_manager: str, *, force: bool = True, dry_run: bool = False) -> Object:
        """Server-side apply: the object afterwards. With `force`, fields of other managers are taken over."""
        query = {"fieldManager": field_manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        query |= {"dryRun": "All"} if dry_run else {}
        return self._write("PATCH", obj, verb="apply", query=query, content_type="application/apply-patch+yaml")

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        patch: Mapping[str, Any],
        namespace: str | None = None,
        *,
        subresource: str | None = None,
    ) -> Object:
        """Merge patch of the object, or of a subresource such as `scale`."""
        identity = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
        return self._write(
            "PATCH",
            identity,
            verb="patch",
            content_type="application/merge-patch+json",
            subresource=subresource,
            body=patch,
        )

    def patch_status(
        self, api_version: str, kind: str, name: str, status: Mapping[str, Any], namespace: str | None = None
    ) -> Object:
        """Merge `status` into the object's status subresource."""
        return self.patch(api_version, kind, name, {"status": dict(status)}, namespace, subresource="status")

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        uid: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        """Delete the object; absent already is fine. With `uid`, only that very object, else ApiError 409.

        `grace_seconds` 0 removes a pod without waiting for its node to say that it has ended.
        """
        path = self.resource(api_version, kind).path(namespace, name)
        body: Object = {"propagationPolicy": propagation} | ({"preconditions": {"uid": uid}} if uid else {})
        body |= {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        try:
            self._transport.request(
                "DELETE",
                path,
                what=f"delete {_title(kind, namespace, name)}",
                body=body,
                headers={"Content-Type": "application/json"},
            )
        except ApiError as error:
            if error.code != 404:
                raise

    def ask_service(self, namespace: str, name: str, port: str, path: str, query: Mapping[str, str]) -> Object:
        """GET `path` of a Service through the API server's proxy: the JSON that it answers."""
        return self._transport.request(
            "GET",
            f"/api/v1/namespaces/{namespace}/services/{name}:{port}/proxy{path}",
            what=f"ask Service {namespace}/{name}",
            query=query,
        )

    def map(
        self,
        work: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Sequence[Result]:
        """`work` on every item, as many at a time as there are connections; results in the items' order.

        `progress` is told how many are done, in the caller's thread. The first error (or Ctrl-C) drops what has not
        begun, waits for the requests under way, and is raised.
        """
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="kube")
        results: Results[Result] = []
        try:
            for future in [pool.submit(work, item) for item in items]:
                results.append(future.result())
                progress(len(results))
        except BaseException:
            self._transport.interrupt()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            self._transport.resume()
        return results

    def _write(
        self,
        method: str,
        obj: Mapping[str, Any],
        *,
        verb: str,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        subresource: str | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Object:
        kind, metadata = str(obj["kind"]), obj["metadata"]
        resource = self.resource(str(obj["apiVersion"]), kind)
        namespace = (metadata.get("namespace") or DEFAULT_NAMESPACE) if resource.namespaced else None
        return self._transport.request(
            method,
            resource.path(namespace, None if method == "POST" else metadata["name"], subresource),
            what=f"{verb} {_title(kind, namespace, metadata.get('name'))}",
            query=query,
            body=dict(obj if body is None else body),
            headers={"Content-Type": content_type},
            secret=kind == "Secret",
        )


def _title(kind: str, namespace: str | None, name: str | None) -> str:
    where = f"{namespace}/{name}" if namespace else str(name)
    return f"{kind} {where}"
