"""Keys of the centre's own object store: made here, kept in the cluster's Secrets, and nowhere else.

The program names the Secrets and never sees them, so that no plan, state or rendered file holds a key.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.kube.transport import ApiError
from images.prefetch.prefetch.s3 import Keys
from infra import names
from infra.plan import CenterPlan

_SECRET_BYTES = 32


@dataclass(frozen=True)
class Accounts:
    """Who may use the store."""

    root: Keys
    readers: Mapping[str, Keys]
    """By tenant."""


def ensure(kube: Kube, plan: CenterPlan) -> Accounts | None:
    """Return the accounts, making those that are missing; None where a namespace is not there yet."""
    places = {cache.tenant: cache.namespace for cache in plan.caches}
    for namespace in (names.SYSTEM_NAMESPACE, *places.values()):
        if kube.get("v1", "Namespace", namespace) is None:
            return None
    root = _ensure(kube, names.OBJECT_STORE, names.SYSTEM_NAMESPACE, "root")
    readers = {
        tenant: _ensure(kube, names.OBJECT_STORE_READER, namespace, namespace) for tenant, namespace in places.items()
    }
    return Accounts(root, readers)


def root(kube: Kube) -> Keys | None:
    """The store's root account; None where there is none yet."""
    return _read(kube, names.OBJECT_STORE, names.SYSTEM_NAMESPACE)


def _ensure(kube: Kube, name: str, namespace: str, access: str) -> Keys:
    if found := _read(kube, name, namespace):
        return found
    made = Keys(access, secrets.token_hex(_SECRET_BYTES))
    try:
        kube.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace},
                "type": "Opaque",
                "stringData": {"access": made.access, "secret": made.secret},
            }
        )
    except ApiError as error:
        if error.code != 409:  # another run was faster
            raise
        return _read(kube, name, namespace) or made
    return made


def _read(kube: Kube, name: str, namespace: str) -> Keys | None:
    found = kube.get("v1", "Secret", name, namespace)
    if found is None:
        return None
    data = {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}
    if not (data.get("access") and data.get("secret")):
        raise ClusterError(
            f"Secret {namespace}/{name} is not a key of the object store: it lacks access or secret",
            hint=f"kubectl -n {namespace} delete secret {name}, and a new one is made; docs/runbooks/object-store.md",
        )
    return Keys(data["access"], data["secret"])
