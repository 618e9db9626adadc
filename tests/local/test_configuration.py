from pathlib import Path

import pytest
import yaml

from aicc.local.configuration import BINARIES, LOOPBACK, Layout, Ports, read_ports, render

LAYOUT = Layout(Path("/state/control-plane"))
PORTS = Ports(1, 2, 3, 4, 5, 6)
PATHS = {tool: Path("/bin") / tool for tool in BINARIES.values()}


def _arguments(text: str, component: str) -> dict[str, str]:
    patches = next(iter(yaml.safe_load_all(text)))["componentsPatches"]
    extra = next(patch for patch in patches if patch["name"] == component)["extraArgs"]
    return {argument["key"]: argument["value"] for argument in extra}


def test_the_same_input_gives_the_same_text() -> None:
    assert render(LAYOUT, PATHS, PORTS, "10.0.0.0/16") == render(LAYOUT, dict(PATHS), PORTS, "10.0.0.0/16")


def test_ports_are_read_back() -> None:
    assert read_ports(render(LAYOUT, PATHS, PORTS, "10.0.0.0/16")) == PORTS


@pytest.mark.parametrize("text", ["", "{", "[]", "options: {}", "options: {etcdPort: x}"])
def test_what_is_not_a_configuration_has_no_ports(text: str) -> None:
    assert read_ports(text) is None


def test_every_address_is_loopback_and_every_etcd_listener_wants_certificates() -> None:
    text = render(LAYOUT, PATHS, PORTS, "10.0.0.0/16")
    assert next(iter(yaml.safe_load_all(text)))["options"]["bindAddress"] == LOOPBACK
    etcd = _arguments(text, "etcd")
    assert etcd["listen-client-urls"] == f"https://{LOOPBACK}:1"
    assert etcd["listen-peer-urls"] == f"https://{LOOPBACK}:2"
    assert etcd["client-cert-auth"] == etcd["peer-client-cert-auth"] == "true"


def test_etcd_keeps_its_data_where_kwokctl_does_not_clean_up() -> None:
    data = Path(_arguments(render(LAYOUT, PATHS, PORTS, "10.0.0.0/16"), "etcd")["data-dir"])
    assert LAYOUT.work not in data.parents


def test_every_port_has_the_component_that_listens_on_it() -> None:
    assert sorted(port for port, _ in PORTS.owners()) == [1, 2, 3, 4, 5, 6]
