"""Simulates deferrable jobs on traces of the grid, as the shifter would run them, and prints what was saved.

    python -m benchmarks.green --trace Shanghai=2025.csv [--before Shanghai=2024.csv] [--slack 24]

A trace is a CSV file of hours or finer steps: a time (UTC) and an intensity (gCO2e/kWh). Several may be given. An
earlier year of the same grid adds the policy that knows no more than the profile of a typical day.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.green.shifting import DURATIONS_HOURS, Result, compare
from benchmarks.green.traces import Trace, TraceError, read

SLACKS_HOURS = (6, 12, 24, 48)
JOBS = 300
SEED = 6


def main(arguments: list[str] | None = None) -> int:
    """Run the simulation; 2 where a file is no trace."""
    given = _parser().parse_args(arguments)
    try:
        before = {name: read(path, name, given.column) for name, path in given.before or ()}
        traces = [read(path, name, given.column) for name, path in given.trace]
    except (TraceError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    hours = ", ".join(map(str, DURATIONS_HOURS))
    print(f"{given.jobs} jobs of {hours} hours and 1 kW on each trace, seed {given.seed}\n")
    for trace in traces:
        _show(trace, before.get(trace.name), given)
    return 0


def _show(trace: Trace, before: Trace | None, given: argparse.Namespace) -> None:
    print(
        f"### {trace.name}, {trace.window}\n\nMean {trace.mean_gco2e_per_kwh:.0f} gCO2e/kWh; within a day it swings by "
        f"{trace.daily_swing:.0%} of the day's mean; {trace.filled_hours} missing hours filled."
    )
    if before:
        print(f"Profile: {before.window}.")
    slacks = given.slack or SLACKS_HOURS
    columns = [compare(trace, before, slack, given.jobs, given.seed) for slack in slacks]
    print("\n| policy | " + " | ".join(f"slack {slack:g} h" for slack in slacks) + " | missed |")
    print("| --- |" + " ---: |" * (len(slacks) + 1))
    for row in zip(*columns, strict=True):
        cells = " | ".join(_cell(result) for result in row)
        print(f"| {row[0].policy} | {cells} | {sum(result.missed for result in row)} |", flush=True)
    print()


def _cell(result: Result) -> str:
    return f"{result.saved:.1%} ({result.mean_delay_hours:.1f}, {result.longest_delay_hours:.1f} h)"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.green", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--trace", action="append", required=True, type=_named, help="NAME=FILE: where jobs run")
    parser.add_argument("--before", action="append", type=_named, help="NAME=FILE: an earlier trace of the same grid")
    parser.add_argument("--column", help="the column of the intensity, where it has a name of its own")
    parser.add_argument("--slack", action="append", type=float, help="hours that a job may wait; may be repeated")
    parser.add_argument("--jobs", type=int, default=JOBS, help="on each trace; default: %(default)s")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    return parser


def _named(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not (name and separator and path):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=FILE")
    return name, Path(path)


if __name__ == "__main__":
    sys.exit(main())
