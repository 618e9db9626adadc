"""The API server of AKS and who may use it."""

from __future__ import annotations

from base64 import b64encode

from aicc.offline.record import Recording
from aicc.offline.values import LATER
from infra.clouds.azure import cluster as azure_cluster
from infra.config.load import KEY
from infra.plan import CenterPlan
from tests.clouds.azure.example import CONFIG, cluster, declared, of


def test_the_api_server_is_private_unless_addresses_are_allowed(recording: Recording) -> None:
    assert cluster(recording)["apiServerAccessProfile"] == {
        "authorizedIPRanges": ["203.0.113.16/28"],
        "disableRunCommand": True,
        "enablePrivateCluster": False,
        "enableVnetIntegration": True,
        "subnetId": LATER,
    }
    assert cluster(declared(apiAccess=[]))["apiServerAccessProfile"] == {
        "disableRunCommand": True,
        "enablePrivateCluster": True,
        "enablePrivateClusterPublicFQDN": False,
        "enableVnetIntegration": True,
        "privateDNSZone": "system",
        "subnetId": LATER,
    }


def test_only_declared_groups_administer_the_cluster(recording: Recording, plan: CenterPlan) -> None:
    found = cluster(recording)
    assert found["disableLocalAccounts"] is True
    assert found["aadProfile"]["adminGroupObjectIDs"] == CONFIG[KEY]["cloud"]["admins"]
    # A role on the subscription opens nothing.
    assert found["aadProfile"]["enableAzureRBAC"] is False


def test_a_kubeconfig_is_decoded_from_what_azure_answers() -> None:
    answer = {"kubeconfig": b64encode(b"apiVersion: v1\nkind: Config\n").decode()}
    assert azure_cluster._decoded(answer) == "apiVersion: v1\nkind: Config\n"


def test_network_policies_are_enforced(recording: Recording, plan: CenterPlan) -> None:
    network = cluster(recording)["networkProfile"]
    assert {network["networkDataplane"], network["networkPolicy"]} == {"cilium"}
    assert network["podCidr"] == plan.network.pod_cidr
    assert network["dnsServiceIP"] == "10.96.0.10"


def test_kubernetes_is_patched_and_never_upgraded_by_itself(recording: Recording, plan: CenterPlan) -> None:
    found = cluster(recording)
    assert found["kubernetesVersion"] == plan.kubernetes_version
    assert found["autoUpgradeProfile"] == {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"}
    windows = {window["configName"] for window in of(recording, "containerservice:MaintenanceConfiguration").values()}
    assert windows == {"default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"}
