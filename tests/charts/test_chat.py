"""The chart chat: its objects, how values change them (default, override, null), and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc import paths
from tests.support.helm import Helm, HelmError, Objects
from tests.support.kubeconform import kubeconform

ALWAYS = {"Deployment", "Service", "ServiceAccount", "NetworkPolicy"}
LOGIN: dict[str, Any] = {
    "login": {
        "secret": "chat-login",
        "authorizeUrl": "https://login.example.com/a",
        "tokenUrl": "https://login.example.com/t",
        "userinfoUrl": "https://login.example.com/u",
        "group": "jinshan:cloud",
    },
    "route": {"host": "chat.example.com"},
}
EVERYTHING: dict[str, Any] = {
    **LOGIN,
    "tenant": "cloud",
    "models": ["qwen3-32b", "Qwen/Qwen3-8B"],
    "image": {"repository": "registry.example.com/chat", "digest": "sha256:" + "0123456789abcdef" * 4},
    "priorityClassName": "aicc-cloud-service",
    "nodeSelector": {"aicc.io/runs": "containers"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "labels": {"example.com/x": "y"},
    "annotations": {"example.com/owner": "platform"},
    "resources": {"limits": {"cpu": "1"}},
}


@dataclass(frozen=True)
class Chat:
    """`charts/chat` as a release of a tenant's namespace."""

    helm: Helm
    path: Path = field(default=paths.CHARTS / "chat")

    def text(self, release: str = "chat-cloud", **values: Any) -> str:
        return self.helm.template(self.path, values, release=release, namespace="tenant-cloud")

    def objects(self, **values: Any) -> Objects:
        return Objects.parse(self.text(**values))

    def pod(self, **values: Any) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.objects(**values)["Deployment"]["spec"]["template"]["spec"]
        return spec

    def env(self, **values: Any) -> dict[str, str]:
        return {item["name"]: item["value"] for item in self.pod(**values)["containers"][0]["env"]}


@pytest.fixture(scope="module")
def chat(helm: Helm) -> Chat:
    return Chat(helm)


@pytest.mark.parametrize(
    "values", [{}, EVERYTHING, {"resources": {"limits": None}}], ids=["default", "everything", "bare"]
)
def test_linters_and_kubernetes_own_schemas_accept_it(
    chat: Chat, values: dict[str, Any], tmp_path: Path, kubeconform_binary: Path
) -> None:
    assert "0 chart(s) failed" in chat.helm.lint(chat.path, values)
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(chat.text(**values), encoding="utf-8")
    kubeconform(kubeconform_binary, [rendered])
    files = [rendered, chat.path / "values.yaml", chat.path / "Chart.yaml"]
    command = [sys.executable, "-m", "yamllint", "--strict", "--config-file", str(paths.REPO / ".yamllint"), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_without_a_host_the_page_is_inside_the_cluster_only(chat: Chat) -> None:
    objects = chat.objects()
    assert objects.kinds == ALWAYS
    assert objects["Service"]["spec"]["type"] == "ClusterIP"
    policy = objects["NetworkPolicy"]["spec"]
    assert "ingress" not in policy
    gateway = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "aicc-gateway"}}}
    assert policy["egress"] == [{"to": [gateway]}]


def test_a_route_is_made_where_the_cluster_knows_routes(chat: Chat) -> None:
    assert chat.objects(**LOGIN).kinds == ALWAYS
    route = {"create": True, "host": "chat.example.com", "gateway": {"name": "public", "namespace": "ingress"}}
    objects = chat.objects(**{**LOGIN, "route": route})
    assert objects.kinds == ALWAYS | {"HTTPRoute"}
    spec = objects["HTTPRoute"]["spec"]
    assert spec["hostnames"] == ["chat.example.com"]
    assert (spec["parentRefs"][0]["name"], spec["parentRefs"][0]["namespace"]) == ("public", "ingress")
    [backend] = spec["rules"][0]["backendRefs"]
    assert (backend["name"], backend["port"]) == (objects["Service"]["metadata"]["name"], 8000)


def test_the_key_is_a_file_and_in_no_variable(chat: Chat) -> None:
    pod = chat.pod(gateway={"secret": "keys", "key": "own"})
    [volume] = [item for item in pod["volumes"] if item["name"] == "gateway-key"]
    assert volume["secret"] == {
        "secretName": "keys",
        "optional": True,
        "defaultMode": 0o440,
        "items": [{"key": "own", "path": "own"}],
    }
    [container] = pod["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert mounts["gateway-key"]["readOnly"] is True
    assert all("valueFrom" not in item for item in container["env"])
    assert chat.env(gateway={"key": "own"})["AICC_KEY_FILE"] == "/run/secrets/gateway/own"


def test_the_login_says_who_comes_in_and_where_people_are_sent_back_to(chat: Chat) -> None:
    env = chat.env(**LOGIN)
    assert env["AICC_GROUP"] == "jinshan:cloud"
    assert env["CHAINLIT_URL"] == "https://chat.example.com"
    assert {volume["name"] for volume in chat.pod(**LOGIN)["volumes"]} == {"gateway-key", "login", "tmp"}
    assert "login" not in {volume["name"] for volume in chat.pod()["volumes"]}
    assert not {name for name in chat.env() if name.startswith(("OAUTH", "AICC_GROUP", "AICC_LOGIN"))}


def test_pods_meet_the_restricted_pod_security_standard(chat: Chat) -> None:
    pod = chat.pod(**EVERYTHING)
    [container] = pod["containers"]
    assert all(set(volume) - {"name"} <= {"emptyDir", "secret"} for volume in pod["volumes"])
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_values_reach_the_pod(chat: Chat) -> None:
    pod = chat.pod(**EVERYTHING)
    assert pod["nodeSelector"] == {"aicc.io/runs": "containers"}
    assert pod["priorityClassName"] == "aicc-cloud-service"
    assert pod["tolerations"] == [{"key": "a", "operator": "Exists"}]
    [container] = pod["containers"]
    assert container["image"].startswith("registry.example.com/chat@sha256:")
    assert container["resources"] == {
        "requests": {"cpu": "250m", "memory": "512Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    }
    assert chat.env(**EVERYTHING)["AICC_MODELS"] == "qwen3-32b,Qwen/Qwen3-8B"
    assert chat.env(answerTokens=64)["AICC_ANSWER_TOKENS"] == "64"


def test_null_and_empty_mean_the_same(chat: Chat) -> None:
    empty: dict[str, Any] = {
        "tenant": "",
        "priorityClassName": "",
        "nodeSelector": {},
        "tolerations": [],
        "labels": {},
        "annotations": {},
        "image": {"digest": ""},
        "resources": {"limits": {"cpu": ""}},
    }
    removed: dict[str, Any] = dict.fromkeys(empty) | {"image": {"digest": None}, "resources": {"limits": {"cpu": None}}}
    assert chat.text(**empty) == chat.text(**removed)


def test_a_label_cannot_change_the_selector(chat: Chat) -> None:
    objects = chat.objects(labels={"app.kubernetes.io/name": "other"})
    selector = {"app.kubernetes.io/name": "chat", "app.kubernetes.io/instance": "chat-cloud"}
    assert objects["Deployment"]["spec"]["selector"] == {"matchLabels": selector}
    assert objects["Deployment"]["spec"]["template"]["metadata"]["labels"].items() >= selector.items()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"modles": ["a"]}, "additional properties 'modles' not allowed"),
        ({"models": []}, "/models"),
        ({"gateway": {"url": "gateway"}}, "/gateway/url"),
        ({"login": {**LOGIN["login"], "tokenUrl": "http://login.example.com"}}, "/login/tokenUrl"),
        ({"runAsUser": 0}, "/runAsUser"),
        ({"route": {"host": "chat.example.com"}}, "whoever reaches it would use the tenant's key"),
        ({"login": LOGIN["login"]}, "route.host is empty"),
        ({**LOGIN, "login": {**LOGIN["login"], "group": ""}}, "login.group is empty"),
        ({"image": {"tag": ""}}, "image.tag and image.digest are both empty"),
    ],
    ids=str,
)
def test_refusals(chat: Chat, values: dict[str, Any], message: str) -> None:
    with pytest.raises(HelmError) as refusal:
        chat.text(**values)
    assert message in str(refusal.value)


def test_values_and_schema_have_the_same_keys_and_each_is_described(chat: Chat) -> None:
    schema = json.loads((chat.path / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((chat.path / "values.yaml").read_text(encoding="utf-8"))

    def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = node.get("$ref", "")
        return {**schema["definitions"][reference.rpartition("/")[2]], **node} if reference else node

    def in_schema(node: Mapping[str, Any], path: str = "") -> Iterator[str]:
        for key, child in resolved(node).get("properties", {}).items():
            assert child.get("description"), f"{path}{key}"
            yield f"{path}{key}"
            yield from in_schema(child, f"{path}{key}.")

    def in_values(node: object, path: str = "") -> Iterator[str]:
        for key, child in node.items() if isinstance(node, Mapping) else ():
            yield f"{path}{key}"
            yield from in_values(child, f"{path}{key}.")

    assert sorted(in_schema(schema)) == sorted(in_values(values))
    assert schema["additionalProperties"] is False
