"""How a client gets in: the gateway's address from where the reader is, a key, and the applications on the gateway."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aicc.commands import applications
from aicc.keys import Store, hand_out
from aicc.kubeconfigs import connect
from aicc.stacks import Stack
from infra import names
from infra.outputs import GATEWAY_ENDPOINT

if TYPE_CHECKING:
    from aicc.local.node.node import RealNode

PORT = 80


def ensure_keys(stack: Stack) -> list[str]:
    """Make the first key of each tenant that has none, where there is a gateway; return those tenants."""
    if stack.plan.gateway is None:
        return []
    with connect(stack) as kube:
        made = Store(kube).ensure([tenant.name for tenant in stack.plan.tenants])
        hand_out(stack, kube)
    return made


def described(stack: Stack) -> list[str]:
    """Lines for the end of `aicc up`; a key itself is shown for local stacks only, where it opens nothing of worth."""
    gateway = stack.plan.gateway
    if gateway is None or not stack.plan.tenants:
        return []
    tenant = _tenant(stack)
    address = _on_this_machine(stack)
    lines = [f"gateway: {address or GATEWAY_ENDPOINT}"]
    if address is None and gateway.declared.host:
        lines.append(
            f"gateway from outside: {'https' if gateway.declared.tls else 'http'}://{gateway.declared.host}/v1"
        )
    if address is not None and (key := _key(stack, tenant)):
        return [*lines, f"key of tenant {tenant}: {key}"]
    return [*lines, f"a tenant's key: aicc keys show --stack {stack.name} --tenant {tenant}"]


def offered(stack: Stack) -> list[str]:
    """Lines for the end of `aicc up`: each chat page with its address, each batch with its state."""
    declared = stack.plan.applications
    if not (declared.chat or declared.batches):
        return []
    node = _node(stack)
    published = {}
    for page in declared.chat:
        if node is not None and page.host is None:
            release = names.chat_release(page.tenant)
            address = node.publish(page.namespace, release, names.CHAT_PORT)
            published[f"{release}.{page.namespace}:{names.CHAT_PORT}"] = address
    with connect(stack) as kube:
        found = [*applications.pages(stack.plan, kube, published), *applications.batches(stack.plan, kube)]
    return [str(each) for each in found]


def _tenant(stack: Stack) -> str:
    """One whose models run for real, where any does."""
    on_cpu = [model.tenant for model in stack.plan.models if model.accelerator is None]
    return (on_cpu or [stack.plan.tenants[0].name])[0]


def _on_this_machine(stack: Stack) -> str | None:
    """The gateway's address on this machine; None where it has no real node to run on."""
    node = _node(stack)
    return f"{node.publish(names.GATEWAY_NAMESPACE, names.GATEWAY, PORT)}/v1" if node else None


def _node(stack: Stack) -> RealNode | None:
    """The stack's real node, where it is local and has one."""
    if stack.plan.cloud.kind != "local":
        return None
    from aicc.local.node.node import RealNode  # noqa: PLC0415  only local stacks pay for it

    node = RealNode(stack.name)
    return None if node.status() is None else node


def _key(stack: Stack, tenant: str) -> str | None:
    with connect(stack) as kube:
        valid = [key for key in Store(kube).of(tenant) if key.valid(datetime.now(UTC))]
    return valid[0].secret if valid else None
