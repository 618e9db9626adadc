"""The vocabulary of declared fields: patterns, each with its form in words, and the base of every declared object."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from infra import quantity
from infra.catalogue.entry import ENGINE_VERSION

_NAME = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"
_CIDR = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"
_TAG, _DIGEST = r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", r"@sha256:[0-9a-f]{64}"
_IMAGE = rf"^[a-z0-9]([a-z0-9._:/-]*[a-z0-9])?({_TAG}|{_DIGEST}|{_TAG}{_DIGEST})$"
SOURCE = r"^[^-\s]\S*$"
HTTPS = r"^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$"
RELATIVE_PATH = r"^[A-Za-z0-9_][A-Za-z0-9_.=-]*(/[A-Za-z0-9_][A-Za-z0-9_.=-]*)*$"
_LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
GUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_VERSION = r"^1\.[0-9]{1,3}$"
HOST = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$"
MAIL = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$"
MAIL_HOST = r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?:[0-9]{1,5}$"
ENTRY = r"^[-._A-Za-z0-9]+$"
_LOOPBACK = r"http://(127\.0\.0\.1|localhost)"
_HTTPS_HOST = r"https://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?"
FEED = rf"^({_LOOPBACK}|{_HTTPS_HOST})(:[0-9]{{1,5}})?(/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~=&%-]+)?$"
COLLECTOR = r"^[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$"
RDMA_DEVICE = r"^[A-Za-z0-9_]([-A-Za-z0-9_.]{0,62}[A-Za-z0-9_])?$"
_LABEL_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"

FORMS = {
    _NAME: "a DNS label: at most 40 of a-z, 0-9 and -, starting and ending with a letter or digit",
    quantity.PATTERN: "a Kubernetes quantity such as 500m, 16 or 1800Gi",
    _CIDR: "an address range such as 10.64.0.0/14",
    _IMAGE: "an image such as registry.example.com/vllm:1.2@sha256:…",
    SOURCE: "a hub repository such as Qwen/Qwen3-32B, store:folder or image:reference: no spaces, and no - in front",
    HTTPS: "an address such as https://login.example.com/oauth2/token, without a query",
    RELATIVE_PATH: "a path such as batches/requests.jsonl: letters, digits, _, ., = and -; no part begins with a dot",
    GUID: "a GUID such as 72f988bf-86f1-41af-91ab-2d7cd011db47",
    ENGINE_VERSION: "a version of three numbers such as 0.29.0",
    _VERSION: "a Kubernetes minor version such as 1.36",
    _LABEL_KEY: "a Kubernetes label key such as example.com/rack",
    HOST: "a host's name such as ai.example.com",
    MAIL: "a mail address such as operations@example.com",
    MAIL_HOST: "a mail server such as smtp.example.com:587",
    ENTRY: "an entry of a Secret: letters, digits, -, _ and .",
    FEED: "https://… or http://127.0.0.1:…, without a user or password in it",
    COLLECTOR: "host:port such as collector.aicc-monitoring.svc:4317",
    RDMA_DEVICE: "an RDMA device such as mlx5_0",
    _LABEL_VALUE: "a Kubernetes label value: at most 63 letters, digits, -, _ and .",
}
"""Every pattern below in words, for error messages."""

Name = Annotated[str, StringConstraints(pattern=_NAME)]
"""It becomes part of namespaces, labels and node names, which end at 63 characters."""
Quantity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value, json_schema_input_type=str | int),
    StringConstraints(pattern=quantity.PATTERN),
]
"""Text, so that nothing is rounded; a whole number may be written bare."""
Cidr = Annotated[str, StringConstraints(pattern=_CIDR)]
ImageReference = Annotated[str, StringConstraints(pattern=_IMAGE)]
IMAGE_BY_DIGEST = re.compile(rf"[a-z0-9]([a-z0-9._:/-]*[a-z0-9])?({_TAG})?{_DIGEST}")
Version = Annotated[str, StringConstraints(pattern=_VERSION)]
EngineVersion = Annotated[str, StringConstraints(pattern=ENGINE_VERSION)]
LabelKey = Annotated[str, StringConstraints(pattern=_LABEL_KEY)]
LabelValue = Annotated[str, StringConstraints(pattern=_LABEL_VALUE)]

Capability = Literal[
    "cert-manager",
    "external-secrets",
    "fluid",
    "gateway-api",
    "jobset",
    "keda",
    "kueue",
    "lws",
    "prometheus-operator",
    "velero",
]
Operator = Literal[
    "cert-manager",
    "external-secrets",
    "gateway-api",
    "jobset",
    "keda",
    "kueue",
    "lws",
    "prometheus-operator",
    "velero",
]
"""Capabilities whose operator the centre can install."""
TenantKind = Literal["research", "enterprise", "cloud-service"]
Engine = Literal["vllm", "sglang", "llama-cpp"]
CPU_ENGINES: frozenset[Engine] = frozenset({"llama-cpp"})
"""They serve from nodes without accelerators."""


class Declared(BaseModel):
    """Base of everything declared: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, strict=True)
