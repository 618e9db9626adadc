"""What the AWS package promises: what a plan of the example records, and its policies with AWS' answers put in."""

from __future__ import annotations

import copy
import warnings
from importlib import import_module
from typing import Any

from aicc.offline.record import Recording, Resource, record
from aicc.paths import REPO
from infra.config.load import PROJECT, raw_config

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    # Loaded here: they warn of classes of their own that nobody names.
    for module, used in (("ec2", "Vpc"), ("s3", "Bucket")):
        getattr(import_module(f"pulumi_aws.{module}"), used)

STACK = "aws-us-west-2"
EXAMPLE = REPO / "examples" / f"Pulumi.{STACK}.yaml"
ACCOUNT = "111122223333"
CENTER = f"{PROJECT}:center"
EFA_NODE_GROUPS = {
    "h200-us-west-2a": 16,
    "h100-us-west-2b": 32,
    "a100-us-west-2a": 4,
    "a100-us-west-2c": 4,
}
"""Node groups on machines with EFA, and the interfaces that EC2's user guide gives them."""


class Recorded:
    """A plan's AWS resources, by the last part of their type and their name."""

    def __init__(self, recording: Recording) -> None:
        self.outputs = recording.outputs
        self.resources = [item for item in recording.resources if item.type.startswith("aws:")]
        self.classes = {
            item.inputs["metadata"]["name"]: item for item in recording.resources if item.type.endswith(":StorageClass")
        }

    def of(self, kind: str) -> dict[str, Resource]:
        """Every resource of a kind, by name."""
        return {item.name: item for item in self.resources if item.type.rpartition(":")[2] == kind}


def planned(**cloud: Any) -> Recorded:
    """The example, with some of its cloud's fields changed."""
    config = copy.deepcopy(dict(raw_config(EXAMPLE)))
    config[CENTER]["cloud"] |= cloud
    return Recorded(record(STACK, config))


def needs(resource: Resource, kind: str, name: str) -> bool:
    """Whether an input of the resource comes from that one."""
    return any(urn.endswith(f":{kind}::{name}") for urn in resource.dependencies)
