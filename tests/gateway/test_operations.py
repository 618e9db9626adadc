"""What happens to requests while things around the gateway change: keys, certificates, replicas, the pod itself."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from aicc.toolbox.golang import Go
from tests.gateway.conftest import GATE
from tests.gateway.stack import KEYS, Answer, Engine, Gateway, call, wait_for

CURL_NO_TLS, CURL_NOT_VERIFIED = 35, 60

Start = Callable[..., tuple[Gateway, list[Engine]]]


def test_go_s_own_checks_find_nothing(go: Go) -> None:
    gofmt = Path(go.settings("GOROOT")[0]) / "bin" / "gofmt"
    assert subprocess.run([gofmt, "-l", "."], cwd=GATE, capture_output=True, text=True, check=True).stdout == ""
    subprocess.run([go.command, "vet", "./..."], cwd=GATE, env=go.environment, check=True)


def status_with(gateway: Gateway, key: str) -> int:
    return call(gateway.port, "GET", "/v1/models", headers={"Authorization": f"Bearer {key}"}).status


def test_keys_overlap_expire_and_go_without_a_restart(start: Start) -> None:
    gateway, _ = start()
    assert gateway.gate is not None
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    gateway.set_keys({"cloud": [{"key": "new"}, {"key": KEYS["cloud"], "expires": soon}]})
    wait_for(lambda: status_with(gateway, "new") == 200, "the new key is known")
    assert status_with(gateway, KEYS["cloud"]) == 200
    wait_for(lambda: status_with(gateway, KEYS["cloud"]) == 401, "the old key has expired")
    gateway.set_keys({"cloud": []})
    wait_for(lambda: status_with(gateway, "new") == 401, "the key is revoked")
    assert status_with(gateway, KEYS["research"]) == 200
    assert gateway.gate.popen.poll() is None


def test_a_spoilt_file_of_keys_costs_its_tenant_alone_and_is_not_logged(start: Start) -> None:
    gateway, _ = start()
    assert gateway.gate is not None
    (gateway.folder / "keys" / "cloud.json").write_text('{"keys": [{"key": "half-of-a-k')
    wait_for(lambda: status_with(gateway, KEYS["cloud"]) == 401, "the tenant has no key")
    assert status_with(gateway, KEYS["research"]) == 200
    assert "half-of-a-k" not in gateway.gate.log.read_text()


def test_a_key_of_a_tenant_that_is_not_declared_opens_nothing(start: Start) -> None:
    gateway, _ = start()
    gateway.set_keys({"stranger": [{"key": "strange"}], "research": [{"key": "later"}]})
    wait_for(lambda: status_with(gateway, "later") == 200, "the keys are read")
    assert status_with(gateway, "strange") == 401


def certificate(folder: Path, name: str) -> None:
    """A self-signed one."""
    folder.mkdir(exist_ok=True)
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
    ]
    files = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    subprocess.run([*command, *files, "-subj", f"/CN={name}"], check=True, capture_output=True)


def common_name(port: int) -> str:
    found = ssl.get_server_certificate(("127.0.0.1", port))
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-subject"], input=found, capture_output=True, text=True, check=True
    )
    return shown.stdout.rpartition("=")[2].strip()


def test_https_is_served_with_the_certificate_of_the_day(start: Start, tmp_path: Path) -> None:
    certificate(tmp_path / "tls", "first")
    gateway, _ = start(values={"tls": {"secretName": "given"}})
    trusting = ssl.create_default_context(cafile=tmp_path / "tls" / "tls.crt")
    trusting.check_hostname = False
    secured = HTTPSConnection("127.0.0.1", gateway.tls_port, timeout=10, context=trusting)
    secured.request("GET", "/v1/models", headers={"Authorization": f"Bearer {KEYS['cloud']}"})
    assert secured.getresponse().status == 200
    secured.close()
    assert common_name(gateway.tls_port) == "first"
    certificate(tmp_path / "tls", "second")
    wait_for(lambda: common_name(gateway.tls_port) == "second", "the new certificate is served")


def chain(folder: Path, host: str) -> None:
    """A certificate for a host as an authority makes one: root, intermediate, leaf; the root's is `root.crt`."""
    folder.mkdir()

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    authority = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    of_host = ["-addext", f"subjectAltName=DNS:{host}", "-addext", "basicConstraints=critical,CA:FALSE"]
    made = [("root", None, authority), ("between", "root", authority), ("tls", "between", of_host)]
    for name, issuer, extensions in made:
        by = ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key"] if issuer else []
        files = ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
        openssl("req", "-x509", *key, *by, *files, "-days", "2", "-subj", f"/CN={name}", *extensions)
    (folder / "tls.crt").write_text((folder / "tls.crt").read_text() + (folder / "between.crt").read_text())


def test_curl_verifies_the_certificate_of_port_443_as_any_client_would(start: Start, tmp_path: Path) -> None:
    """The host's name, the chain up to a root that is trusted, and a version of TLS that is not old."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not on PATH")
    chain(tmp_path / "tls", "ai.example.com")
    gateway, _ = start(values={"tls": {"secretName": "given"}})

    def asked(host: str, *options: str, root: str = "root.crt") -> tuple[int, str]:
        command = [curl, "-sS", "--noproxy", "*", "--cacert", tmp_path / "tls" / root]
        route = ["--connect-to", f"{host}:443:127.0.0.1:{gateway.tls_port}"]
        key = ["-H", f"Authorization: Bearer {KEYS['cloud']}"]
        done = subprocess.run(
            [*command, *route, *key, *options, f"https://{host}/v1/models"], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    status, body = asked("ai.example.com")
    assert (status, json.loads(body)["object"]) == (0, "list")
    assert asked("other.example.com")[0] == CURL_NOT_VERIFIED
    certificate(tmp_path / "other", "another root")
    assert asked("ai.example.com", root="../other/tls.crt")[0] == CURL_NOT_VERIFIED
    assert asked("ai.example.com", "--tls-max", "1.1")[0] == CURL_NO_TLS
    assert asked("ai.example.com", "--tlsv1.3")[0] == 0


def test_requests_go_on_while_one_of_two_replicas_dies(start: Start) -> None:
    gateway, [first, second] = start(models=("tiny", "tiny"))
    first.process.stop()
    assert {gateway.chat(f"hello {number}").status for number in range(20)} == {200}
    second.process.stop()
    answer = gateway.chat("hello")
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "model_unavailable", "5")
    assert str(second.port) not in answer.body.decode()


def test_a_request_waits_for_a_replica_that_is_on_its_way(start: Start, tmp_path: Path) -> None:
    gateway, [engine] = start(values={"hold": {"seconds": 15, "queue": 4}})
    engine.process.stop()
    wait_for(lambda: gateway_says_down(gateway), "the router has noticed")
    answers: list[Answer] = []
    waiting = threading.Thread(target=lambda: answers.append(gateway.chat("hello")))
    waiting.start()
    wait_for(lambda: gateway.metric('aicc_gateway_requests_held{model="tiny"}') == 1, "the request is held")
    again = Engine.start("tiny", tmp_path, engine.port)
    try:
        waiting.join(timeout=20)
        assert [answer.status for answer in answers] == [200]
    finally:
        again.process.stop()


def gateway_says_down(gateway: Gateway) -> bool:
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}).encode()
    headers = {"Content-Type": "application/json"}
    return call(gateway.router_port, "POST", "/v1/chat/completions", body, headers).status == 503


def test_an_answer_does_not_wait_for_the_log(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "gate.log"
    os.mkfifo(log)
    unread = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    try:
        gateway, _ = start()
        # Hundreds of lines fill the pipe, and from then on none is written.
        assert {status_with(gateway, KEYS["cloud"]) for _ in range(600)} == {200}
    finally:
        os.close(unread)


def test_a_dead_router_is_503_and_the_pod_is_not_ready(start: Start) -> None:
    gateway, _ = start()
    assert gateway.router is not None
    gateway.router.stop()
    answer = gateway.chat("hello")
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "router_unavailable", "5")
    assert call(gateway.admin_port, "GET", "/readyz").status == 503
    assert call(gateway.admin_port, "GET", "/livez").status == 200


def test_a_pod_that_is_told_to_stop_drains(start: Start) -> None:
    gateway, _ = start()
    assert gateway.gate is not None
    answers: list[Answer] = []
    running = threading.Thread(target=lambda: answers.append(gateway.chat("wait")))
    running.start()
    gateway.gate.popen.terminate()
    wait_for(lambda: call(gateway.admin_port, "GET", "/readyz").status == 503, "the pod is not ready")
    assert gateway.chat("hello").status == 200, "it still serves until endpoints have followed"
    running.join()
    assert [answer.status for answer in answers] == [200]
    started = time.monotonic()
    assert gateway.gate.popen.wait(timeout=20) == 0
    assert time.monotonic() - started < 15
