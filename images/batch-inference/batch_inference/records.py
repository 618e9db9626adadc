"""The three kinds of line: a request, a result, an error; their form is that of OpenAI's batch API.

https://platform.openai.com/docs/guides/batch
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PATHS = frozenset({"/v1/chat/completions", "/v1/completions", "/v1/embeddings"})
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Answers that another attempt may turn into a better one."""
NO_ANSWER = 0
"""In place of a status, where the gateway could not be reached or hung up."""


@dataclass(frozen=True)
class Request:
    """One line of the input."""

    custom_id: str
    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Malformed:
    """A line that is no request."""

    custom_id: str
    """Its own where it has one, else `line-<number>`."""
    problem: str


@dataclass(frozen=True)
class Answer:
    """What became of one request in the end."""

    custom_id: str
    status: int
    body: Any
    """What the gateway sent, parsed; a text where it was not JSON or where nothing came."""
    request_id: str = ""

    @property
    def good(self) -> bool:
        """Whether the model answered."""
        return 200 <= self.status < 300

    @property
    def final(self) -> bool:
        """Whether a later run need not ask again."""
        return self.good or (self.status not in AGAIN and self.status != NO_ANSWER)


def requests(lines: Iterable[bytes], model: str) -> Iterator[Request | Malformed]:
    """Each line that is not empty, every request addressed to `model`."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _request(line, number, model)


def _request(line: bytes, number: int, model: str) -> Request | Malformed:  # noqa: PLR0911  one for each mistake
    unnamed = f"line-{number}"
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Malformed(unnamed, f"line {number} is not JSON: {error}")
    if not isinstance(found, dict):
        return Malformed(unnamed, f"line {number} is not a JSON object")
    custom_id = found.get("custom_id")
    if not isinstance(custom_id, str) or not custom_id:
        return Malformed(unnamed, f"line {number} has no custom_id, a text that is not empty")
    if found.get("method") != "POST":
        return Malformed(custom_id, f"line {number}: method is {found.get('method')!r}, not POST")
    if found.get("url") not in PATHS:
        return Malformed(
            custom_id, f"line {number}: url is {found.get('url')!r}, not one of {', '.join(sorted(PATHS))}"
        )
    body = found.get("body")
    if not isinstance(body, dict):
        return Malformed(custom_id, f"line {number}: body is not a JSON object")
    if body.get("stream"):
        return Malformed(custom_id, f"line {number}: body.stream is set; a batch has no use for a stream")
    return Request(custom_id, found["url"], {**body, "model": model})


def written(answer: Answer) -> bytes:
    """Return the line of results.jsonl, or of errors.jsonl, with its newline."""
    response = {"status_code": answer.status, "request_id": answer.request_id, "body": answer.body}
    failure = None if answer.good else {"code": _code(answer), "message": _message(answer)}
    record = {
        "id": f"batch_req_{answer.custom_id}",
        "custom_id": answer.custom_id,
        "response": response if answer.status != NO_ANSWER else None,
        "error": failure,
    }
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def malformed(found: Malformed) -> bytes:
    """Return the line of errors.jsonl for what was never sent."""
    error = {"code": "invalid_request", "message": found.problem}
    record = {"id": f"batch_req_{found.custom_id}", "custom_id": found.custom_id, "response": None, "error": error}
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def is_final(record: Mapping[str, Any]) -> bool:
    """Whether an earlier run's line stands: its request need not be put again."""
    if record.get("error") is None or record["error"].get("code") == "invalid_request":
        return True
    response = record.get("response")
    return response is not None and response.get("status_code") not in AGAIN


def _code(answer: Answer) -> str:
    return "no_answer" if answer.status == NO_ANSWER else f"http_{answer.status}"


def _message(answer: Answer) -> str:
    match answer.body:
        case {"error": {"message": str(message)}}:
            return message
        case {"error": str(message)} | {"message": str(message)} | str(message):
            return message
        case _:
            return "the gateway gave no reason"
