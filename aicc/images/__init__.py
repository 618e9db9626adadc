"""The container images of `images/`, built into archives that a node imports: never twice, one builder at a time.

No registry of our own, and no Docker: buildah builds in a chroot, from an ordinary base pinned by digest where a
registry can be reached, and from a Debian made here by debootstrap where none can. Which images there are, and the
reference of each, says `infra.images`.
"""

from aicc.images.build import ensure

__all__ = ["ensure"]
