"""The logs' door (vmauth) before the real store, told what a centre's own is told: who reads what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import names
from infra.config.telemetry import LogAccess
from infra.layers.telemetry import reader, stores
from infra.plan import CenterPlan
from tests.gateway.stack import Process, free_port, wait_for
from tests.telemetry.programs import Provider, Store, ask, request

RESEARCH, OTHER = names.log_account("research"), names.log_account("research-2")
Binary = Callable[[str], Path]


@pytest.fixture
def door(
    kept: Mapping[str, Store], plan: CenterPlan, tmp_path: Path, binary: Binary, cleanup: ExitStack
) -> tuple[int, Provider]:
    """The port of the logs' door, and who signs tokens for it."""
    provider = Provider(tmp_path)
    provider.start()
    cleanup.callback(provider.stop)
    assert plan.logs.access is not None
    # Declared issuers are https; this one is on loopback.
    access = LogAccess.model_construct(**{**dict(plan.logs.access), "issuer": provider.issuer})
    addresses = {name: f"http://127.0.0.1:{store.port}" for name, store in kept.items()}
    config = tmp_path / "auth.yml"
    config.write_text(yaml.safe_dump(reader.configuration(plan, access, addresses)), encoding="utf-8")
    port = free_port()
    inside = free_port()
    addresses_of_its_own = [f"-httpListenAddr=127.0.0.1:{port}", f"-httpInternalListenAddr=127.0.0.1:{inside}"]
    process = Process.start([binary("vmauth"), f"-auth.config={config}", *addresses_of_its_own], tmp_path / "door.log")
    cleanup.callback(process.stop)
    wait_for(lambda: request(inside, "GET", "/health")[0] == 200, "the door answers")
    return port, provider


def test_a_tenant_s_people_read_the_tenant_s_lines_whatever_they_ask_for(
    kept: Mapping[str, Store], door: tuple[int, Provider]
) -> None:
    port, provider = door
    accounts = [(stores.LOGS, RESEARCH, "of research"), (stores.LOGS, OTHER, "of research-2")]
    for store, account, text in [*accounts, (stores.PLATFORM_LOGS, 0, "of the gateway")]:
        kept[store].insert(account, text)
        wait_for(lambda where=kept[store], whose=account: where.texts(whose), "the line is kept")
    query = ask("/select/logsql/query", "* | fields _msg")

    def read(groups: list[str], path: str = query, *, header: dict[str, str] | None = None, **token: Any) -> Any:
        bearer = {"Authorization": f"Bearer {provider.token(groups, **token)}"}
        status, body = request(port, "GET", path, {**bearer, **(header or {})})
        return [json.loads(line)["_msg"] for line in body.splitlines()] if status == 200 else status

    assert read(["example:research"]) == ["of research"]
    assert read(["staff", "example:research-2"]) == ["of research-2"]
    # Another's account, named in the request; another's path; a path that lists accounts, writes or deletes.
    assert read(["example:research"], header={"AccountID": str(OTHER)}) == ["of research"]
    assert read(["example:research"], "/tenants/research-2" + query) == 400
    assert read(["example:research"], "/platform" + query) == 400
    for path in ("/select/tenant_ids", "/insert/jsonline", "/delete/run_task", "/metrics", "/select/../metrics"):
        assert read(["example:research"], path) == 400, path
    # Operators: each tenant's, and the platform's, by its path.
    assert read(["example:platform"], "/platform" + query) == ["of the gateway"]
    assert read(["example:platform"], "/tenants/research" + query) == ["of research"]
    assert read(["example:platform"], "/tenants/research-2" + query) == ["of research-2"]
    # No group, a group whose name only begins or ends alike, another audience, a token that is over, another's key.
    assert read([]) == 401
    assert read(["example:research-3", "xexample:research"]) == 401
    assert read(["example:research"], audience="aicc-chat") == 401
    assert read(["example:research"], seconds=-60) == 401
    assert read(["example:research"], iss="http://elsewhere") == 401
    assert request(port, "GET", query)[0] == 401
    head, claims, signature = provider.token(["example:research"]).split(".")
    broken = f"{head}.{claims}.{signature[:-4]}AAAA"
    assert request(port, "GET", query, {"Authorization": f"Bearer {broken}"})[0] == 401
