"""Applications: what people of a tenant use besides an API, in the tenant's namespace and out of its quota.

It makes no users, no keys and no volumes for data: who is in a group is the identity provider's business, keys are made
by `aicc keys`, and claims are the tenants'.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pulumi
from pulumi_kubernetes.helm.v4 import Chart

from infra import names
from infra.images import is_local
from infra.layers import batch, notebooks
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.charts import image
from infra.layers.objects import HelmRelease, KubernetesObject
from infra.plan.applications.model import ChatPlan

CHART = Path(__file__).resolve().parent.parent.parent / "charts" / "chat"


def build(given: LayerIn) -> LayerOut:
    """Register every declared application."""
    offered = given.plan.applications
    routes = given.earlier["operators"].parts.get("gateway-api", ())
    for item in offered.batches:
        after = (*given.earlier["tenancy"].parts[item.tenant], *given.earlier["queues"].parts.get(item.tenant, ()))
        manifest, options = batch.job(item, given.cluster), given.options(*after)
        if item.deferrable:
            options = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(ignore_changes=["spec.suspend"]))
        KubernetesObject(manifest, options)
    for page in offered.chat:
        Chart(
            names.chat_release(page.tenant),
            # Relative to where the program runs, so that no machine's path reaches the state.
            chart=os.path.relpath(CHART),
            namespace=page.namespace,
            values=chat_values(page, given),
            opts=given.options(*given.earlier["tenancy"].parts[page.tenant], *routes),
        )
    for hub in offered.notebooks:
        after = (*given.earlier["tenancy"].parts[hub.tenant], *given.earlier["storage"].ready, *routes)
        inputs = notebooks.release(hub, given.cluster, offered.entrance)
        HelmRelease(f"{notebooks.RELEASE}-{hub.tenant}", inputs, given.options(*after))
    return LayerOut()


def chat_values(page: ChatPlan, given: LayerIn) -> dict[str, Any]:
    """Return the chart's values; what is the same for every page is the chart's default."""
    login = page.login
    return {
        "tenant": page.tenant,
        "models": list(page.models),
        "answerTokens": page.answer_tokens,
        "image": {**image(page.image), "pullPolicy": "Never" if is_local(page.image) else "IfNotPresent"},
        "gateway": {
            "url": names.GATEWAY_URL,
            "namespace": names.GATEWAY_NAMESPACE,
            "secret": names.GATEWAY_KEY_SECRET,
            "key": names.GATEWAY_KEY,
        },
        "login": {
            "secret": login.secret,
            "authorizeUrl": login.authorize_url,
            "tokenUrl": login.token_url,
            "userinfoUrl": login.userinfo_url,
            "group": page.group,
            "groupsClaim": login.groups_claim,
        }
        if login
        else {},
        "route": {"host": page.host or "", **_entrance(given)},
        "resources": {
            "requests": {"cpu": page.cpu, "memory": page.memory},
            "limits": {"memory": page.memory},
        },
        "priorityClassName": page.priority_class,
        "nodeSelector": dict(given.cluster.service_nodes),
    }


def _entrance(given: LayerIn) -> dict[str, Any]:
    """The Gateway that routes hang on, where one is declared and the cluster knows what that is."""
    entrance = given.plan.applications.entrance
    if entrance is None or not given.cluster.serves("gateway-api"):
        return {"create": False}
    return {"create": True, "gateway": {"name": entrance.name, "namespace": entrance.namespace}}


LAYER = Layer("applications", requires=("operators", "storage", "tenancy", "queues", "gateway"), build=build)
