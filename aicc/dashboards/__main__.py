"""Writes charts/monitoring/dashboards from their definitions. `--check` only compares."""

from __future__ import annotations

import argparse
import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from aicc.dashboards.definitions import ALL
from aicc.dashboards.files import FOLDER, file_name


def generated() -> dict[str, str]:
    """Every file's text, by its name."""
    made = [define() for define in ALL]
    return {
        file_name(str(one.uid)): json.dumps(one, cls=JSONEncoder, indent=1, ensure_ascii=False) + "\n" for one in made
    }


def main() -> int:
    """Write the files, or with --check say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wanted = generated()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    stale = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
    if check:
        for name in stale:
            print(f"charts/monitoring/dashboards/{name} is out of date: make dashboards", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
