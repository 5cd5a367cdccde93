"""What a process can say of itself, and what the bench's registry has seen."""

import json
import resource
from pathlib import Path
from typing import Any
from urllib.request import urlopen


def cpu_s() -> float:
    """The processor time that all threads of this process have used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory_kib() -> int:
    """The memory this process holds now, its share of what it shares with others (PSS)."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "Pss":
            return int(amount.split()[0])
    raise LookupError("the kernel does not tell")


def seen_by(registry: str | None, *, forget: bool = False) -> dict[str, Any]:
    """What the bench's registry at this URL has been asked since it was told to forget."""
    if registry is None:
        return {}
    with urlopen(f"{registry}/{'_forget' if forget else '_seen'}", timeout=10) as answer:
        seen: dict[str, Any] = json.load(answer)
        return seen
