"""What of an application follows from the rest of a stack."""

from __future__ import annotations

import pytest

from infra.catalogue import load
from infra.config.load import parse
from infra.plan import resolve


@pytest.mark.parametrize(
    ("contexts", "tokens"), [((None,), 2_048), ((32_768, 8_192), 2_048), ((None, 1_000), 500), ((1,), 1)]
)
def test_an_answer_leaves_at_least_half_of_the_shortest_context(contexts: tuple[int | None, ...], tokens: int) -> None:
    models = [
        {"name": f"m{index}", "tenant": "research", "source": "a/b", "accelerator": "zhenwu-810e"}
        | ({"maxModelLen": context} if context else {})
        for index, context in enumerate(contexts)
    ]
    quota = {"accelerators": {"zhenwu-810e": 8}}
    center = {
        "name": "c",
        "cloud": {"kind": "local"},
        "pools": [{"name": "zhenwu", "instance": "sim.zhenwu-810e.16x", "nodes": 1}],
        "tenants": [{"name": "research", "kind": "research", "group": "g", "quota": quota}],
        "models": models,
        "applications": {"chat": [{"tenant": "research", "models": [model["name"] for model in models]}]},
    }
    [page] = resolve(parse(center), load()).applications.chat
    assert page.answer_tokens == tokens
