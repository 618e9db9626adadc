"""The Secret that holds the keys: one file for each tenant, which the gateway's pods have mounted."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aicc.errors import ClusterError
from aicc.keys import keyring, mounted
from aicc.keys.keyring import Keys
from infra import names

if TYPE_CHECKING:
    from aicc.kube.client import Kube

_ATTEMPTS = 10
_SUFFIX = ".json"


class Store:
    """The keys of one cluster. Its methods raise ClusterError where the cluster cannot be asked or has no gateway."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def all(self) -> Mapping[str, Keys]:
        """Every tenant's keys, newest first."""
        return {
            name.removesuffix(_SUFFIX): keyring.decode(base64.b64decode(text).decode())
            for name, text in (self._secret().get("data") or {}).items()
            if name.endswith(_SUFFIX)
        }

    def of(self, tenant: str) -> Keys:
        """A tenant's keys, newest first."""
        return self.all().get(tenant, ())

    def change(self, change: Callable[[Mapping[str, Keys]], Mapping[str, Keys]]) -> Mapping[str, Keys]:
        """Replace some tenants' keys by what `change` makes of all, and return those.

        Another's change in between is seen: `change` is then asked again.
        """
        from aicc.kube.transport import ApiError  # noqa: PLC0415  slow to import

        for _ in range(_ATTEMPTS):
            held = self._secret()
            before = {
                name.removesuffix(_SUFFIX): keyring.decode(base64.b64decode(text).decode())
                for name, text in (held.get("data") or {}).items()
            }
            changed = change(before)
            if not changed:
                return changed
            try:
                written = self._write(held, changed)
            except ApiError as error:
                if error.code != 409:
                    raise
                continue
            mounted.nudge(
                self._kube, names.GATEWAY_KEYS, names.GATEWAY_NAMESPACE, written["metadata"]["resourceVersion"]
            )
            return changed
        raise ClusterError("the keys change all the time", hint="run the command again")

    def ensure(self, tenants: list[str]) -> list[str]:
        """Make the first key of each tenant that has none, and return those tenants."""
        now = datetime.now(UTC)
        made = self.change(
            lambda held: {
                tenant: keyring.create((), now)
                for tenant in tenants
                if not any(key.valid(now) for key in held.get(tenant, ()))
            }
        )
        return sorted(made)

    def _secret(self) -> Mapping[str, Any]:
        return self._kube.get("v1", "Secret", names.GATEWAY_KEYS, names.GATEWAY_NAMESPACE) or {}

    def _write(self, held: Mapping[str, Any], changed: Mapping[str, Keys]) -> Mapping[str, Any]:
        data = {
            f"{tenant}{_SUFFIX}": base64.b64encode(keyring.encode(keys).encode()).decode()
            for tenant, keys in changed.items()
        }
        if held:
            seen = {"metadata": {"resourceVersion": held["metadata"]["resourceVersion"]}}
            return self._kube.patch("v1", "Secret", names.GATEWAY_KEYS, {**seen, "data": data}, names.GATEWAY_NAMESPACE)
        if self._kube.get("v1", "Namespace", names.GATEWAY_NAMESPACE) is None:
            raise ClusterError("the cluster has no gateway", hint="bring the stack up first: aicc up")
        return self._kube.create(mounted.secret(names.GATEWAY_KEYS, names.GATEWAY_NAMESPACE, data))
