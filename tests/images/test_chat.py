"""The chat page: what it asks of whom, and what people read; in a browser where there is one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from aicc import paths
from aicc.paths import REPO
from tests.images.faulty import Reply, gateway
from tests.support import browser as chromium

IMAGE = REPO / "images" / "chat"
sys.path.insert(0, str(IMAGE))

from chat import closed, page, settings  # noqa: E402  from the image's own folder

ELSEWHERE = '<html><link rel="stylesheet" href="https://cdn.example.com/a.css" /><script src="/a.js"></script></html>'


def test_links_to_other_hosts_are_taken_out_of_the_page() -> None:
    assert page.closed(ELSEWHERE) == '<html><script src="/a.js"></script></html>'


@pytest.mark.parametrize("tag", ['<script src="https://cdn.example.com/a.js">', '<img src="//cdn.example.com/a.png">'])
def test_a_page_that_asks_another_host_in_a_new_way_is_not_built(tag: str) -> None:
    with pytest.raises(ValueError, match=r"cdn\.example\.com"):
        page.closed(tag)


def test_settings_name_what_is_missing() -> None:
    with pytest.raises(ValueError, match="AICC_MODELS"):
        settings.Settings.read({"AICC_GATEWAY": "http://gateway"})


@pytest.mark.parametrize(
    ("origin", "status"), [(None, 200), ("http://page.example.com", 200), ("http://evil.example.com", 403)]
)
def test_another_site_s_page_is_turned_away_and_every_answer_closes_the_browser(
    origin: str | None, status: int
) -> None:
    sent: list[Mapping[str, Any]] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def keep(message: Mapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"page.example.com")] + ([(b"origin", origin.encode())] if origin else [])
    asyncio.run(closed.Closed(app)({"type": "http", "headers": headers}, None, keep))  # type: ignore[arg-type]
    assert sent[0]["status"] == status
    if status == 200:
        assert dict(sent[0]["headers"])[b"content-security-policy"].startswith(b"default-src 'self'")


@pytest.fixture(scope="module")
def program() -> Path:
    """What the image has: the pinned packages and the mended page, made once for each list of packages."""
    listed = [IMAGE / "requirements.txt", IMAGE / "sources.txt"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in listed)).hexdigest()[:16]
    folder = paths.private_dir(paths.cache_dir() / "tests") / f"chat-{digest}"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            files = [argument for file in listed for argument in ("--requirement", str(file))]
            subprocess.run([*uv, "--python", sys.executable, "--target", str(folder), *files], check=True)
            environment = {**os.environ, "PYTHONPATH": str(IMAGE)}
            subprocess.run([sys.executable, "-m", "chat.page", str(folder)], env=environment, check=True)
            (folder / "done").touch()
    return folder


@contextmanager
def served(program: Path, address: str, key: Path) -> Iterator[str]:
    """The page on loopback, in front of a gateway."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{IMAGE}:{program}",
        "AICC_GATEWAY": address,
        "AICC_KEY_FILE": str(key),
        "AICC_MODELS": "qwen3-32b,smollm2-135m",
        "AICC_ANSWER_TOKENS": "2048",
        "CHAINLIT_HOST": "127.0.0.1",
        "CHAINLIT_PORT": str(port),
    }
    process = subprocess.Popen([sys.executable, "-m", "chat"], env=environment, stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not _healthy(url):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as response:  # noqa: S310  loopback
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def stream(*pieces: str, done: bool = True, last: Mapping[str, Any] | None = None) -> Reply:
    choices = [*({"delta": {"content": piece}} for piece in pieces), *([last] if last else [])]
    events = [json.dumps({"choices": [choice]}) for choice in choices]
    lines = [f"data: {event}\n\n" for event in [*events, *(["[DONE]"] if done else [])]]
    return Reply(200, headers={"Content-Type": "text/event-stream"}, text="".join(lines).encode())


ANSWERS = {
    "greenest": stream("**Night** ", "has the ", "lowest intensity."),
    "busy": Reply(429, {"error": {"message": "limit"}}, {"Retry-After": "7"}),
    "down": Reply(503, {"error": {"message": "no replica"}}),
    "cut": stream("It begins ", done=False),
    "long": stream("And so on, ", last={"delta": {}, "finish_reason": "length"}),
}
SHOWN = {
    "greenest": "Night has the lowest intensity.",
    "busy": "Ask again in 7 seconds.",
    "down": "No replica of this model is free.",
    "cut": "The answer was cut off",
    "long": "Cut off at 2,048 tokens.",
}


def test_people_talk_to_a_model_and_the_page_asks_nobody_else(program: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-of-the-tenant\n", encoding="ascii")

    def behave(asked: Mapping[str, Any], _: int) -> Reply:
        assert asked["max_tokens"] == 2048
        return ANSWERS[asked["messages"][-1]["content"]]

    with gateway(behave) as (address, seen), served(program, address, key) as url, chromium.browser() as window:
        window.open(url)
        for question, answer in SHOWN.items():
            window.type("#chat-input", question)
            # Until the page has its socket, Enter does nothing: the button says when it is there.
            window.until(
                lambda: window.script("return document.querySelector('#chat-submit')?.disabled === false"),
                "the page does not connect",
            )
            window.type("#chat-input", "\ue007")
            window.shows(answer)
        asked = window.asked()
        source = window.script("return document.documentElement.outerHTML")
    assert asked == {url.removeprefix("http://")}
    assert set(seen.keys) == {"Bearer sk-of-the-tenant"}
    assert "sk-of-the-tenant" not in source
