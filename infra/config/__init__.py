"""The declared centre and the only reader of `pulumi.Config`."""

from infra.config.issues import InvalidCenterError, Issue
from infra.config.models import Center

__all__ = ["Center", "InvalidCenterError", "Issue"]
