"""What is wrong with a model's further engine arguments.

Which flags there are is the engine's matter and changes with each release, so only those are known here that must not
be given: read from vLLM 0.32 (`vllm serve --help=all`) and SGLang 0.5.23 (`srt/arg_groups/fields` of its package).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.config.engine_arguments import MEMORY_SHARE
from infra.config.fields import Engine
from infra.config.issues import Issue
from infra.config.models import Model


@dataclass(frozen=True)
class _Taken:
    """Flags that are not for the stack file, and why."""

    flags: str
    allowed: str
    consequence: str = "the one or the other would hold, whichever the engine reads last"


_UNREACHABLE = "neither the gateway nor a probe would reach it"
_SHOWN = "it would stand in plans, manifests, and every listing of processes"
_COMMON = (
    _Taken("model served-model-name", "nothing; `source` and `name` say it"),
    _Taken("tensor-parallel-size pipeline-parallel-size", "nothing; `parallel` says it"),
    _Taken("nnodes node-rank", "nothing; `parallel.nodes` says it"),
    _Taken("host port", "nothing; the chart says it", _UNREACHABLE),
    _Taken("config", "the arguments that the file would have", "what the file says would not be checked"),
    _Taken("api-key", "nothing; tenants' keys are the gateway's (`aicc keys`)", _SHOWN),
    _Taken("ssl-keyfile ssl-certfile", "nothing; `gateway.tls` says it", _UNREACHABLE),
)
TAKEN: Mapping[Engine, tuple[_Taken, ...]] = {
    "vllm": (
        *_COMMON,
        _Taken("max-model-len", "nothing; `maxModelLen` says it"),
        _Taken("runner", "nothing; `task` says it"),
        _Taken("master-addr headless", "nothing; `parallel.nodes` says it"),
        _Taken(
            "data-parallel-size data-parallel-size-local prefill-context-parallel-size",
            "nothing; `replicas` says how many there are, and `parallel` how many accelerators one has",
            "it would want more accelerators than its pods have",
        ),
        _Taken("uds root-path", "nothing; the chart says it", _UNREACHABLE),
        _Taken("shutdown-timeout enable-prompt-tokens-details", "nothing; the chart says it"),
        _Taken("hf-token", "weights with a digest, which a job of the centre fetches", _SHOWN),
        _Taken(
            "enable-log-requests enable-log-outputs enable-log-deltas max-log-len",
            "nothing; the gateway's log has who asked, what it took, and no prompt",
            "what tenants ask, or are answered, would be in the log",
        ),
    ),
    "sglang": (
        *_COMMON,
        _Taken("model-path", "nothing; `source` says it"),
        _Taken("tp-size pp-size", "nothing; `parallel` says it"),
        _Taken("context-length", "nothing; `maxModelLen` says it"),
        _Taken("is-embedding", "nothing; `task` says it"),
        _Taken("dist-init-addr nccl-init-addr", "nothing; `parallel.nodes` says it"),
        _Taken("enable-metrics enable-cache-report", "nothing; the chart says it"),
        _Taken(
            "disaggregation-mode disaggregation-transfer-backend disaggregation-bootstrap-port "
            "disaggregation-ib-device",
            "nothing; `disaggregation` says it",
        ),
        _Taken("admin-api-key ssl-keyfile-password", "nothing", _SHOWN),
        _Taken(
            "log-requests log-requests-level crash-dump-folder export-metrics-to-file",
            "nothing; the gateway's log has who asked, what it took, and no prompt",
            "what tenants ask, or are answered, would be in the log or in files",
        ),
    ),
}
_MORE_ACCELERATORS = ("dp-size", "data-parallel-size")
"""Of SGLang: whole copies, each on accelerators of its own, but where attention alone is copied."""


def check(path: str, model: Model) -> Iterator[Issue]:
    """Arguments that something else decides, and values that are none."""
    if model.engine not in TAKEN and model.engine_arguments:
        yield Issue(
            f"{path}.engineArguments",
            f"are not for engine {model.engine}",
            ", ".join(model.engine_arguments),
            allowed="nothing; or engine: vllm or sglang",
            consequence="they would be ignored",
        )
        return
    for flag, value in model.engine_arguments.items():
        place = f"{path}.engineArguments.{flag}"
        yield from _taken(place, flag, model)
        if value is False:
            yield Issue(
                place,
                "is false, which says nothing: a flag is there or not",
                allowed=f"true, or the flag left out; or no-{flag}: true, where the engine has that flag",
                consequence="whether it holds would depend on the engine's release",
            )
        if flag == MEMORY_SHARE[model.engine] and not _share(value):
            yield Issue(
                place,
                "is not a share of the accelerator's memory",
                value,
                allowed="more than 0, up to 1, such as 0.9",
                consequence="the engine would refuse to start",
            )


def _share(value: object) -> bool:
    return isinstance(value, int | float) and value is not True and 0 < value <= 1


def _taken(place: str, flag: str, model: Model) -> Iterator[Issue]:
    bare = flag.removeprefix("no-")
    for taken in TAKEN[model.engine]:
        # The engines' parsers also take the beginning of a flag for the whole.
        if any(known.startswith(bare) for known in taken.flags.split()):
            yield Issue(place, "is not for the stack file", allowed=taken.allowed, consequence=taken.consequence)
            return
    if model.engine == "sglang" and flag in _MORE_ACCELERATORS and "enable-dp-attention" not in model.engine_arguments:
        yield Issue(
            place,
            "is only for copies of the attention, with enable-dp-attention: true",
            model.engine_arguments[flag],
            allowed="nothing; `replicas` says how many there are",
            consequence="it would want more accelerators than its pods have",
        )
