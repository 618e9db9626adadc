"""What is wrong with a model whose prefill and decode are apart; no catalogue, no cluster."""

from __future__ import annotations

from collections.abc import Iterator

from infra.config.issues import Issue
from infra.config.models import Center, Model
from infra.names import HALVES, half_release, model_release


def check(path: str, model: Model, center: Center) -> Iterator[Issue]:
    """A split model is one of sglang that generates, and each half's number is its own and fixed."""
    split = model.disaggregation
    if split is None:
        return
    place = f"{path}.disaggregation"
    if model.engine != "sglang":
        yield Issue(
            place,
            f"is not for engine {model.engine}",
            allowed="nothing; or engine: sglang, whose halves the gateway's router can lead a request through",
            consequence="no request would be answered",
        )
    if model.task == "embed":
        yield Issue(
            place,
            "is not for embeddings, which are made in one go",
            allowed="nothing; or task: generate",
            consequence="its decode replicas would never be used",
        )
    if "replicas" in model.model_fields_set:
        yield Issue(
            f"{path}.replicas",
            "is not for a model with disaggregation, each half of which has a number of its own",
            f"min {model.replicas.min}, max {model.replicas.max}",
            allowed=f"nothing: prefill {split.prefill} and decode {split.decode} run",
            consequence="it would be ignored",
        )
    if model.scaling is not None:
        yield Issue(
            f"{path}.scaling",
            "is not for a model with disaggregation, whose numbers are fixed",
            allowed="nothing",
            consequence="one half would wait for the other",
        )
    if split.rdma and split.rdma.devices and split.transfer_backend != "mooncake":
        yield Issue(
            f"{place}.rdma.devices",
            f"are not for transferBackend {split.transfer_backend}, which finds them by itself",
            ", ".join(split.rdma.devices),
            allowed="nothing; or transferBackend: mooncake",
            consequence="they would be ignored",
        )
    taken = {model_release(other.name): index for index, other in enumerate(center.models)}
    for half in HALVES:
        index = taken.get(half_release(model_release(model.name), half))
        if index is not None and center.models[index].tenant == model.tenant:
            yield Issue(
                f"models[{index}].name",
                f"is what the {half} half of {model.name} is called",
                center.models[index].name,
                allowed="another name, or another tenant",
                consequence="one would silently replace the other",
            )
