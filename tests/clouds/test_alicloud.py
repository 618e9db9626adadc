"""What must hold of every centre on Alibaba Cloud, as its example stack is planned."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from aicc.offline.record import Recording, Resource, record
from aicc.offline.values import LATER, Secret
from aicc.paths import REPO
from infra.catalogue import load
from infra.catalogue.schema import ExternalPlugin
from infra.clouds.alicloud import node_pools
from infra.clouds.alicloud.cluster import PATCHES
from infra.clouds.alicloud.identity import trust
from infra.config.load import KEY, raw_config
from infra.config.storage import CHECKPOINTS
from infra.plan.workloads import checkpoints_of

STACK = "alicloud-shanghai"
CONFIG = raw_config(REPO / f"examples/Pulumi.{STACK}.yaml")
STATEFUL = (
    "cr/registryEnterpriseInstance",
    "cs/managedKubernetes",
    "cs/registryEnterpriseNamespace",
    "kms/instance",
    "kms/key",
    "log/project",
    "nas/fileSystem",
    "oss/bucket",
)
OWN_BUCKETS = {"access-logs", "images"}


def plan(**cloud: Any) -> Recording:
    """The example, with parts of its cloud declared otherwise."""
    center = CONFIG[KEY]
    return record(STACK, {**CONFIG, KEY: {**center, "cloud": {**center["cloud"], **cloud}}})


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(STACK, CONFIG)


def of(recording: Recording, kind: str) -> dict[str, Mapping[str, Any]]:
    """Inputs of the resources of a kind such as `oss/bucket`, by logical name."""
    return {resource.name: resource.inputs for resource in made(recording, kind)}


def made(recording: Recording, kind: str) -> list[Resource]:
    return [resource for resource in recording.resources if resource.type.startswith(f"alicloud:{kind}:")]


def statements(recording: Recording, workload: str) -> list[dict[str, Any]]:
    document = json.loads(of(recording, "ram/policy")[f"workload-{workload}"]["policyDocument"])
    return list(document["Statement"])


def test_every_resource_hangs_under_the_cloud_and_its_provider(recording: Recording) -> None:
    clouds = [resource for resource in recording.resources if resource.type.startswith("alicloud:")]
    assert clouds
    assert {resource.parent.split("::")[2] for resource in clouds} == {"ai-compute-center:clouds:Alicloud"}
    (provider,) = [resource for resource in recording.resources if resource.type == "pulumi:providers:alicloud"]
    assert provider.inputs["region"] == "cn-shanghai"


def test_no_logical_name_contains_the_centre(recording: Recording) -> None:
    names = [resource.name for resource in recording.resources if resource.type.startswith("alicloud:")]
    assert not [name for name in names if "jinshan" in name]


@pytest.mark.parametrize("protect", [True, False])
def test_what_holds_data_or_keys_is_protected_as_declared(protect: bool) -> None:
    recording = plan(deletionProtection=protect)
    for kind in STATEFUL:
        assert made(recording, kind), kind
        assert {resource.protect for resource in made(recording, kind)} == {protect}, kind
    cloud_side = [
        *(cluster["deletionProtection"] for cluster in of(recording, "cs/managedKubernetes").values()),
        *(instance["deletionProtection"] for instance in of(recording, "kms/instance").values()),
        *(key["deletionProtection"] == "Enabled" for key in of(recording, "kms/key").values()),
        *(balancer["deletionProtectionEnabled"] for balancer in of(recording, "nlb/loadBalancer").values()),
    ]
    assert set(cloud_side) == {protect}


def test_every_zone_has_a_switch_for_nodes_and_one_for_pods_and_both_a_way_out(recording: Recording) -> None:
    zones = CONFIG[KEY]["cloud"]["zones"]
    switches = of(recording, "vpc/switch")
    assert set(switches) == {f"{role}-{zone}" for role in ("subnet", "pod-subnet") for zone in zones}
    assert len({switch["cidrBlock"] for switch in switches.values()}) == 2 * len(zones)
    assert set(of(recording, "vpc/snatEntry")) == {
        f"snat-{role}-{zone}" for role in ("nodes", "pods") for zone in zones
    }


def test_a_zone_that_is_added_moves_no_switch(recording: Recording) -> None:
    more = of(plan(zones=[*CONFIG[KEY]["cloud"]["zones"], "cn-shanghai-g"]), "vpc/switch")
    for name, switch in of(recording, "vpc/switch").items():
        assert more[name]["cidrBlock"] == switch["cidrBlock"]


@pytest.mark.parametrize("access", [[], ["203.0.113.16/28"], ["198.51.100.7/32", "2001:db8::/48"]])
def test_the_api_server_is_private_unless_addresses_are_allowed(access: list[str]) -> None:
    recording = plan(apiAccess=access)
    (cluster,) = of(recording, "cs/managedKubernetes").values()
    assert cluster["slbInternetEnabled"] is False
    endpoints = [each["endpointType"] for each in cluster["controlPlaneEndpointsConfig"]["loadBalancersConfigs"]]
    assert endpoints == (["private", "public"] if access else ["private"])
    balancers = of(recording, "nlb/loadBalancer")
    public = [balancer for balancer in balancers.values() if balancer["addressType"] == "Internet"]
    assert len(public) == bool(access)
    assert all(balancer["securityGroupIds"] == [LATER] for balancer in public)
    rules = of(recording, "ecs/securityGroupRule").values()
    assert [rule.get("cidrIp", rule.get("ipv6CidrIp")) for rule in rules] == access
    assert {rule["portRange"] for rule in rules} <= {"6443/6443"}
    assert {group["innerAccessPolicy"] for group in of(recording, "ecs/securityGroup").values()} <= {"Drop"}


def test_secrets_are_encrypted_with_the_centre_s_key(recording: Recording) -> None:
    (cluster,) = made(recording, "cs/managedKubernetes")
    assert cluster.inputs["encryptionProviderKey"] == LATER
    assert cluster.inputs["disableEncryption"] is False
    assert "key-kubernetes" in {urn.split("::")[-1] for urn in cluster.dependencies}


def test_every_key_rotates_and_is_in_the_centre_s_own_instance(recording: Recording) -> None:
    for key in of(recording, "kms/key").values():
        assert (key["automaticRotation"], key["rotationInterval"], key["dkmsInstanceId"]) == ("Enabled", "90d", LATER)


def test_the_cluster_is_audited_and_never_upgrades_itself(recording: Recording) -> None:
    (cluster,) = of(recording, "cs/managedKubernetes").values()
    assert cluster["auditLogConfig"] == {"enabled": True, "slsProjectName": "jinshan-audit-cn-shanghai"}
    assert "apiserver" in cluster["controlPlaneLogComponents"]
    assert cluster["operationPolicy"]["clusterAutoUpgrade"]["enabled"] is False
    assert cluster["maintenanceWindow"]["enable"] is True


def test_every_version_that_the_catalogue_offers_has_a_patch() -> None:
    offered = load().services["alicloud"].kubernetes
    assert set(offered) <= set(PATCHES)
    assert all(PATCHES[minor].startswith(f"{minor}.") for minor in offered)


def test_the_network_enforces_policies(recording: Recording) -> None:
    (cluster,) = of(recording, "cs/managedKubernetes").values()
    terway = next(add_on for add_on in cluster["addons"] if add_on["name"] == "terway-eniip")
    assert json.loads(terway["config"])["NetworkPolicy"] == "true"


def test_the_kubeconfig_is_a_secret_that_no_plan_asks_for(recording: Recording) -> None:
    (provider,) = [resource for resource in recording.resources if resource.type == "pulumi:providers:kubernetes"]
    assert isinstance(provider.inputs["kubeconfig"], Secret)
    assert provider.inputs["clusterIdentifier"] == LATER
    (cluster,) = of(recording, "cs/managedKubernetes").values()
    assert cluster["skipSetCertificateAuthority"] is True


def test_there_is_one_pool_for_each_declared_and_one_for_the_system(recording: Recording) -> None:
    declared = {f"pool-{pool['name']}" for pool in CONFIG[KEY]["pools"]}
    pools = of(recording, "cs/nodePool")
    assert set(pools) == {*declared, "pool-system"}
    assert pools["pool-system"]["labels"] == [{"key": "aicc.io/role", "value": "system"}]
    assert int(pools["pool-system"]["desiredSize"]) >= 3


def test_pools_carry_the_plan_s_labels_and_taints_but_those_of_the_service(recording: Recording) -> None:
    accelerators = load().accelerators
    pools = of(recording, "cs/nodePool")
    for pool, accelerator in (("h20", "nvidia-h20"), ("l20", "nvidia-l20"), ("zhenwu-serving", "zhenwu-810e")):
        labels = {label["key"]: label["value"] for label in pools[f"pool-{pool}"]["labels"]}
        assert labels["aicc.io/pool"] == pool
        for key, value in accelerators[accelerator].kubernetes.labels.items():
            if key.startswith(node_pools.SERVICE_LABELS):
                assert key not in labels
            else:
                assert labels[key] == value.replace("{count}", "8")
        taints = {taint["key"] for taint in pools[f"pool-{pool}"].get("taints", [])}
        declared = {taint.key for taint in accelerators[accelerator].kubernetes.taints}
        assert taints == declared - set(node_pools.SERVICE_TAINTS)


def test_lingjun_pools_name_their_group_and_buy_nothing(recording: Recording) -> None:
    pools = of(recording, "cs/nodePool")
    for name, group in CONFIG[KEY]["cloud"]["lingjun"].items():
        pool = pools[f"pool-{name}"]
        assert pool["type"] == "lingjun"
        assert pool["efloNodeGroup"] == {"clusterId": group["clusterId"], "groupId": group["groupId"]}
        assert not {"instanceTypes", "desiredSize", "scalingConfig"} & set(pool)


def test_bought_nodes_have_encrypted_disks_no_plain_metadata_and_are_repaired(recording: Recording) -> None:
    bought = [pool for pool in of(recording, "cs/nodePool").values() if pool.get("type") != "lingjun"]
    assert bought
    for pool in bought:
        assert (pool["systemDiskEncrypted"], pool["systemDiskKmsKey"]) == (True, LATER)
        assert pool["instanceMetadataOptions"] == {"httpTokens": "required"}
        assert pool["management"]["autoRepair"] is True
        assert "internetMaxBandwidthOut" not in pool
    # Repair does nothing without these.
    add_ons = {add_on["name"] for add_on in of(recording, "cs/kubernetesAddon").values()}
    assert {"ack-node-problem-detector", "node-lifecycle-controller"} <= add_ons


def test_a_pool_that_scales_leaves_its_size_to_the_autoscaler(recording: Recording) -> None:
    pools = of(recording, "cs/nodePool")
    assert pools["pool-l20"]["scalingConfig"] == {"enable": True, "maxSize": 8, "minSize": 0, "type": "gpu"}
    assert "desiredSize" not in pools["pool-l20"]
    assert pools["pool-h20"]["desiredSize"] == "4"
    (autoscaler,) = of(recording, "cs/autoscalingConfig").values()
    assert autoscaler["scalerType"] == "goatscaler"


def test_a_reserved_pool_takes_machines_from_its_reservation_only(recording: Recording) -> None:
    reserved = {
        name: pool["resourcePoolOptions"]
        for name, pool in of(recording, "cs/nodePool").items()
        if "resourcePoolOptions" in pool
    }
    assert reserved == {
        "pool-h20": {"privatePoolIds": ["crp-00000000000000000001"], "strategy": "PrivatePoolOnly"},
    }


def test_ppu_pools_bring_their_add_ons_at_their_versions(recording: Recording) -> None:
    add_ons = {add_on["name"]: add_on.get("version") for add_on in of(recording, "cs/kubernetesAddon").values()}
    plugin = load().accelerators["zhenwu-810e"].kubernetes.device_plugin
    assert isinstance(plugin, ExternalPlugin)
    assert add_ons["ack-ppu-device-plugin"] == plugin.version
    assert add_ons["ack-ppu-exporter"] == "2.0.0"
    assert "ack-rdma-device-plugin" in add_ons


def test_no_bucket_can_be_made_public(recording: Recording) -> None:
    buckets = of(recording, "oss/bucket")
    blocks = of(recording, "oss/bucketPublicAccessBlock")
    assert set(blocks) == set(buckets)
    assert all(block["blockPublicAccess"] is True for block in blocks.values())
    assert not [bucket for bucket in buckets.values() if "acl" in bucket or bucket["forceDestroy"]]


def test_no_bucket_answers_plain_http(recording: Recording) -> None:
    policies = of(recording, "oss/bucketPolicy")
    for name, bucket in of(recording, "oss/bucket").items():
        (denied,) = json.loads(policies[name]["policy"])["Statement"]
        assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", ["*"], ["oss:*"])
        assert denied["Condition"] == {"Bool": {"acs:SecureTransport": ["false"]}}
        assert denied["Resource"] == [f"acs:oss:*:*:{bucket['bucket']}", f"acs:oss:*:*:{bucket['bucket']}/*"]


def test_buckets_are_versioned_logged_and_encrypted_with_the_centre_s_key(recording: Recording) -> None:
    for name, bucket in of(recording, "oss/bucket").items():
        assert bucket["versioning"] == {"status": "Enabled"}
        if name == "bucket-access-logs":
            continue  # OSS writes it by itself, with a key of its own
        assert bucket["serverSideEncryptionRule"] == {"kmsMasterKeyId": LATER, "sseAlgorithm": "KMS"}
        assert bucket["logging"]["targetBucket"] == "jinshan-access-logs-cn-shanghai"


def test_objects_grow_cold_and_expire_as_declared(recording: Recording) -> None:
    buckets = of(recording, "oss/bucket")
    for declared in CONFIG[KEY]["storage"]["buckets"]:
        name = checkpoints_of("research") if declared["name"] == CHECKPOINTS else declared["name"]
        (rule,) = buckets[f"bucket-{name}"]["lifecycleRules"]
        cold, expire = declared.get("coldAfterDays"), declared.get("expireAfterDays")
        assert rule.get("transitions", []) == ([{"days": cold, "storageClass": "IA"}] if cold else [])
        assert rule.get("expirations", []) == ([{"days": expire}] if expire else [])


def test_file_systems_are_as_large_as_declared_or_larger(recording: Recording) -> None:
    systems = of(recording, "nas/fileSystem")
    assert systems["files-shared"]["capacity"] == 10 * 1024
    assert systems["files-shared"]["encryptType"] == 2
    parallel = systems["files-parallel"]["capacity"]
    assert parallel >= 100 * 1024
    assert (parallel - 3_600) % 1_200 == 0


@pytest.mark.parametrize("tenant", ["research", "enterprise", "cloud"])
def test_tenants_reach_only_their_buckets(recording: Recording, tenant: str) -> None:
    read, write = statements(recording, f"tenant-{tenant}")
    names = {role: f"jinshan-{role}-cn-shanghai" for role in ("models", "datasets", checkpoints_of(tenant))}
    assert read["Resource"] == [f"acs:oss:*:*:{name}{tail}" for name in names.values() for tail in ("", "/*")]
    assert {"oss:PutObject", "oss:DeleteObject"} & set(read["Action"]) == set()
    assert write["Resource"] == [f"acs:oss:*:*:{names[checkpoints_of(tenant)]}{tail}" for tail in ("", "/*")]


def test_no_policy_reaches_everything(recording: Recording) -> None:
    for name, policy in of(recording, "ram/policy").items():
        if name.endswith("-keys"):
            assert policy["policyDocument"] == LATER  # only keys' own names, which the cloud gives
            continue
        for statement in json.loads(policy["policyDocument"])["Statement"]:
            assert all("*" not in action for action in statement["Action"])
            assert all(resource.split(":", 4)[4].strip("*/") for resource in statement["Resource"])


def test_only_the_centre_s_own_secrets_are_read(recording: Recording) -> None:
    (read,) = statements(recording, "external-secrets")
    assert read["Action"] == ["kms:GetSecretValue"]
    assert read["Resource"] == ["acs:kms:cn-shanghai:*:secret/jinshan/*"]
    assert of(recording, "ram/role")["workload-external-secrets"]["description"].startswith(
        "Service account ack-secret-manager in kube-system"
    )


def test_a_role_trusts_one_service_account_of_this_cluster() -> None:
    async def resolved() -> dict[str, Any]:
        document = trust("acs:ram::1:oidc-provider/x", "https://issuer", "system:serviceaccount:a:b")
        return dict(json.loads(str(await document.future())))

    (statement,) = asyncio.run(resolved())["Statement"]
    assert statement["Principal"] == {"Federated": ["acs:ram::1:oidc-provider/x"]}
    assert statement["Condition"] == {
        "StringEquals": {
            "oidc:iss": ["https://issuer"],
            "oidc:aud": ["sts.aliyuncs.com"],
            "oidc:sub": ["system:serviceaccount:a:b"],
        }
    }


def test_only_declared_administrators_administer(recording: Recording) -> None:
    granted = of(recording, "cs/kubernetesPermission").values()
    assert [(grant["uid"], grant["permissions"][0]["isRamRole"]) for grant in granted] == [
        ("300000000000000001", True),
        ("200000000000000002", False),
    ]
    assert not made(plan(admins=[]), "cs/kubernetesPermission")


def test_the_registry_is_reached_from_the_network_only_and_keeps_its_layers_in_an_encrypted_bucket(
    recording: Recording,
) -> None:
    (registry,) = of(recording, "cr/registryEnterpriseInstance").values()
    assert registry["customOssBucket"] == of(recording, "oss/bucket")["bucket-images"]["bucket"]
    assert registry["customOssBucket"].startswith("cri-")
    assert not made(recording, "cr/internetEndpoint")
    namespaces = of(recording, "cs/registryEnterpriseNamespace").values()
    assert {namespace["defaultVisibility"] for namespace in namespaces} == {"PRIVATE"}


def test_every_taggable_resource_says_whose_it_is(recording: Recording) -> None:
    tagged = [resource for resource in recording.resources if "tags" in resource.inputs]
    assert len(tagged) > 40
    for resource in tagged:
        tags = resource.inputs["tags"]
        assert {"center", "owner", "cost-center", "tenant"} <= set(tags), resource.name
        assert len(tags) <= 10, f"{resource.name}: OSS takes ten at most"
    pools = of(recording, "cs/nodePool")
    assert pools["pool-zhenwu-research"]["tags"]["tenant"] == "research"


def test_what_has_no_way_to_the_cloud_without_keys_is_not_installed(recording: Recording) -> None:
    charts = {resource.name for resource in recording.resources if resource.type.endswith(":Chart")}
    assert charts
    assert not {"velero", "external-secrets"} & charts


def test_the_longest_names_fit_and_stay_apart() -> None:
    center = CONFIG[KEY]
    tenants = [{**tenant, "name": name * 40} for tenant, name in zip(center["tenants"], "xyz", strict=True)]
    changed = {**center, "name": "j" * 40, "tenants": tenants, "models": [], "applications": {}}
    recording = record(STACK, {**CONFIG, KEY: changed})
    longest = {
        "cr/registryEnterpriseInstance": ("instanceName", 30),
        "cs/managedKubernetes": ("name", 63),
        "log/project": ("projectName", 63),
        "oss/bucket": ("bucket", 63),
        "ram/role": ("roleName", 64),
        "ram/policy": ("policyName", 128),
    }
    for kind, (argument, limit) in longest.items():
        names = [inputs[argument] for inputs in of(recording, kind).values()]
        assert names
        assert max(map(len, names)) <= limit, kind
        assert len(set(names)) == len(names), kind
