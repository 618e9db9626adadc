"""Tenants' keys to the gateway: made here, kept in one Secret of the cluster, and nowhere else.

No plan, state, rendered file, log or annotation has a key; commands print one where that is what they are for.
"""

from aicc.keys.applications import hand_out
from aicc.keys.keyring import Key, create, revoke, rotate
from aicc.keys.store import Store

__all__ = ["Key", "Store", "create", "hand_out", "revoke", "rotate"]
