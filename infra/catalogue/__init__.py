"""What exists: accelerators and instances as data, each figure with its source, date and confidence.

Adding an item is adding one file; see docs/howto/add-an-accelerator.md.
"""

from infra.catalogue.loader import load
from infra.catalogue.schema import Accelerator, Catalogue, Instance

__all__ = ["Accelerator", "Catalogue", "Instance", "load"]
