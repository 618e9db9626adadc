"""An OpenAI-compatible engine whose faults are asked for: what the gateway is tested against where a fault is injected.

    python -m tests.support.engine --port 18000 --model tiny

The first word of the last message, or of a response's input, says what happens: `hold` streams until the client goes
away (chat alone), `die` closes the connection after two chunks, `fail` answers 500, `wait` answers after half a second;
anything else is answered at once.
`GET /state` says how many requests run, how many were abandoned by their clients, and what the last one asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

WORDS = ("one", "two", "three", "four")
WAIT_SECONDS = 0.5
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
USAGE = {
    "prompt_tokens": 5,
    "completion_tokens": len(WORDS),
    "total_tokens": 5 + len(WORDS),
    "prompt_tokens_details": {"cached_tokens": 3},
}


@dataclass
class Engine:
    """One engine's state."""

    model: str
    owner: str = "test"
    """What it says that it is: by this the router knows an engine."""
    running: int = 0
    abandoned: int = 0
    served: int = 0
    last: dict[str, Any] = field(default_factory=dict)

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, until either side closes it."""
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET":
            return await _send(writer, 200, self._get(path))
        self.last = {"path": path, "headers": headers, "body": json.loads(body)}
        self.running += 1
        try:
            return await self._generate(path, self.last["body"], reader, writer)
        finally:
            self.running -= 1

    def _get(self, path: str) -> Any:
        if path == "/state":
            return {key: getattr(self, key) for key in ("running", "abandoned", "served", "last")}
        if path == "/v1/models":
            model = {"id": self.model, "object": "model", "created": 0, "owned_by": self.owner}
            return {"object": "list", "data": [model]}
        return {"status": "ok"}

    async def _generate(
        self, path: str, asked: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if path == "/v1/embeddings":
            vector = {"object": "embedding", "index": 0, "embedding": [0.25, 0.5, 0.75]}
            usage = {"prompt_tokens": 5, "total_tokens": 5}
            return await _send(
                writer, 200, {"object": "list", "model": asked["model"], "data": [vector], "usage": usage}
            )
        if refusal := await self.prepared(asked):
            return await _send(writer, 500, {"error": {"message": refusal}})
        responds = path == "/v1/responses"
        order = str(asked["input"] if responds else asked["messages"][-1]["content"]).split(" ")[0]
        if order == "fail":
            return await _send(writer, 500, {"error": {"message": "asked to fail"}})
        if asked.get("stream"):
            if responds:
                return await self._stream_response(asked, order, writer)
            return await self._stream(asked, order, reader, writer)
        await _wait(order)
        self.served += 1
        return await _send(writer, 200, _response(asked, "completed") if responds else _whole(asked))

    async def prepared(self, asked: dict[str, Any]) -> str:
        """What an engine that depends on another does first; why it cannot answer, or nothing."""
        return ""

    async def _stream(
        self, asked: dict[str, Any], order: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        await _wait(order)
        writer.write(STREAM)
        for number, word in enumerate(WORDS):
            if order == "die" and number == 2:
                writer.transport.abort()
                return False
            await _event(writer, json.dumps(_answer(asked, "chat.completion.chunk", [_delta(word + " ")])))
        if order == "hold" and not await self._hold(asked, reader, writer):
            return False
        if (asked.get("stream_options") or {}).get("include_usage"):
            await _event(writer, json.dumps(_answer(asked, "chat.completion.chunk", []) | {"usage": USAGE}))
        await _event(writer, "[DONE]")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        self.served += 1
        return True

    async def _stream_response(self, asked: dict[str, Any], order: str, writer: asyncio.StreamWriter) -> bool:
        """As engines do: that it has begun is said at once, before anything of the answer is known."""
        writer.write(STREAM)
        await _event(writer, *_named("response.created", response=_response(asked, "in_progress")))
        await _wait(order)
        for number, word in enumerate(WORDS):
            if order == "die" and number == 2:
                writer.transport.abort()
                return False
            part = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": word + " ", "logprobs": []}
            await _event(writer, *_named("response.output_text.delta", **part))
        await _event(writer, *_named("response.completed", response=_response(asked, "completed")))
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        self.served += 1
        return True

    async def _hold(self, asked: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Stream on, for ten seconds at most; say whether the client is still there."""
        for _ in range(200):
            if reader.at_eof() or writer.is_closing():
                self.abandoned += 1
                return False
            await _event(writer, json.dumps(_answer(asked, "chat.completion.chunk", [_delta("on ")])))
            await asyncio.sleep(0.05)
        return True


async def _wait(order: str) -> None:
    if order == "wait":
        await asyncio.sleep(WAIT_SECONDS)


def _whole(asked: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": " ".join(WORDS)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _answer(asked, "chat.completion", [choice]) | {"usage": USAGE}


def _delta(text: str) -> dict[str, Any]:
    return {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}


def _answer(asked: dict[str, Any], kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": asked["model"], "choices": choices}


def _response(asked: dict[str, Any], status: str) -> dict[str, Any]:
    done = status == "completed"
    text = {"type": "output_text", "text": " ".join(WORDS), "annotations": []}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": [text]}
    answer = {"id": "resp_1", "object": "response", "created_at": 0, "model": asked["model"], "status": status}
    told = {"output": [message] if done else [], "tools": asked.get("tools", []), "tool_choice": "auto"}
    usage = {
        "input_tokens": 5,
        "output_tokens": len(WORDS),
        "total_tokens": 5 + len(WORDS),
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return {**answer, **told, "parallel_tool_calls": True, "usage": usage if done else None}


def _named(name: str, **data: Any) -> tuple[str, str]:
    # Its type comes last, as vLLM has it.
    return json.dumps({**data, "sequence_number": 0, "type": name}), name


async def _event(writer: asyncio.StreamWriter, data: str, name: str = "") -> None:
    payload = (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()
    writer.write(f"{len(payload):x}\r\n".encode() + payload + b"\r\n")
    await writer.drain()


async def _send(writer: asyncio.StreamWriter, status: int, answer: Any) -> bool:
    body = json.dumps(answer).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return True


async def serve(engine: Engine, host: str, port: int) -> None:
    """Serve until stopped."""
    server = await asyncio.start_server(engine.connection, host, port, limit=2**26)
    await server.serve_forever()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="elsewhere only in a network namespace of a test's own")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True)
    given = parser.parse_args()
    asyncio.run(serve(Engine(given.model), given.host, given.port))


if __name__ == "__main__":
    main()
