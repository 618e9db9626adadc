"""The Prometheus of a centre that is up: what it reads, what is wrong, and what it answers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

_SECONDS = 10
_TURN_SECONDS = 60


@dataclass(frozen=True)
class Monitored:
    """One server."""

    url: str

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer."""
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(parameters)}", timeout=_SECONDS) as answer:  # noqa: S310  this machine
            return json.load(answer)["data"]

    def value(self, expression: str) -> float | None:
        """The one value that an expression has now; None where it has none."""
        found = self.get("query", query=expression)["result"]
        assert len(found) <= 1, f"{expression} has {len(found)} values"
        return float(found[0]["value"][1]) if found else None

    def targets(self) -> Counter[str]:
        """How many targets each job has."""
        return Counter(target["labels"]["job"] for target in self.get("targets")["activeTargets"])

    def wrong(self) -> list[str]:
        """What is not as it should be once everything was read and evaluated: targets and rules, a line each.

        Rules that are evaluated less than once a minute may not have had their turn.
        """
        targets = [
            f"{target['scrapeUrl']} is {target['health']}: {target['lastError']}"
            for target in self.get("targets")["activeTargets"]
            if target["health"] != "up"
        ]
        rules = [
            f"rule {rule['name']} is {rule['health']}: {rule.get('lastError', '')}"
            for group in self.get("rules")["groups"]
            for rule in group["rules"]
            if rule["health"] != "ok" and not (rule["health"] == "unknown" and group["interval"] > _TURN_SECONDS)
        ]
        return targets + rules
