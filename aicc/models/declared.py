"""Models of a stack whose files come from here: which they are, and that the stack declares what they are."""

from __future__ import annotations

from collections.abc import Iterator

from aicc.errors import ConfigError
from aicc.models.local import MODELS
from images.prefetch.prefetch import sums
from infra.config.clouds import LocalCloud
from infra.plan import CenterPlan, ModelPlan


def made_here(plan: CenterPlan) -> Iterator[ModelPlan]:
    """Those in a local stack's store that `aicc up` puts there."""
    for model in plan.models if isinstance(plan.cloud, LocalCloud) else ():
        if model.weights and model.weights.source == "store" and model.weights.path in MODELS:
            yield model


def check(plan: CenterPlan) -> None:
    """Hold declared digests against the files' own, which are pinned.

    Raises ConfigError: the prefetch job would refuse them.
    """
    for model in made_here(plan):
        weights = model.weights
        pinned = sums.digest(sums.write(MODELS[model.source.partition(":")[2]].sha256))
        if weights and weights.digest != pinned:
            index = [each.name for each in plan.models].index(model.name)
            raise ConfigError(
                f"models[{index}].weights.digest: {weights.digest} is not the digest of {model.source}; "
                "nothing was changed",
                hint=f"its files have {pinned}; weights of your own go under another name than {weights.path}",
            )
