"""Pools and their bounds."""

from __future__ import annotations

from tests.policy.build import center, fails, passes, pool, spec, subject
from tests.policy.tokens import ACK_POOL, AKS_POOL, EKS_POOL, GKE_POOL, KARPENTER_POOL

CASES = [
    *passes("accelerator-pools-owned", center(), center(pools=[pool(accelerator=None, owner=None)])),
    *fails("accelerator-pools-owned", (center(pools=[pool(owner="")]), "pool zhenwu has accelerators and nobody")),
    *passes("accelerator-pools-bounded", center(), spec(KARPENTER_POOL, limits={"nvidia.com/gpu": 8})),
    *fails(
        "accelerator-pools-bounded",
        (center(pools=[pool(maxNodes=1)]), "pool zhenwu scales from 0 to 1 nodes and starts with 2"),
        (center(pools=[pool(minNodes=-1)]), "0 ≤ minNodes ≤ nodes ≤ maxNodes must hold"),
        (center(pools=[pool(maxNodes=None)]), "minNodes and maxNodes must be given"),
        (spec(KARPENTER_POOL), "spec.limits must say how far"),
    ),
    *passes(
        "node-pools-as-declared",
        (center(), subject(ACK_POOL, {"tags": {"pool": "zhenwu"}, "scalingConfig": {"enable": True, "maxSize": 4}})),
        (center(), subject(ACK_POOL, {"desiredSize": "3"})),
        (center(), subject(EKS_POOL, {"tags": {"pool": "zhenwu"}, "scalingConfig": {"minSize": 0, "maxSize": 4}})),
        (
            center(),
            subject(
                GKE_POOL,
                {
                    "nodeLocations": ["a", "b"],
                    "nodeConfig": {"labels": {"aicc.io/pool": "zhenwu"}},
                    "autoscaling": {"minNodeCount": 0, "maxNodeCount": 2},
                },
            ),
        ),
        (center(), subject(GKE_POOL, {"autoscaling": {"totalMinNodeCount": 1, "totalMaxNodeCount": 9}})),
        (center(), subject(AKS_POOL, {"enableAutoScaling": False})),
    ),
    *fails(
        "node-pools-as-declared",
        (
            (
                center(),
                subject(ACK_POOL, {"tags": {"pool": "zhenwu"}, "scalingConfig": {"enable": True, "maxSize": 5}}),
            ),
            "lets pool zhenwu grow to 5 nodes; it may have 4, as declared",
        ),
        ((center(), subject(ACK_POOL, {"scalingConfig": {"enable": True}})), "grows without an end"),
        ((center(), subject(EKS_POOL, {"scalingConfig": {"minSize": 3, "maxSize": 2}})), "scales from 3 to 2 nodes"),
        (
            (
                center(),
                subject(
                    GKE_POOL,
                    {
                        "nodeLocations": ["a", "b"],
                        "nodeConfig": {"labels": {"aicc.io/pool": "zhenwu"}},
                        "autoscaling": {"maxNodeCount": 3},
                    },
                ),
            ),
            "lets pool zhenwu grow to 6 nodes",
        ),
        ((center(), subject(AKS_POOL, {"enableAutoScaling": True, "minCount": 0})), "grows without an end"),
    ),
]
