"""How the client meets the faults of a network and of a server, played by a small HTTP server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.kube.transport import ApiError, UnreachableError

SECRET = "hunter2-hunter2"
Answer = tuple[int, Any]
RESOURCES = {
    "resources": [
        {"name": "secrets", "kind": "Secret", "namespaced": True, "verbs": ["get"]},
        {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
    ]
}
VANISH: Answer = (0, None)
"""Close the connection without an answer."""


def status(code: int, message: str, **more: Any) -> Answer:
    return code, {"kind": "Status", "code": code, "message": message, **more}


class Server(ThreadingHTTPServer):
    """Serves the kinds above, and on every other path the given answers, the last of them for ever."""

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.requests: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/api/v1?"):
            return self.answer(200, RESOURCES)
        self.server.requests.append(self.path)
        code, content = self.server.answers[min(len(self.server.requests), len(self.server.answers)) - 1]
        if code == 0:
            self.close_connection = True
            return None
        return self.answer(code, content)

    def do_PATCH(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def answer(self, code: int, content: Any) -> None:
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def write_kubeconfig(path: Path, server: str) -> Path:
    named = {"cluster": "c", "user": "u"}
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": named}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    @contextmanager
    def start(*answers: Answer, retry_seconds: float = 30) -> Iterator[tuple[Kube, Server]]:
        with Server(list(answers)) as server:
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
            kubeconfig = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{server.server_port}")
            try:
                with Kube.from_kubeconfig(kubeconfig, retry_seconds=retry_seconds) as kube:
                    yield kube, server
            finally:
                server.shutdown()

    return start


@pytest.mark.parametrize(
    "fault",
    [
        status(429, "slow down"),
        status(503, "not yet"),
        (502, "<html>a proxy speaks</html>"),
        status(500, "failed calling webhook", reason="InternalError"),
        status(500, "etcdserver: leader changed"),
        status(403, "status unknown for quota: q, resources: pods", reason="Forbidden"),
        VANISH,
    ],
    ids=["throttled", "unavailable", "proxy", "webhook", "etcd", "quota", "reset"],
)
def test_what_may_pass_is_tried_again(serve: Callable[..., Any], fault: Answer) -> None:
    with serve(fault, fault, (200, {"kind": "Pod"})) as (kube, server):
        assert kube.get("v1", "Pod", "p", "n") == {"kind": "Pod"}
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    "refusal",
    [
        status(400, "no"),
        status(403, "not you", reason="Forbidden"),
        status(409, "exists"),
        status(422, "invalid"),
        status(500, "failed to create typed patch object: .dta: field not declared in schema"),
    ],
    ids=lambda refusal: str(refusal[0]),
)
def test_a_refusal_is_final_and_carries_the_servers_message(serve: Callable[..., Any], refusal: Answer) -> None:
    with serve(refusal) as (kube, server):
        with pytest.raises(ApiError) as caught:
            kube.get("v1", "Pod", "p", "n")
        assert caught.value.message == f"get Pod n/p: {refusal[1]['message']}"
        assert (caught.value.code, len(server.requests)) == (refusal[0], 1)


def test_a_fault_that_stays_is_reported_after_the_retry_time(serve: Callable[..., Any]) -> None:
    with serve(status(503, "down for good"), retry_seconds=0.5) as (kube, server):
        with pytest.raises(ApiError, match="down for good"):
            kube.get("v1", "Pod", "p", "n")
        assert len(server.requests) > 1


def test_what_is_no_api_server_is_not_taken_for_an_empty_cluster(serve: Callable[..., Any]) -> None:
    message = "does not answer as a Kubernetes API server"
    with serve((200, "<html>log in here</html>")) as (kube, _), pytest.raises(ClusterError, match=message):
        kube.list("v1", "Pod")


def test_no_server_at_all_is_said_with_its_address(tmp_path: Path) -> None:
    with Server([]) as server:
        address = f"http://127.0.0.1:{server.server_port}"
    with Kube.from_kubeconfig(write_kubeconfig(tmp_path / "config", address), retry_seconds=0) as kube:
        with pytest.raises(UnreachableError, match=address) as caught:
            kube.version()
        assert caught.value.hint is not None


@pytest.mark.parametrize(
    "refusal",
    [
        status(500, f".stringData.k: expected string, got Value:{SECRET}"),
        status(400, f"cannot decode {SECRET}", reason="BadRequest"),
        status(
            422,
            f"Invalid value: {SECRET}",
            reason="Invalid",
            details={"causes": [{"field": "data[k]", "message": f"Invalid value: {SECRET}"}]},
        ),
    ],
    ids=lambda refusal: str(refusal[0]),
)
def test_an_error_about_a_secret_does_not_quote_it(serve: Callable[..., Any], refusal: Answer) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": SECRET}}
    with serve(refusal) as (kube, _), pytest.raises(ApiError) as caught:
        kube.apply(secret, "test")
    error = caught.value
    assert "apply Secret default/s" in error.message
    assert SECRET not in repr((error, error.__cause__, error.__context__, error.hint))


def test_one_error_ends_the_others_between_their_attempts(serve: Callable[..., Any]) -> None:
    def work(name: str) -> None:
        if name == "bad":
            raise ClusterError("bad")
        kube.get("v1", "Pod", name, "n")

    with serve(status(503, "never"), retry_seconds=3600) as (kube, server):
        kube.resource("v1", "Pod")
        with pytest.raises(ClusterError, match="bad"):
            kube.map(work, ["bad", "waits", "waits-too"])
        server.answers = [(200, {"kind": "Pod"})]
        assert kube.get("v1", "Pod", "again", "n") == {"kind": "Pod"}


@pytest.mark.parametrize(
    "content",
    ["", "a: [", "current-context: x\ncontexts: []", "current-context: x"],
    ids=["empty", "no-yaml", "no-such-context", "no-contexts"],
)
def test_a_kubeconfig_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(ClusterError, match=str(path)):
        Kube.from_kubeconfig(path)


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="absent"):
        Kube.from_kubeconfig(tmp_path / "absent")
