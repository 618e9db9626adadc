"""A streamed answer of the gateway, piece by piece, and what went wrong in words for the person who asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from chat.settings import Settings

_TIMEOUT = httpx.Timeout(10.0, read=300.0)
"""The first piece may wait in a queue, or for a model that is started for it."""

Messages = Sequence[Mapping[str, str]]


class Failure(Exception):  # noqa: N818  what it says is shown as it is
    """The answer cannot be had; the text is for people."""


async def answer(settings: Settings, model: str, messages: Messages) -> AsyncIterator[str]:
    """Yield the pieces of an answer.

    Closing the iterator hangs up, and so frees the model for others. Raises Failure.
    """
    body = {"model": model, "messages": list(messages), "stream": True, "max_tokens": settings.answer_tokens}
    address = f"{settings.gateway}/v1/chat/completions"
    ended = False
    try:
        # Nothing of the environment, such as a proxy's address, decides where a person's words go.
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client,
            client.stream("POST", address, json=body, headers=_headers(settings)) as response,
        ):
            if response.status_code != httpx.codes.OK:
                await response.aread()
                raise Failure(_said(response))
            async for line in response.aiter_lines():
                data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
                if data == "[DONE]":
                    ended = True
                elif data and not ended:
                    piece, whole = _piece(data)
                    yield piece if whole else f"{piece}\n\n*Cut off at {settings.answer_tokens:,} tokens.*"
    except OSError as error:
        raise Failure("This page has no key to the gateway yet. The centre's operators must look at it.") from error
    except httpx.HTTPError as error:
        raise Failure("The connection to the models broke. Ask again.") from error
    if not ended:
        raise Failure("The answer was cut off: the model stopped in the middle of it. Ask again.")


def _headers(settings: Settings) -> dict[str, str]:
    """The key is read each time: it may have been rotated."""
    if settings.key_file is None:
        return {}
    return {"Authorization": f"Bearer {settings.key_file.read_text(encoding='ascii').strip()}"}


def _piece(data: str) -> tuple[str, bool]:
    """A piece, and whether nothing is missing after it that the model would have said."""
    try:
        event: dict[str, Any] = json.loads(data)
    except ValueError as error:
        raise Failure("The answer could not be read. Ask again.") from error
    if "error" in event:
        raise Failure("The model failed in the middle of its answer. Ask again.")
    choice = (event.get("choices") or [{}])[0]
    return str((choice.get("delta") or {}).get("content") or ""), choice.get("finish_reason") != "length"


def _said(response: httpx.Response) -> str:
    match response.status_code:
        case 400 | 413 | 422:
            return f"The model refuses this request: {_reason(response)} A new chat is shorter."
        case 401 | 403:
            return "The gateway refuses this page's key. The centre's operators must look at it."
        case 404:
            return "The gateway does not know this model. Choose another, or ask the centre's operators."
        case 429:
            seconds = response.headers.get("retry-after", "")
            when = f"in {seconds} seconds" if seconds.isdigit() else "in a while"
            return f"Your group has used up its share for the moment. Ask again {when}."
        case 503:
            return "No replica of this model is free. Ask again in a while."
        case status:
            return f"The gateway failed (status {status}). Ask again in a while."


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return "it gave no reason."
