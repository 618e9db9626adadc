"""The real node that a plan asks for: the one pool whose instance is this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from aicc.local.simulate import labels_of, name_of
from infra.config.models import Network
from infra.plan import CenterPlan


@dataclass(frozen=True)
class RealNodePlan:
    """A real node as its pool declares it."""

    name: str
    labels: Mapping[str, str]
    network: Network

    @property
    def address(self) -> str:
        """The node's: the first of the plan's nodes."""
        return str(next(ipaddress.ip_network(self.network.node_cidr).hosts()))


def real_node(plan: CenterPlan) -> RealNodePlan | None:
    """Return the plan's real node; None where no pool is this machine."""
    pool = next((pool for pool in plan.pools if pool.real), None)
    if pool is None:
        return None
    return RealNodePlan(name_of(pool, 0), labels_of(pool, plan.name, 0), plan.network)
