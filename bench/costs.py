"""Rows about processor time, memory and waiting: ratios of what is measured in turns."""

import sys
from collections.abc import Iterator
from statistics import median

from bench.lab import Lab, cpu_s_of, python
from bench.seeding import REGISTRY, name_of
from bench.table import Row, at_least, at_most
from tests.support.scanned_files import write_project

TARGETS = 10_000
MANY_TARGETS = 100_000

# The common update notifier, Diun 4 with its own database, over 10,000 tags. It is not measured
# here: these are figures published with the design of this bot, taken on another machine against
# the same kind of bare loop, which is why only the ratio of processor time is used.
DIUN_CPU_RATIO = 14.6
DIUN_MEMORY_MIB = 364

ROUND_TRIP_S = 0.04
CONCURRENCY = 10


def pipeline(lab: Lab) -> Iterator[Row]:
    """The whole way of a look against the bare loop, in turns, so that both meet the same noise."""
    count = lab.targets(TARGETS)
    ratios: list[float] = []
    costs_s: list[tuple[float, float]] = []
    memory_kib = 0
    with lab.registry() as registry:
        config = lab.config(registry, targets=count)
        for _ in range(lab.runs(5)):
            bare_s = lab.bare(registry, count)["cpu_s"]
            last = lab.bot(config, registry, rounds=2)["rounds"][-1]
            ratios.append(last["cpu_s"] / bare_s)
            costs_s.append((last["cpu_s"] / count * 1000, bare_s / count * 1000))
            memory_kib = max(memory_kib, last["memory_kib"])
    ours_s, bare_s = (median(costs) for costs in zip(*costs_s, strict=True))
    ratio, memory_mib = median(ratios), memory_kib / 1024
    per_thousand = f"CPU-s per 1,000 unchanged looks ({count:,} targets, {ours_s:.3f}"
    yield at_most(f"{per_thousand}) : a bare loop ({bare_s:.3f})", ratio, 2, unit=" x")
    bound = DIUN_CPU_RATIO / 6
    yield at_most(
        "the same : Diun's, ⅙ of its published 14.6 times the bare loop", ratio, bound, unit=" x"
    )
    bound = DIUN_MEMORY_MIB / 3
    what = f"memory at {count:,} targets : Diun's, ⅓ of its published 364 MiB"
    yield at_most(what, memory_mib, bound, unit=" MiB", digits=0)


def throughput(lab: Lab) -> Iterator[Row]:
    """Looks a second at a registry that takes its time, from its first request to its last."""
    count = lab.targets(2_000)
    with lab.registry(f"--round-trip-s={ROUND_TRIP_S}") as registry:
        config = lab.config(registry, targets=count, concurrency=CONCURRENCY)
        rounds = lab.bot(config, registry, rounds=lab.runs(3))["rounds"]
    seen = [each["seen"] for each in rounds]
    rate = median((count - 1) / (each["last_at"] - each["first_at"]) for each in seen)
    ideal = CONCURRENCY / ROUND_TRIP_S
    what = f"looks a second at 40 ms, concurrency {CONCURRENCY}, of {ideal:.0f} possible"
    yield at_least(what, rate / ideal * 100, 85, unit=" %")


def memory(lab: Lab) -> Iterator[Row]:
    """What a target adds to a bot that has none."""
    with lab.registry() as registry:
        idle = lab.bot(lab.config(registry, targets=0), registry)["memory_kib"]
        for usual in (TARGETS, MANY_TARGETS):
            count = lab.targets(usual)
            looked = lab.bot(lab.config(registry, targets=count), registry)
            above_kib = (looked["memory_kib"] - idle) / count
            what = f"memory a target at {count:,}, above an idle bot's {idle / 1024:.0f} MiB"
            yield at_most(what, above_kib, 1, unit=" KiB")


def acknowledged(lab: Lab) -> Iterator[Row]:
    """How long 100 commands at once wait until they are kept, while the bot does them."""
    p99s_s: list[float] = []
    with lab.registry() as registry:
        for _ in range(lab.runs(7)):
            config = lab.config(registry, targets=100)
            waits_s = sorted(lab.bot(config, registry, rounds=1, commands=100)["acknowledged_s"])
            p99s_s.append(waits_s[98])
    p99_ms = median(p99s_s) * 1000
    yield at_most("/watch kept, 100 at once, p99", p99_ms, 100, unit=" ms", digits=0)


def scanned(lab: Lab) -> Iterator[Row]:
    """Processor time to read files that name images, without asking any registry."""
    folder = lab.room()
    files = write_project(folder, folders=334)
    read = python("tests.support.scanned_files", str(folder))
    kept = lab.room()
    costs_s = [cpu_s_of(read, bytecode=kept) for _ in range(1 + lab.runs(5))][1:]
    yield at_most(f"CPU-s of {files:,} files for `archbell scan`", median(costs_s), 2, unit=" s")


def start_up(lab: Lab) -> Iterator[Row]:
    """Processor time of one `archbell check`, its look included, against its imports."""
    repository, tag = name_of(1)
    imports = [sys.executable, "-c", "import aiohttp, typer, rich"]
    with lab.registry() as registry:
        config = lab.config(registry, targets=0)
        image = f"{REGISTRY}/{repository}:{tag}"
        check = python("bot", "--config", str(config), "check", image, "arm64")
        kept = lab.room()
        ratios = [
            cpu_s_of(check, bytecode=kept) / cpu_s_of(imports, bytecode=kept)
            for _ in range(1 + lab.runs(9))
        ][1:]
    yield at_most(
        "`archbell check` : python -c 'import aiohttp, typer, rich'", median(ratios), 1.5, unit=" x"
    )
