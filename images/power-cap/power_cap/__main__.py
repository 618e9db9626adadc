"""Sets the limit with the vendor's tool, reads it back from the driver, and looks again now and then.

Exit codes: 2 the driver cannot keep such a limit (it says its own least and most), 1 the tool failed; 0 told to stop,
after the board's own limit was restored.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass

TOOL = "nvidia-smi"
QUERY = "index,power.limit,power.min_limit,power.max_limit,power.default_limit"
TIMEOUT_SECONDS = 60
TOLERANCE_WATTS = 1.0


class ToolError(Exception):
    """The tool failed, or said what cannot be read."""


@dataclass(frozen=True)
class Limits:
    """What the driver says of one device, in watts."""

    index: str
    now: float
    least: float
    most: float
    default: float


def main(arguments: list[str] | None = None) -> int:
    """Keep the cap until told to stop."""
    parser = argparse.ArgumentParser(prog="power-cap")
    parser.add_argument("--watts", type=int, required=True, help="of each device")
    parser.add_argument("--every-seconds", type=float, default=300.0, help="how often the driver is asked again")
    given = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        while not stopped.is_set():
            if (code := keep(given.watts)) != 0:
                return code
            stopped.wait(given.every_seconds)
        restore()
    except ToolError as error:
        _say(str(error))
        return 1
    return 0


def keep(watts: int) -> int:
    """Bring every device to the cap, and see that the driver has it. Raises ToolError."""
    for device in limits():
        if not device.least <= watts <= device.most:
            _say(f"device {device.index}: {watts} W is not from {device.least:g} to {device.most:g} W; nothing was set")
            return 2
    for device in limits():
        if abs(device.now - watts) > TOLERANCE_WATTS:
            _run("-i", device.index, "-pl", str(watts))
            _say(f"device {device.index}: from {device.now:g} W to {watts} W")
    if wrong := [device for device in limits() if abs(device.now - watts) > TOLERANCE_WATTS]:
        raise ToolError(f"the driver still has {', '.join(f'{each.now:g} W' for each in wrong)} instead of {watts} W")
    return 0


def restore() -> None:
    """Give every device the board's own limit back. Raises ToolError."""
    for device in limits():
        _run("-i", device.index, "-pl", f"{device.default:.0f}")
        _say(f"device {device.index}: back to {device.default:g} W")


def limits() -> list[Limits]:
    """What the driver says of every device. Raises ToolError."""
    lines = _run(f"--query-gpu={QUERY}", "--format=csv,noheader,nounits").splitlines()
    try:
        rows = [[part.strip() for part in line.split(",")] for line in lines if line.strip()]
        found = [Limits(row[0], *(float(part) for part in row[1:])) for row in rows]
    except (ValueError, TypeError) as error:
        raise ToolError(f"{TOOL} says no limits: {lines}") from error
    if not found:
        raise ToolError(f"{TOOL} finds no device")
    return found


def _run(*arguments: str) -> str:
    try:
        done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{TOOL}: {error}") from error
    if done.returncode != 0:
        raise ToolError(f"{TOOL} {' '.join(arguments)}: {done.returncode}: {(done.stdout + done.stderr).strip()[:300]}")
    return done.stdout


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
