"""The single dispatch point: kind of cloud → its module, imported only when it is used.

Adding a cloud is one line here; see docs/howto/add-a-cloud.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from infra.clouds.base import Cloud


@dataclass(frozen=True)
class Entry:
    """Where a cloud's code is, and what it needs."""

    module: str
    sdk: str | None = None
    """The package of its SDK, an optional dependency; the extra of that name has the cloud's kind."""


CLOUDS = {
    "local": Entry("infra.clouds.local"),
    "existing": Entry("infra.clouds.existing"),
    "alicloud": Entry("infra.clouds.alicloud", sdk="pulumi_alicloud"),
    "aws": Entry("infra.clouds.aws", sdk="pulumi_aws"),
    "gcp": Entry("infra.clouds.gcp", sdk="pulumi_gcp"),
    "azure": Entry("infra.clouds.azure", sdk="pulumi_azure_native"),
}


def cloud(kind: str) -> Cloud:
    """The module of a declared cloud's kind.

    Raises pulumi.RunError where its SDK is not installed.
    """
    import pulumi  # noqa: PLC0415  who only asks what is missing must not pay for the SDK

    if package := missing_sdk(kind):
        raise pulumi.RunError(
            f"cloud {kind} needs {package}, which is not installed: pip install -r requirements-{kind}.txt"
        )
    return cast("Cloud", import_module(CLOUDS[kind].module))


def missing_sdk(kind: str) -> str | None:
    """The package that the cloud needs and this environment lacks."""
    package = CLOUDS[kind].sdk
    return package if package and find_spec(package) is None else None
