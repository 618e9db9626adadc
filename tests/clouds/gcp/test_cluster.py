"""The GKE cluster: who reaches it, and how it is kept."""

from __future__ import annotations

import pytest

from aicc.offline.record import Recording
from aicc.offline.values import LATER, Secret
from infra.plan import CenterPlan
from tests.clouds.conftest import needs
from tests.clouds.gcp.example import cluster, declared

# The SDK's own modules warn of each other when they are imported.
pytestmark = pytest.mark.filterwarnings(r"ignore:gcp\..* has been deprecated in favor of gcp:DeprecationWarning")


@pytest.mark.parametrize("allowed", [[], ["203.0.113.0/24"], ["203.0.113.0/24", "198.51.100.7/32"]])
def test_the_api_server_is_private_unless_addresses_are_allowed(allowed: list[str]) -> None:
    inputs = cluster(declared(apiAccess=allowed))
    networks = inputs["masterAuthorizedNetworksConfig"]
    assert inputs["privateClusterConfig"] == {"enablePrivateNodes": True, "enablePrivateEndpoint": not allowed}
    assert [block["cidrBlock"] for block in networks["cidrBlocks"]] == ["10.32.0.0/14", *allowed]
    assert networks["gcpPublicCidrsAccessEnabled"] is False
    assert inputs["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["allowExternalTraffic"] is False


def test_network_policies_are_enforced_and_names_are_resolved_where_they_allow_it(recording: Recording) -> None:
    inputs = cluster(recording)
    assert inputs["datapathProvider"] == "ADVANCED_DATAPATH"
    assert inputs["dnsConfig"]["clusterDns"] == "KUBE_DNS"


def test_the_minor_version_changes_only_when_the_stack_says_so(recording: Recording, plan: CenterPlan) -> None:
    inputs = cluster(recording)
    assert inputs["minMasterVersion"] == plan.kubernetes_version
    [exclusion] = inputs["maintenancePolicy"]["maintenanceExclusions"]
    assert exclusion["exclusionOptions"] == {
        "scope": "NO_MINOR_UPGRADES",
        "endTimeBehavior": "UNTIL_END_OF_SUPPORT",
    }


def test_groups_of_the_tenants_are_known_to_the_cluster(recording: Recording) -> None:
    assert cluster(recording)["authenticatorGroupsConfig"] == {
        "securityGroup": "gke-security-groups@jinshan.example.com"
    }


def test_the_kubeconfig_signs_in_with_google_and_holds_no_credential(recording: Recording) -> None:
    kubeconfig = recording.outputs["kubeconfig"]
    assert isinstance(kubeconfig, Secret)
    assert kubeconfig.value == LATER
    [provider] = [each for each in recording.resources if each.type == "pulumi:providers:kubernetes"]
    assert {"cluster", "pool-system"} <= needs(recording, provider)
