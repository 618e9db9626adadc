"""The pinned binaries that the local cluster, rendering and validation need: found, downloaded, or built.

Not a package manager: exactly one version of each tool, named in `infra/versions.py`, and nothing is ever installed
outside aicc's own cache.
"""

from aicc.toolbox.catalogue import TOOLS, Tool
from aicc.toolbox.provide import Located, ensure, locate

__all__ = ["TOOLS", "Located", "Tool", "ensure", "locate"]
