"""Makes resources and cases for tests of the policy pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policy.model import CENTER, Stack, Subject

DIGEST = "registry.example.com/a@sha256:" + "0" * 64
WORLD = "0.0.0.0/0"
TAGS = {"owner": "platform", "cost-center": "ai-42", "tenant": "shared"}


@dataclass(frozen=True)
class Case:
    """Resources, and what one rule must say about them: a part of each message; nothing where they pass."""

    rule: str
    subjects: tuple[Subject, ...]
    says: tuple[str, ...] = ()

    @property
    def stack(self) -> Stack:
        return Stack(self.subjects)

    def __str__(self) -> str:
        return f"{self.rule}: {self.subjects[-1].type.rpartition(':')[2]} {'fails' if self.says else 'passes'}"


Given = Subject | tuple[Subject, ...]


def passes(rule: str, *stacks: Given) -> list[Case]:
    """Cases of which the rule says nothing; each is one stack, of one resource or several."""
    return [Case(rule, _stack(stack)) for stack in stacks]


def fails(rule: str, *stacks: tuple[Given, str]) -> list[Case]:
    """Cases with a part of what the rule says of them."""
    return [Case(rule, _stack(stack), (says,)) for stack, says in stacks]


def subject(
    type_: str, props: Mapping[str, Any] | None = None, *, name: str = "it", protect: bool = False, of: str = ""
) -> Subject:
    """A resource; `of` names one that its inputs come from."""
    return Subject(type_, name, _urn(name), props or {}, protect, frozenset({_urn(of)} if of else ()))


def spec(type_: str, **content: Any) -> Subject:
    """A Kubernetes object."""
    return subject(type_, {"metadata": {"name": "it"}, "spec": content})


def center(**props: Any) -> Subject:
    """What a stack on a public cloud declares; `props` replace parts of it."""
    return subject(
        CENTER,
        {
            "name": "shanghai",
            "cloud": "alicloud",
            "region": "cn-shanghai",
            "owner": "platform",
            "costCenter": "ai-42",
            "apiAccess": ["203.0.113.0/24"],
            "deletionProtection": True,
            "pools": [pool()],
            "limits": {"monthlyCost": {"CNY": 1000.0}, "annualTco2e": 500.0, "regions": ["cn-shanghai"]},
            "estimate": estimate(),
            **props,
        },
        name="center",
    )


def pool(**changes: Any) -> dict[str, Any]:
    """A pool with accelerators."""
    bounds = {"minNodes": 0, "nodes": 2, "maxNodes": 4}
    return {"name": "zhenwu", "accelerator": "zhenwu-810e", "owner": "research", **bounds, **changes}


def estimate(*unknown: str, cost: float = 900.0, most: float = 950.0, tonnes: float = 400.0) -> dict[str, Any]:
    """The estimate, of which `unknown` is not known."""
    return {
        "total": {
            "costPerMonth": {"CNY": cost},
            "maxCostPerMonth": {"CNY": most},
            "tco2ePerYear": {"operational": tonnes - 50, "embodied": 50.0},
            "unknown": list(unknown),
        }
    }


def pod(namespace: str = "tenant-a", **spec: Any) -> Subject:
    """A Deployment of one pod."""
    body = {"containers": [{"name": "main", "image": DIGEST}], **spec}
    return subject(
        "kubernetes:apps/v1:Deployment",
        {"metadata": {"name": "it", "namespace": namespace}, "spec": {"template": {"spec": body}}},
    )


def home(name: str, role: str) -> Subject:
    """A namespace of the centre."""
    metadata = {"name": name, "labels": {"aicc.io/role": role}}
    return subject("kubernetes:core/v1:Namespace", {"metadata": metadata}, name=name)


def _stack(given: Given) -> tuple[Subject, ...]:
    return given if isinstance(given, tuple) else (given,)


def _urn(name: str) -> str:
    return f"urn:pulumi:test::ai-compute-center::t::{name}"
