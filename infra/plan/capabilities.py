"""What a declared cluster will serve beside Kubernetes' own kinds."""

from __future__ import annotations

from infra.config.clouds import Cloud, ExistingCloud, LocalCloud, PublicCloud
from infra.config.fields import Operator


def has(cloud: Cloud, operator: Operator) -> bool:
    """Whether the cluster serves an operator's custom resources, by itself or by the centre's doing."""
    match cloud:
        case ExistingCloud():
            return operator in cloud.capabilities
        case LocalCloud() | PublicCloud():
            return operator in cloud.operators
