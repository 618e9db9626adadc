"""Who may do what on Azure."""

from __future__ import annotations

import re
from uuid import UUID

from aicc.offline.record import Recording
from aicc.offline.values import LATER
from infra.config.storage import DATASETS, MODELS
from infra.plan import CenterPlan
from infra.plan.workloads import checkpoints_of
from tests.clouds.azure.example import cluster, declared, made, of, rights
from tests.clouds.conftest import needs


def test_tenants_reach_only_their_buckets(recording: Recording, plan: CenterPlan) -> None:
    for tenant in plan.tenants:
        who = f"workload-{tenant.namespace}"
        assert {(role, on) for found, role, on in rights(recording) if found == who} == {
            ("BLOB_READER", f"bucket-{MODELS}"),
            ("BLOB_READER", f"bucket-{DATASETS}"),
            ("BLOB_CONTRIBUTOR", f"bucket-{checkpoints_of(tenant.name)}"),
        }


def test_rights_are_on_exact_resources(recording: Recording) -> None:
    """A container's assignment hangs on the container, and on no account or group."""
    for name, resource in made(recording, "authorization:RoleAssignment").items():
        if "-bucket-" in name:
            assert f"bucket-{name.rpartition('-bucket-')[2]}" in needs(recording, resource)
        scope = resource.inputs["scope"]
        assert scope == LATER or re.fullmatch(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/.+/.+/.+", scope)


def test_only_external_secrets_reads_the_centre_s_secrets(recording: Recording) -> None:
    readers = {(who, on) for who, role, on in rights(recording) if role == "SECRET_READER"}
    assert readers == {("workload-external-secrets", "secrets")}


def test_each_identity_is_for_one_service_account(recording: Recording, plan: CenterPlan) -> None:
    subjects = {
        name: credential["subject"]
        for name, credential in of(recording, "managedidentity:FederatedIdentityCredential").items()
    }
    assert subjects == {
        f"workload-{workload.name}": f"system:serviceaccount:{workload.namespace}:{workload.service_account}"
        for workload in plan.workloads
    }


def test_the_issuer_is_the_cluster_s_own(recording: Recording) -> None:
    assert cluster(recording)["oidcIssuerProfile"] == {"enabled": True}
    assert cluster(recording)["securityProfile"]["workloadIdentity"] == {"enabled": True}
    for name, credential in made(recording, "managedidentity:FederatedIdentityCredential").items():
        assert credential.inputs["issuer"] == LATER, name
        assert "cluster" in needs(recording, credential)


def test_assignments_have_names_that_stay_and_that_no_other_has(recording: Recording) -> None:
    found = {name: each["roleAssignmentName"] for name, each in of(recording, "authorization:RoleAssignment").items()}
    assert len(set(found.values())) == len(found)
    assert {UUID(name).version for name in found.values()} == {5}
    again = of(declared(), "authorization:RoleAssignment")
    assert found == {name: each["roleAssignmentName"] for name, each in again.items()}
