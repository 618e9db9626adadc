"""Pods."""

from __future__ import annotations

from tests.policy.build import center, fails, home, passes, pod, spec

IN_AN_IMAGE = [{"name": "weights", "image": {"reference": "registry.example.com/weights:1"}}]
BY_TAG = [{"name": "main", "image": "registry.example.com/a:1"}]

CASES = [
    *passes(
        "host-isolation",
        pod(),
        pod("aicc-accelerators", hostNetwork=True, volumes=[{"name": "dev", "hostPath": {"path": "/dev"}}]),
        spec("kubernetes:storage.k8s.io/v1:CSIDriver"),
    ),
    *fails(
        "host-isolation",
        (
            pod(containers=[{"name": "main", "securityContext": {"privileged": True}}]),
            "container main is privileged; only pods in aicc-accelerators may",
        ),
        (pod(initContainers=[{"name": "first", "securityContext": {"privileged": True}}]), "container first"),
        (pod(volumes=[{"name": "root", "hostPath": {"path": "/"}}]), "volume root is a path of the host"),
        (pod(hostPID=True), "has hostPID"),
        (
            spec(
                "kubernetes:jobset.x-k8s.io/v1alpha2:JobSet",
                replicatedJobs=[
                    {"template": {"spec": {"template": {"spec": {"containers": [], "hostNetwork": True}}}}}
                ],
            ),
            "has hostNetwork",
        ),
    ),
    *passes(
        "images-by-digest",
        (center(), pod()),
        (center(cloud="local"), pod(containers=BY_TAG)),
        (center(), home("keda", "operators"), pod("keda", containers=BY_TAG)),
    ),
    *fails(
        "images-by-digest",
        ((center(), pod(containers=BY_TAG)), "container main has image registry.example.com/a:1; it must be pinned"),
        ((center(), home("keda", "operators"), pod("other", containers=BY_TAG)), "(name@sha256:…)"),
        ((center(), pod(volumes=IN_AN_IMAGE)), "volume weights has image registry.example.com/weights:1; it must"),
    ),
    *passes("upstream-images-by-digest", (home("keda", "operators"), pod("keda")), pod(containers=BY_TAG)),
    *fails(
        "upstream-images-by-digest", ((home("keda", "operators"), pod("keda", containers=BY_TAG)), "container main")
    ),
]
