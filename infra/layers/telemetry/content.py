"""Prompts and answers, as engines and libraries write them where they are told to, and how none of it is kept.

The gateway writes none, and engines are told to write none (charts/model-server). This is the second line: a switch
that somebody turned on to look for a fault must not fill a store with what tenants' users said.
"""

from __future__ import annotations

from typing import Any

WITHHELD = "[withheld: a line with the content of a request]"

LINES = (
    # vLLM: --enable-log-requests, --enable-log-outputs.
    r"\bprompt\s*[:=]\s*('[^']|\"[^\"])",
    r"Generated response .*output:\s*('[^']|\"[^\"])",
    r"(prompt_token_ids|input_ids|output_token_ids)['\"]?\s*[:=]\s*\[\s*[0-9]",
    # SGLang: --log-requests.
    r"(Receive|Finish): obj=.*\b(text|input_ids|image_data|audio_data)['\"]?\s*[:=]\s*[^N\s]",
    # Bodies of OpenAI's protocol, as llama-server writes them when it is debugged, and many another program.
    r"[\"'](messages|prompt|input|delta|choices)[\"']\s*:\s*[\"'\[{]",
)
"""What a line with content looks like; re2."""

ATTRIBUTES = (
    # OpenTelemetry's conventions for generative AI, old and new; OpenInference's; bodies of HTTP.
    r"gen_ai\.(prompt|completion|(input|output)\.messages|system_instructions)(\..*)?",
    r"gen_ai\.tool\.(definitions|call\.(arguments|result))(\..*)?",
    r"(llm|traceloop)\.(prompts?|completions?|input_messages|output_messages|entity\.(input|output))(\..*)?",
    r"(input|output)\.(value|mime_type)",
    r"http\.(request|response)\.body(\..*)?",
    r"(http\.target|url\.query)",
)
"""Keys of a span's attributes that hold content, or may; re2, of the whole key."""
EVENTS = (r"gen_ai\..*",)
"""Names of span events that do."""


def of_lines() -> dict[str, Any]:
    """The processor that puts a notice in the place of every line with content; its other fields stay."""
    pattern = "|".join(LINES).replace("\\", "\\\\").replace('"', '\\"')
    return {
        "error_mode": "propagate",
        "log_statements": [f'set(log.body, "{WITHHELD}") where IsMatch(log.body, "{pattern}")'],
    }


def of_spans() -> dict[str, Any]:
    """The processor that takes content out of spans.

    In one group, all statements would run once for each event of a span, and so never for a span without events.
    """
    keys = "^(" + "|".join(ATTRIBUTES).replace("\\", "\\\\") + ")$"
    events = "^(" + "|".join(EVENTS).replace("\\", "\\\\") + ")$"
    return {
        "error_mode": "propagate",
        "trace_statements": [
            {"context": "span", "statements": [f'delete_matching_keys(span.attributes, "{keys}")']},
            {
                "context": "spanevent",
                "statements": [
                    f'delete_matching_keys(spanevent.attributes, "{keys}")',
                    f'keep_keys(spanevent.attributes, []) where IsMatch(spanevent.name, "{events}")',
                ],
            },
        ],
    }
