"""Writes a large stack file: python benchmarks/large_stack.py NODES TENANTS MODELS > Pulumi.large.yaml."""

from __future__ import annotations

import sys

import yaml

PER_NODE = 16


def large(nodes: int, tenants: int, models: int) -> dict[str, object]:
    """Return a valid stack of Zhenwu nodes whose tenants share the accelerators and the models evenly."""
    each = nodes * PER_NODE // max(tenants, 1)
    return {
        "config": {
            "ai-compute-center:center": {
                "name": "large",
                "cloud": {"kind": "local"},
                "pools": [{"name": "zhenwu", "instance": "sim.zhenwu-810e.16x", "nodes": nodes}],
                "tenants": [
                    {
                        "name": f"t{index}",
                        "kind": "research",
                        "group": f"benchmark:t{index}",
                        "quota": {"accelerators": {"zhenwu-810e": each}},
                    }
                    for index in range(tenants)
                ],
                "models": [
                    {
                        "name": f"m{index}",
                        "tenant": f"t{index % tenants}",
                        "source": "Qwen/Qwen3-8B",
                        "accelerator": "zhenwu-810e",
                    }
                    for index in range(models)
                ],
            }
        }
    }


if __name__ == "__main__":
    print(yaml.safe_dump(large(*map(int, sys.argv[1:4]))))
