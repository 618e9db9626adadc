"""How long many waited: each for itself where that differs, and in bulk where it does not."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Summary:
    """Of those who waited."""

    count: int
    mean_seconds: float
    p50_seconds: float
    p99_seconds: float
    max_seconds: float

    def as_json(self) -> dict[str, float]:
        """For programs, in whole milliseconds."""
        return {
            "count": self.count,
            "meanSeconds": round(self.mean_seconds, 3),
            "p50Seconds": round(self.p50_seconds, 3),
            "p99Seconds": round(self.p99_seconds, 3),
            "maxSeconds": round(self.max_seconds, 3),
        }


@dataclass
class Waits:
    """Seconds that were waited, and by how many."""

    by_seconds: dict[float, int] = field(default_factory=dict)

    def add(self, seconds: float, count: int = 1) -> None:
        """Count those who waited that long; who did not wait is not counted."""
        if seconds > 0 and count:
            self.by_seconds[seconds] = self.by_seconds.get(seconds, 0) + count

    @property
    def count(self) -> int:
        """How many waited."""
        return sum(self.by_seconds.values())

    @property
    def mean(self) -> float:
        """Of those who waited; 0 where nobody did."""
        return sum(seconds * count for seconds, count in self.by_seconds.items()) / self.count if self.count else 0.0

    def percentile(self, share: float) -> float:
        """The least wait that this share of those who waited did not exceed; 0 where nobody waited."""
        wanted, seen = share * self.count, 0
        for seconds, count in sorted(self.by_seconds.items()):
            seen += count
            if seen >= wanted:
                return seconds
        return 0.0

    @property
    def summary(self) -> Summary:
        """In a few figures."""
        return Summary(self.count, self.mean, self.percentile(0.5), self.percentile(0.99), self.percentile(1))
