"""Prefill and decode of a model apart: where that can be served, and what could not be verified of it."""

from __future__ import annotations

from collections.abc import Iterator

from infra.catalogue import Accelerator
from infra.config.issues import Issue
from infra.config.models import Center, Model
from infra.plan.gateway import is_made
from infra.plan.model import SplitPlan

_DOCUMENTED = frozenset({"nvidia", "amd"})
"""Vendors on whose accelerators SGLang's or the vendor's own documentation shows mooncake."""


def check(path: str, model: Model, center: Center, accelerator: Accelerator) -> Iterator[Issue]:
    """Something leads each request through both halves, and the accelerator's cache can be carried over."""
    if model.disaggregation is None:
        return
    if not is_made(center):
        yield Issue(
            f"{path}.disaggregation",
            "is only for centres with a gateway: neither half answers by itself",
            allowed="nothing; or gateway.image, without gateway.enabled: false",
            consequence="nobody could ask for the model",
        )
    if accelerator.vendor == "huawei":
        yield Issue(
            f"{path}.disaggregation",
            f"is not for {accelerator.id}: SGLang's transfer between Ascend devices needs an address and device "
            "numbers that no field gives",
            allowed="nothing, or an accelerator of another vendor",
            consequence="its replicas would not start",
        )


def notes(model: Model, accelerator: Accelerator | None) -> Iterator[str]:
    """What could not be verified of a split model."""
    split = model.disaggregation
    if split is None or accelerator is None:
        return
    if split.rdma is None:
        uncertain = split.transfer_backend == "mooncake"
        hint = "; mooncake may insist on RDMA cards that it sees, nixl does not" if uncertain else ""
        yield (
            f"model {model.name}: disaggregation.rdma is not declared, so its key-value cache goes from prefill to "
            f"decode over TCP, which may cost more than the split gains{hint}"
        )
    if accelerator.vendor not in _DOCUMENTED:
        has = f"{accelerator.id}'s image of sglang has {split.transfer_backend}"
        yield f"model {model.name}: whether {has} is not known"


def resolved(model: Model) -> SplitPlan | None:
    """The split as it is planned; None where the model has none."""
    split = model.disaggregation
    if split is None:
        return None
    return SplitPlan(
        prefill=split.prefill,
        decode=split.decode,
        transfer_backend=split.transfer_backend,
        rdma_resource=split.rdma.resource if split.rdma else None,
        rdma_count=split.rdma.count if split.rdma else 0,
        rdma_devices=split.rdma.devices if split.rdma else (),
    )
