"""Measures the bot against its numbers.

    python -m bench [--quick] [--only ROW]…

Everything runs on this machine and ends by itself. Exit code 1 if a bound is missed. Only a full
run is written to docs/performance.md.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import costs, counts, document, page, push
from bench.lab import Lab
from bench.table import Row, show

ROWS: Mapping[str, Callable[[Lab], Iterator[Row]]] = {
    "looks": counts.unchanged_looks,
    "token": counts.cold_token,
    "watchers": counts.thousandth_watcher,
    "cpu": costs.pipeline,
    "throughput": costs.throughput,
    "memory": costs.memory,
    "commands": costs.acknowledged,
    "push": push.pushes,
    "startup": costs.start_up,
    "scan": costs.scanned,
    "page": page.shown,
}


def measure(names: list[str], *, quick: bool) -> list[Row]:
    """All rows; what cannot be measured is a bound missed, and no reason to lose the others."""
    rows: list[Row] = []
    with TemporaryDirectory(prefix="archbell-bench-") as folder:
        lab = Lab(Path(folder), quick)
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                found = list(ROWS[name](lab))
            except subprocess.SubprocessError as error:
                found = [Row(name, "", f"not measured: {type(error).__name__}", inf)]
            for row in found:
                print("  " + " | ".join(row.cells), file=sys.stderr, flush=True)
            rows += found
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, fewer targets")
    parser.add_argument("--only", action="append", choices=ROWS, help="this row; may be repeated")
    given = parser.parse_args()
    rows = measure(given.only or list(ROWS), quick=given.quick)
    show(rows)
    if not (given.only or given.quick):
        document.write(rows, on=datetime.now(UTC).date())
    sys.exit(0 if all(row.is_met for row in rows) else 1)


if __name__ == "__main__":
    main()
