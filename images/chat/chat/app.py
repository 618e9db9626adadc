"""What Chainlit calls: who may come in, which models there are, and what becomes of a message."""

from __future__ import annotations

from contextlib import aclosing

import chainlit as cl
from chainlit.server import app

from chat.closed import Closed
from chat.gateway import Failure, answer
from chat.settings import Settings

SETTINGS = Settings.read()
REMEMBERED = 40
"""Messages that go with a new one."""

app.add_middleware(Closed)

if SETTINGS.group:

    @cl.oauth_callback
    async def _let_in(_provider: str, _token: str, said: dict[str, object], user: cl.User) -> cl.User | None:
        """Only the tenant's group; the provider says who is in it."""
        groups = said.get(SETTINGS.groups_claim)
        return user if isinstance(groups, list) and SETTINGS.group in groups else None


@cl.set_chat_profiles
async def _models() -> list[cl.ChatProfile]:
    return [
        cl.ChatProfile(name=model, markdown_description=f"Talk to {model}.", default=index == 0)
        for index, model in enumerate(SETTINGS.models)
    ]


@cl.on_chat_start
async def _begin() -> None:
    cl.user_session.set("messages", [])


@cl.on_message
async def _answer(asked: cl.Message) -> None:
    messages = [*cl.user_session.get("messages", []), {"role": "user", "content": asked.content}][-REMEMBERED:]
    chosen = cl.user_session.get("chat_profile")
    model = chosen if chosen in SETTINGS.models else SETTINGS.models[0]
    reply = cl.Message(content="", author=model)
    try:
        async with aclosing(answer(SETTINGS, model, messages)) as pieces:
            async for piece in pieces:
                await reply.stream_token(piece)
    except Failure as failure:
        await reply.update()
        await cl.ErrorMessage(content=str(failure)).send()
        return
    await reply.update()
    cl.user_session.set("messages", [*messages, {"role": "assistant", "content": reply.content}])
