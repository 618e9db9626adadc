"""A headless Chromium through chromedriver, by the W3C WebDriver protocol; its network ends at loopback."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from aicc.errors import PrerequisiteError
from aicc.toolbox import debian
from tests.support.recorder import Recorder

PROGRAMS = {"chromium": "chromium", "chromedriver": "chromium-driver"}
"""With the Debian package of each."""
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_WAIT_SECONDS = 40
Found = TypeVar("Found")


@dataclass(frozen=True)
class Browser:
    """One window."""

    session: str

    def open(self, url: str) -> None:
        _call(f"{self.session}/url", {"url": url})

    def script(self, source: str) -> Any:
        """What a function body in JavaScript returns."""
        return _call(f"{self.session}/execute/sync", {"script": source, "args": []})

    @property
    def text(self) -> str:
        """Everything that can be read."""
        return str(self.script("return document.body.innerText"))

    def type(self, selector: str, text: str) -> None:
        """Type into the element as a person does; \\ue007 is the Enter key."""
        found = self.until(lambda: self._element(selector), f"no {selector}")
        _call(f"{self.session}/element/{found}/value", {"text": text})

    def click(self, selector: str) -> None:
        found = self.until(lambda: self._element(selector), f"no {selector}")
        _call(f"{self.session}/element/{found}/click", {})

    def shows(self, text: str) -> None:
        self.until(lambda: text in self.text, f"{text!r} is not shown")

    def until(self, look: Callable[[], Found], complaint: str) -> Found:
        """Wait for what a function finds."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while not (found := look()):
            assert time.monotonic() < deadline, f"{complaint}:\n{self.text}"
            time.sleep(0.1)
        return found

    def resize(self, width: int, height: int) -> None:
        """Of the window, in pixels."""
        _call(f"{self.session}/window/rect", {"width": width, "height": height})

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(_call(f"{self.session}/screenshot")))

    def complaints(self) -> list[str]:
        """What the page's scripts, and the browser about them, have said of errors since the last look."""
        entries = _call(f"{self.session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in {"SEVERE", "WARNING"}]

    def asked(self) -> set[str]:
        """Every host that the page has asked for something since the last look."""
        entries = _call(f"{self.session}/se/log", {"type": "performance"})
        events = (json.loads(entry["message"])["message"] for entry in entries)
        urls = {
            event["params"].get("url") or event["params"].get("request", {}).get("url", "")
            for event in events
            if event["method"] in {"Network.requestWillBeSent", "Network.webSocketCreated"}
        }
        return {urlsplit(url).netloc for url in urls if urlsplit(url).scheme in {"http", "https", "ws", "wss"}}

    def _element(self, selector: str) -> str | None:
        found = _call(f"{self.session}/elements", {"using": "css selector", "value": selector})
        return str(found[0][_ELEMENT]) if found else None


@contextmanager
def browser() -> Iterator[Browser]:
    """Start one with a profile of its own, which resolves no name; the test is skipped where there can be none."""
    try:
        debian.ensure(PROGRAMS, "a browser", Recorder())
    except PrerequisiteError as error:
        pytest.skip(error.message)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        try:
            address = _address(process)
            flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
            flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
            flags += [f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
            wanted = {
                "goog:chromeOptions": {"binary": debian.which("chromium"), "args": [*flags, "--window-size=1200,900"]},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }
            made = _call(f"{address}/session", {"capabilities": {"alwaysMatch": wanted}})
            session = f"{address}/session/{made['sessionId']}"
            try:
                yield Browser(session)
            finally:
                _call(session, method="DELETE")
        finally:
            process.terminate()
            process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    for line in process.stdout:
        if "successfully on port " in line:
            return f"http://127.0.0.1:{line.rpartition('on port ')[2].strip().rstrip('.')}"
    raise AssertionError("chromedriver did not start")


def _call(url: str, body: Any = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=90) as response:  # noqa: S310  loopback
        return json.load(response)["value"]
