"""The resources of every stack that has a file: each recorded once in a process, when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from aicc.offline.graph import Graph, graph_of
from aicc.paths import REPO
from aicc.progress import reporter

STACKS = {
    path.name.removeprefix("Pulumi.").removesuffix(".yaml"): path
    for path in [*REPO.glob("examples/Pulumi.*.yaml"), *REPO.glob("Pulumi.*.yaml")]
}


@cache
def graph(stack: str) -> Graph:
    """One stack's."""
    return graph_of(stack, STACKS[stack], reporter())


class Graphs(Mapping[str, Graph]):
    """Every stack's, by name. A cloud's takes seconds, most of them for its SDK: who looks at one pays for one."""

    def __getitem__(self, stack: str) -> Graph:
        return graph(stack)

    def __iter__(self) -> Iterator[str]:
        return iter(STACKS)

    def __len__(self) -> int:
        return len(STACKS)
