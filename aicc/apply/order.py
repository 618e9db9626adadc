"""In which order objects are applied and deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from aicc.apply.objects import GroupKind
from aicc.manifests import Manifest

NAMESPACE = GroupKind("", "Namespace")
DEFINITION = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")

CAPACITY_HOLDERS = frozenset(
    {
        GroupKind("", "Pod"),
        GroupKind("apps", "Deployment"),
        GroupKind("apps", "ReplicaSet"),
        GroupKind("apps", "StatefulSet"),
        GroupKind("batch", "Job"),
        GroupKind("jobset.x-k8s.io", "JobSet"),
        GroupKind("leaderworkerset.x-k8s.io", "LeaderWorkerSet"),
    }
)
"""Workloads that may hold accelerators which others wait for."""

_CUSTOM, _INTERCEPTORS, _WORKLOADS, _OTHERS, _POLICIES, _DEFINITIONS, _NAMESPACES = range(7)

_RANKS: Mapping[GroupKind, int] = {
    # Webhooks and aggregated APIs before the workloads that answer them: a dead webhook refuses every deletion.
    GroupKind("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _INTERCEPTORS,
    GroupKind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _INTERCEPTORS,
    GroupKind("apiregistration.k8s.io", "APIService"): _INTERCEPTORS,
    GroupKind("autoscaling", "HorizontalPodAutoscaler"): _WORKLOADS,
    GroupKind("apps", "DaemonSet"): _WORKLOADS,
    GroupKind("batch", "CronJob"): _WORKLOADS,
    **dict.fromkeys(CAPACITY_HOLDERS, _WORKLOADS),
    # What restrains workloads outlives them.
    GroupKind("", "LimitRange"): _POLICIES,
    GroupKind("", "ResourceQuota"): _POLICIES,
    GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): _POLICIES,
    GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): _POLICIES,
    GroupKind("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): _POLICIES,
    GroupKind("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): _POLICIES,
    GroupKind("networking.k8s.io", "NetworkPolicy"): _POLICIES,
    GroupKind("node.k8s.io", "RuntimeClass"): _POLICIES,
    GroupKind("scheduling.k8s.io", "PriorityClass"): _POLICIES,
    GroupKind("storage.k8s.io", "StorageClass"): _POLICIES,
    DEFINITION: _DEFINITIONS,
    NAMESPACE: _NAMESPACES,
}


def deletion_rank(kind: GroupKind, custom_groups: Collection[str]) -> int:
    """Lower is deleted, and gone, earlier; custom resources first, while the operators that finalise them still run."""
    return _RANKS.get(kind, _CUSTOM if kind.group in custom_groups else _OTHERS)


@dataclass(frozen=True)
class Step:
    """Objects that are applied together and ready before the next step begins."""

    wave: int
    layers: tuple[str, ...]
    manifests: Sequence[Manifest]

    def __str__(self) -> str:
        return ", ".join(self.layers)


def steps(manifests: Iterable[Manifest]) -> Iterator[Step]:
    """Waves in order; in each, what other objects of the same wave need to exist comes first."""

    def place(manifest: Manifest) -> tuple[int, bool]:
        return manifest.wave, GroupKind.of(manifest.body) not in {NAMESPACE, DEFINITION}

    for (wave, _), group in groupby(sorted(manifests, key=place), key=place):
        members = tuple(group)
        yield Step(wave, tuple(dict.fromkeys(each.layer for each in members)), members)
