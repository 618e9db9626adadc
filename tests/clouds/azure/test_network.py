"""Network, logs and protection on Azure."""

from __future__ import annotations

import re

from aicc.offline.record import Recording
from aicc.offline.values import LATER, Secret
from infra.plan import CenterPlan
from tests.clouds.azure.example import cluster, declared, made, of
from tests.clouds.conftest import needs


def test_nothing_comes_in_from_the_internet(recording: Recording, plan: CenterPlan) -> None:
    [group] = of(recording, "network:NetworkSecurityGroup").values()
    allowed = [rule for rule in group["securityRules"] if rule["access"] == "Allow"]
    inside = [plan.network.node_cidr, plan.network.pod_cidr]
    assert [rule["sourceAddressPrefixes"] for rule in allowed] == [inside]
    subnets = of(recording, "network:Subnet")
    assert {subnet["networkSecurityGroup"]["id"] for subnet in subnets.values()} == {LATER}
    assert {subnet["defaultOutboundAccess"] for subnet in subnets.values()} == {False}


def test_only_nodes_and_lustre_have_a_way_out(recording: Recording) -> None:
    subnets = of(recording, "network:Subnet")
    assert {name for name, subnet in subnets.items() if "natGateway" in subnet} == {"subnet-nodes", "subnet-parallel"}


def test_what_happens_is_logged(recording: Recording) -> None:
    logged = of(recording, "monitor:DiagnosticSetting")
    vaults = {f"audit-{name}" for name in of(recording, "keyvault:Vault")}
    assert set(logged) == {"audit-cluster", "audit-buckets", "audit-registry", *vaults}
    assert {"kube-audit-admin", "guard"} <= {log["category"] for log in logged["audit-cluster"]["logs"]}


def test_locks_follow_the_declared_protection(recording: Recording) -> None:
    locks = of(recording, "authorization:ManagementLockByScope")
    vaults = {f"lock-{name}" for name in of(recording, "keyvault:Vault")}
    assert set(locks) == {"lock-logs", "lock-registry", "lock-files-parallel", *vaults}
    assert {lock["level"] for lock in locks.values()} == {"CanNotDelete"}
    assert made(declared(deletionProtection=False), "authorization:ManagementLockByScope") == {}


def test_a_tenant_s_rights_are_never_locked_in(recording: Recording) -> None:
    """A lock on the account or the cluster would keep the assignments and pools below it from being deleted."""
    locks = made(recording, "authorization:ManagementLockByScope").values()
    assert {need for lock in locks for need in needs(recording, lock)} & {"buckets", "files", "cluster"} == set()


def test_keda_is_aks_own_where_the_centre_wants_it(recording: Recording) -> None:
    assert cluster(recording)["workloadAutoScalerProfile"] == {"keda": {"enabled": True}}
    without = declared(operators=["cert-manager", "gateway-api"])
    assert cluster(without)["workloadAutoScalerProfile"] == {"keda": {"enabled": False}}


def test_the_kubeconfig_is_a_secret(recording: Recording) -> None:
    assert isinstance(recording.outputs["kubeconfig"], Secret)


def test_names_that_are_everybody_s_fit_and_differ_between_stacks(recording: Recording) -> None:
    taken = [
        *(vault["vaultName"] for vault in of(recording, "keyvault:Vault").values()),
        *(account["accountName"] for account in of(recording, "storage:StorageAccount").values()),
        *(registry["registryName"] for registry in of(recording, "containerregistry:Registry").values()),
    ]
    assert len(set(taken)) == len(taken)
    assert all(re.fullmatch(r"[a-z][a-z0-9]{2,23}", name) for name in taken)
    elsewhere = declared(tenantId="00000000-0000-4000-8000-00000000000f")
    assert not set(taken) & {vault["vaultName"] for vault in of(elsewhere, "keyvault:Vault").values()}
