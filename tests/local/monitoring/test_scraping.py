"""What Prometheus is told to read: valid for the real promtool, and nothing dropped that is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc import progress, toolbox
from aicc.local import configuration
from aicc.local.monitoring import scraping, series, settings
from aicc.local.monitoring.layout import Ports
from aicc.local.monitoring.scraping import RealNode, Sources
from aicc.paths import CHARTS
from tests.support.promtool import Promtool

SHIPPED = [path for folder in ("rules", "alerts", "dashboards") for path in (CHARTS / "monitoring" / folder).glob("*")]


@pytest.fixture(scope="module")
def promtool() -> Promtool:
    return Promtool(toolbox.ensure(["promtool"], progress.reporter())["promtool"])


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    layout = configuration.Layout(tmp_path / "control-plane")
    layout.ca.parent.mkdir(parents=True)
    for path in (layout.ca, layout.certificate, layout.key):
        path.write_text("here")
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\n")
    return Sources(
        center="small",
        control_plane=layout,
        control_plane_ports=configuration.Ports(1, 2, 3, 4, 5, 6),
        kubeconfig=kubeconfig,
        ports=Ports(meter=7, simulator=8, alertmanager=9, prometheus=10),
        real_node=RealNode("host-0000", keda_port=11),
        rules=sorted((CHARTS / "monitoring" / "rules").glob("*.yaml")),
        scrape_seconds=15,
        rules_seconds=30,
    )


def jobs(sources: Sources) -> dict[str, dict[str, Any]]:
    return {job["job_name"]: job for job in scraping.prometheus(sources)["scrape_configs"]}


def addresses(job: dict[str, Any]) -> Iterator[str]:
    for static in job.get("static_configs", ()):
        yield from static["targets"]
    for found in job.get("http_sd_configs", ()):
        yield found["url"].removeprefix("http://").partition("/")[0]
    for rule in job.get("relabel_configs", ()):
        if rule.get("target_label") == "__address__":
            yield rule["replacement"]


def test_promtool_takes_it_with_the_shipped_rules(promtool: Promtool, sources: Sources, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yaml"
    file.write_text(yaml.safe_dump(scraping.prometheus(sources)))
    promtool.check_config(file)


def test_nothing_but_this_machine_is_asked(sources: Sources) -> None:
    found = [address for job in jobs(sources).values() for address in addresses(job)]
    assert len(found) == len(jobs(sources))
    assert {address.partition(":")[0] for address in found} == {"127.0.0.1"}


def test_without_a_real_node_only_this_machine_s_processes_are_read(sources: Sources) -> None:
    real = set(jobs(sources)) - set(jobs(replace(sources, real_node=None)))
    assert real == {"kubelet", "kubelet-cadvisor", "gateway", "model-server", "shifter", "keda-operator"}
    assert "keda-operator" not in jobs(replace(sources, real_node=RealNode("host-0000", keda_port=None)))


def test_credentials_go_to_the_control_plane_alone(sources: Sources) -> None:
    found = jobs(sources)
    plain = {name for name, job in found.items() if "tls_config" not in job}
    assert plain == {"meter", "simulator", "alertmanager", "prometheus", "accelerators"}
    assert all("insecure_skip_verify" not in job.get("tls_config", {}) for job in found.values())


def used() -> set[str]:
    """Every word of the shipped rules, alerts and dashboards that could be a series' name."""
    return {word for path in SHIPPED for word in re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", path.read_text())}


def test_nothing_is_dropped_that_something_reads() -> None:
    assert SHIPPED
    dropped = re.compile("|".join(series.DROPPED))
    assert {name for name in used() if dropped.fullmatch(name)} == set()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("apiserver_request_total", True),
        ("apiserver_request_duration_seconds_bucket", True),
        ("apiserver_request_sli_duration_seconds_bucket", False),
        ("apiserver_client_certificate_expiration_seconds_bucket", True),
        ("etcd_mvcc_db_total_size_in_bytes", True),
        ("etcd_server_has_leader", True),
        ("etcd_disk_wal_fsync_duration_seconds_bucket", True),
        ("etcd_request_duration_seconds_bucket", False),
        ("scheduler_pending_pods", True),
        ("scheduler_plugin_execution_duration_seconds_bucket", False),
        ("workqueue_depth", True),
        ("kubelet_volume_stats_used_bytes", True),
        ("kubelet_node_name", True),
        ("container_cpu_usage_seconds_total", True),
        ("container_memory_working_set_bytes", True),
        ("container_network_receive_bytes_total", True),
        ("container_network_tcp_usage_total", False),
        ("process_cpu_seconds_total", True),
        ("prometheus_rule_evaluation_failures_total", True),
        ("prometheus_tsdb_head_series", True),
        ("DCGM_FI_DEV_POWER_USAGE", True),
        ("aicc_gateway_first_byte_seconds_bucket", True),
    ],
)
def test_what_operators_look_at_is_kept(name: str, kept: bool) -> None:
    assert bool(re.fullmatch("|".join(series.DROPPED), name)) is not kept


def test_nobody_is_told_unless_an_address_of_this_machine_is_given() -> None:
    assert settings.alertmanager(4)["receivers"] == [{"name": "nobody"}]
    assert {"equal": ["node"]}.items() <= settings.alertmanager(4)["inhibit_rules"][1].items()
    told = settings.alertmanager(4, webhook="http://127.0.0.1:1/")
    assert told["receivers"][0]["webhook_configs"][0]["url"] == "http://127.0.0.1:1/"
