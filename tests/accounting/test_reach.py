from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from aicc.accounting.prometheus import Prometheus, QueryError
from aicc.accounting.reach import source
from aicc.errors import ClusterError, ConfigError
from aicc.stacks import Stack, stack
from tests.support.prometheus import prometheus

RESOURCES = {
    "resources": [{"name": "services", "kind": "Service", "namespaced": True, "verbs": ["get", "list"]}],
}


def service(namespace: str, name: str = "prometheus-operated") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}}


class ApiServer(ThreadingHTTPServer):
    """What an API server does here: it lists Services, and hands on what is asked of one of them."""

    def __init__(self, services: list[dict[str, Any]], behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.services = services
        self.behind = behind
        self.selectors: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        proxied = "/api/v1/namespaces/aicc-monitoring/services/prometheus-operated:web/proxy"
        if path == "/api/v1":
            self._answer(200, json.dumps(RESOURCES).encode())
        elif path == "/api/v1/services":
            self.server.selectors.append(query)
            self._answer(200, json.dumps({"items": self.server.services, "metadata": {}}).encode())
        elif path.startswith(proxied):
            with urllib3.PoolManager() as pool:
                answer = pool.request("GET", f"{self.server.behind}{self.path.removeprefix(proxied)}")
            self._answer(answer.status, answer.data)
        else:
            self._answer(404, b'{"kind": "Status", "message": "not found", "reason": "NotFound"}')

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def cluster(tmp_path: Path, services: list[dict[str, Any]], behind: str = "") -> Iterator[tuple[Stack, ApiServer]]:
    """A stack on a cluster that is there already."""
    with ApiServer(services, behind) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        kubeconfig = tmp_path / "kubeconfig"
        named = {"cluster": "c", "user": "u"}
        address = f"http://127.0.0.1:{server.server_port}"
        content: dict[str, Any] = {"clusters": [{"name": "c", "cluster": {"server": address}}]}
        content |= {"users": [{"name": "u", "user": {"token": "t"}}], "current-context": "x"}
        kubeconfig.write_text(yaml.safe_dump(content | {"contexts": [{"name": "x", "context": named}]}))
        center = {
            "name": "example",
            "cloud": {"kind": "existing", "kubeconfig": str(kubeconfig), "context": "x"},
            "pools": [
                {"name": "general", "nodes": 1, "node": {"cpu": "8", "memory": "32Gi"}, "labels": {"pool": "general"}}
            ],
        }
        path = tmp_path / "Pulumi.example.yaml"
        path.write_text(yaml.safe_dump({"config": {"ai-compute-center:center": center}}))
        try:
            yield stack(str(path)), server
        finally:
            server.shutdown()
            thread.join()


def test_a_clusters_prometheus_is_asked_through_the_api_server(tmp_path: Path) -> None:
    with (
        prometheus(tmp_path) as url,
        cluster(tmp_path, [service("elsewhere"), service("aicc-monitoring")], url) as (declared, server),
    ):
        reached = source(declared, None)
        client = Prometheus(reached)
        try:
            assert client.range("vector(4)", 60, 120, 60)[0].values == [(60.0, 4.0), (120.0, 4.0)]
            assert client.retention() == "20000d"
            with pytest.raises(QueryError, match="parse error"):
                client.range("sum(", 60, 120, 60)
        finally:
            client.close()
    assert server.selectors == ["limit=500&labelSelector=operated-prometheus%3Dtrue"]
    assert reached.address == "Service aicc-monitoring/prometheus-operated"


@pytest.mark.parametrize(
    ("services", "message"),
    [([], "has no Prometheus"), ([service("a"), service("b")], r"has several: a/prometheus-operated, b/prometheus")],
)
def test_a_cluster_without_one_or_with_several_is_an_error_that_says_so(
    tmp_path: Path, services: list[dict[str, Any]], message: str
) -> None:
    with cluster(tmp_path, services) as (declared, _), pytest.raises(ClusterError, match=message) as raised:
        source(declared, None)
    assert "--prometheus URL" in (raised.value.hint or "")


@pytest.mark.parametrize("url", ["127.0.0.1:9090", "ftp://host", "http://", ""])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is not a URL"):
        source(stack("local"), url)


def test_a_local_stack_without_one_says_how_to_start_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(ClusterError, match="has no Prometheus on this machine") as raised:
        source(stack("local"), None)
    assert "aicc up --stack local" in (raised.value.hint or "")
