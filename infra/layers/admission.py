"""Admission policies, evaluated by the API server itself: no webhook that can be down.

ValidatingAdmissionPolicy is GA since Kubernetes 1.30
(kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi

from infra import names
from infra.layers.base import LayerIn
from infra.layers.objects import Manifest
from infra.plan import CenterPlan

SYSTEM_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease")
_HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
_CONTAINERS = (
    "object.spec.containers"
    " + (has(object.spec.initContainers) ? object.spec.initContainers : [])"
    " + (has(object.spec.ephemeralContainers) ? object.spec.ephemeralContainers : [])"
)


@dataclass(frozen=True)
class Rule:
    """One CEL expression that must hold, and what is said where it does not."""

    expression: str
    message: str
    """A CEL string expression, so that the message can name what was refused."""


@dataclass(frozen=True)
class Policy:
    """One policy over pods."""

    name: str
    variables: Mapping[str, str]
    rules: tuple[Rule, ...]


def policies(plan: CenterPlan, *, images_by_digest: bool) -> list[Policy]:
    """The policies of a centre."""
    found = [_host_isolation(), _accelerator_quota(sorted({item.resource for item in plan.accelerators}))]
    return [*found, _images_by_digest()] if images_by_digest else found


def _host_isolation() -> Policy:
    def container_rule(violates: str, what: str) -> Rule:
        offenders = f"variables.containers.filter(c, {violates}).map(c, c.name)"
        return Rule(
            f"!variables.containers.exists(c, {violates})",
            f"'{what} are refused outside system namespaces: container ' + {offenders}.join(', ')",
        )

    return Policy(
        "aicc-host-isolation",
        variables={"containers": _CONTAINERS},
        rules=(
            container_rule(
                "has(c.securityContext) && has(c.securityContext.privileged) && c.securityContext.privileged",
                "privileged containers",
            ),
            Rule(
                "!has(object.spec.volumes) || !object.spec.volumes.exists(v, has(v.hostPath))",
                "'hostPath volumes are refused outside system namespaces: volume '"
                " + object.spec.volumes.filter(v, has(v.hostPath)).map(v, v.name).join(', ')",
            ),
            Rule(
                " && ".join(f"(!has(object.spec.{field}) || !object.spec.{field})" for field in _HOST_NAMESPACES),
                "'sharing the host network, PID or IPC namespace is refused outside system namespaces'",
            ),
        ),
    )


def _accelerator_quota(resources: Iterable[str]) -> Policy:
    """Refuse accelerators where no quota grants them.

    A ResourceQuota only limits what it names: without this, a namespace with no quota could take every accelerator.
    For the same reason anything else of an accelerator's domain is refused: the quota counts whole cards, not slices
    such as alibabacloud.com/ppu-4u.1g12gb or nvidia.com/mig-1g.10gb.
    """
    domains = json.dumps(sorted({resource.partition("/")[0] + "/" for resource in resources}))
    annotations = "namespaceObject.metadata.annotations"
    has_grants = f"has({annotations}) && {json.dumps(names.GRANTED)} in {annotations}"
    limits = "(has(c.resources) && has(c.resources.limits) ? c.resources.limits.map(k, k) : [])"
    wanted = f"{limits}.filter(k, {domains}.exists(domain, k.startsWith(domain)))"
    return Policy(
        "aicc-accelerator-quota",
        variables={
            "containers": _CONTAINERS,
            "requested": f"variables.containers.map(c, {wanted}).filter(found, size(found) > 0)",
            "granted": f"{has_grants} ? {annotations}[{json.dumps(names.GRANTED)}].split(',') : []",
            "refused": "variables.requested.map(found, found.filter(k, !(k in variables.granted))"
            ".join(', ')).filter(text, text != '')",
        },
        rules=(
            Rule(
                "size(variables.refused) == 0",
                "'accelerators need a quota: namespace ' + request.namespace + ' has none for '"
                " + variables.refused.join(', ')",
            ),
        ),
    )


def _images_by_digest() -> Policy:
    mounted = "object.spec.volumes.filter(v, has(v.image)).map(v, has(v.image.reference) ? v.image.reference : '')"
    images = f"variables.containers.map(c, c.image) + (has(object.spec.volumes) ? {mounted} : [])"
    by_tag = "variables.images.filter(image, !image.matches('@sha256:[a-f0-9]{64}$'))"
    return Policy(
        "aicc-images-by-digest",
        variables={"containers": _CONTAINERS, "images": images, "byTag": by_tag},
        rules=(
            Rule(
                "size(variables.byTag) == 0",
                "'images must be pinned by digest (name@sha256:…): ' + variables.byTag.join(', ')",
            ),
        ),
    )


def build(given: LayerIn) -> list[pulumi.Resource]:
    """Register every policy and its binding; the bindings are what others wait for."""
    scope = given.plan.admission.scope or given.cluster.admission_scope
    return [
        _register(policy, scope, given)
        for policy in policies(given.plan, images_by_digest=given.cluster.images_by_digest)
    ]


def _register(policy: Policy, scope: str, given: LayerIn) -> pulumi.Resource:
    made = given.declare(_manifest(policy))
    return given.declare(_binding(policy, scope, given.plan), made)


def _manifest(policy: Policy) -> Manifest:
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods", "pods/ephemeralcontainers"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": policy.name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{**pods, "operations": ["CREATE", "UPDATE"]}]},
            "variables": [{"name": name, "expression": text} for name, text in policy.variables.items()],
            "validations": [
                {"expression": rule.expression, "messageExpression": rule.message, "reason": "Forbidden"}
                for rule in policy.rules
            ],
        },
    }


def _binding(policy: Policy, scope: str, plan: CenterPlan) -> Manifest:
    system = [*SYSTEM_NAMESPACES, *plan.admission.system_namespaces]
    expressions = [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": system},
        {"key": names.ROLE, "operator": "NotIn", "values": ["accelerators", "operators", "telemetry"]},
    ]
    if scope == "center":
        expressions.append({"key": names.CENTER, "operator": "In", "values": [plan.name]})
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": policy.name},
        "spec": {
            "policyName": policy.name,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchExpressions": expressions}},
        },
    }
