"""What a centre keeps: object buckets, file systems and an image registry, made by public clouds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.config.fields import Declared, Name, Quantity


class Bucket(Declared):
    """An object bucket: encrypted, versioned, closed to the public."""

    name: Name = Field(description="Its role; the physical name also has the centre's and what the cloud needs.")
    cold_after_days: Annotated[int, Field(ge=30, le=3_650)] | None = Field(
        default=None, description="Objects then move to infrequent-access storage; none: never."
    )
    expire_after_days: Annotated[int, Field(ge=1, le=3_650)] | None = Field(
        default=None, description="Objects are then deleted; none: never."
    )


class FileSystem(Declared):
    """A file system that many nodes mount."""

    capacity: Quantity = Field(description="Such as 10Ti; rounded up to what the service sells.")


MODELS, DATASETS, CHECKPOINTS, BACKUPS = "models", "datasets", "checkpoints", "backups"
"""The buckets that the platform itself refers to."""


class Storage(Declared):
    """What the centre keeps."""

    buckets: tuple[Bucket, ...] = Field(
        default=(
            Bucket(name=MODELS),
            Bucket(name=DATASETS, coldAfterDays=90),
            Bucket(name=CHECKPOINTS, expireAfterDays=90),
            Bucket(name=BACKUPS, coldAfterDays=30),
        ),
        description="Object buckets; models, datasets, checkpoints (one per tenant) and backups must be among them.",
    )
    shared: FileSystem | None = Field(
        default=FileSystem(capacity="10Ti"), description="General files: NAS, EFS, Filestore, Azure Files."
    )
    parallel: FileSystem | None = Field(
        default=None, description="Files for training at full speed: CPFS, FSx for Lustre, Managed Lustre."
    )
    registry: bool = Field(default=True, description="Whether the centre has an image registry of its own.")
