"""What users of a model are promised where its stack says nothing else: the defaults, in one place."""

from __future__ import annotations

from infra.config.models import Model

AVAILABILITY_RATIO = 0.99
TTFT_SECONDS = 2.0
TPOT_SECONDS = 0.2
"""MLPerf Inference has both for Llama 2 70B in its server scenario: mlcommons/inference, loadgen/mlperf.conf."""
LATENCY_RATIO = 0.95


def of(model: Model) -> dict[str, float]:
    """The model's objectives in the meter's words; an embedding has no tokens to wait for."""
    slo = model.slo
    objectives = {
        "availabilityRatio": slo.availability or AVAILABILITY_RATIO,
        "latencyRatio": slo.latency_ratio or LATENCY_RATIO,
        "ttftSeconds": slo.ttft_seconds or TTFT_SECONDS,
    }
    return objectives if model.task == "embed" else objectives | {"tpotSeconds": slo.tpot_seconds or TPOT_SECONDS}
