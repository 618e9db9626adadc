"""Who may do what on Google Cloud."""

from __future__ import annotations

import pytest

from aicc.offline.record import Recording
from infra.config.storage import DATASETS, MODELS
from infra.plan import CenterPlan
from infra.plan.workloads import checkpoints_of
from tests.clouds.conftest import needs
from tests.clouds.gcp.example import made, of

# The SDK's own modules warn of each other when they are imported.
pytestmark = pytest.mark.filterwarnings(r"ignore:gcp\..* has been deprecated in favor of gcp:DeprecationWarning")


def test_tenants_reach_only_their_buckets(recording: Recording, plan: CenterPlan) -> None:
    grants = [
        (grant.inputs["bucket"], grant.inputs["role"])
        for grant in made(recording, "storage/bucketIAMMember")
        if "account-tenant-research" in needs(recording, grant)
    ]
    buckets = {name: inputs["name"] for name, inputs in of(recording, "storage/bucket").items()}
    assert dict(grants) == {
        buckets[f"bucket-{MODELS}"]: "roles/storage.objectViewer",
        buckets[f"bucket-{DATASETS}"]: "roles/storage.objectViewer",
        buckets[f"bucket-{checkpoints_of('research')}"]: "roles/storage.objectUser",
    }


def test_an_account_can_be_become_by_its_service_account_alone(recording: Recording, plan: CenterPlan) -> None:
    grants = {
        inputs["member"]
        for inputs in of(recording, "serviceaccount/iAMMember").values()
        if inputs["role"] == "roles/iam.workloadIdentityUser"
    }
    assert grants == {
        f"serviceAccount:jinshan-compute.svc.id.goog[{workload.namespace}/{workload.service_account}]"
        for workload in plan.workloads
    }


def test_only_the_centre_s_own_secrets_are_read(recording: Recording) -> None:
    [(name, grant)] = [
        (name, inputs)
        for name, inputs in of(recording, "projects/iAMMember").items()
        if inputs["role"].startswith("roles/secretmanager.")
    ]
    assert name == "external-secrets-secrets"
    assert grant["condition"]["expression"] == 'resource.name.extract("/secrets/{name}").startsWith("jinshan-")'


def test_rights_in_the_whole_project_are_few_and_conditional(recording: Recording) -> None:
    """But for what a node does: it writes logs and metrics, which belong to the project."""
    grants = of(recording, "projects/iAMMember").values()
    assert {grant["role"] for grant in grants if "condition" not in grant} == {
        "roles/container.defaultNodeServiceAccount"
    }
    [admin] = [grant for grant in grants if grant["role"] == "roles/container.admin"]
    where = "projects/jinshan-compute/locations/us-central1/clusters/jinshan"
    assert admin["member"] == "group:platform@jinshan.example.com"
    assert admin["condition"]["expression"] == f'resource.name == "{where}" || resource.name.startsWith("{where}/")'


def test_nobody_is_everybody(recording: Recording) -> None:
    members = [each.inputs.get("member") for each in recording.resources if each.type.startswith("gcp:")]
    assert "serviceAccount:jinshan-nodes@jinshan-compute.iam.gserviceaccount.com" in members
    assert not {"allUsers", "allAuthenticatedUsers"} & set(members)


def test_use_of_keys_and_secrets_is_recorded(recording: Recording) -> None:
    recorded = {
        inputs["service"]: {kind["logType"] for kind in inputs["auditLogConfigs"]}
        for inputs in of(recording, "projects/iAMAuditConfig").values()
    }
    everything = {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
    assert recorded["cloudkms.googleapis.com"] == recorded["secretmanager.googleapis.com"] == everything


def test_nothing_is_made_before_its_service_is_enabled(recording: Recording) -> None:
    services = {
        "compute": "service-compute",
        "container": "service-container",
        "storage/bucket:": "service-storage",
        "filestore": "service-file",
        "lustre": "service-lustre",
        "artifactregistry": "service-artifactregistry",
        "kms": "service-cloudkms",
        "servicenetworking": "service-servicenetworking",
        "serviceaccount": "service-iam",
    }
    for prefix, service in services.items():
        found = [each for each in recording.resources if each.type.startswith(f"gcp:{prefix}")]
        assert found, prefix
        assert [each.name for each in found if service not in needs(recording, each)] == [], prefix
