"""Rows that count requests: the same on every machine."""

from collections.abc import Iterator, Mapping

from bench.lab import Lab
from bench.table import Row, at_most

TARGETS = 100
CONCURRENCY = 10


def unchanged_looks(lab: Lab) -> Iterator[Row]:
    """What looks cost at tags that are as they were, and where the platform is missing."""
    with lab.registry("--tokens") as registry:
        for missing, of in ((0, "all without the platform"), (TARGETS // 2, "half do not exist")):
            config = lab.config(registry, targets=TARGETS, missing=missing)
            seen = lab.bot(config, registry, rounds=2)["rounds"][-1]["seen"]["requests"]
            others = _sum(seen) - seen["HEAD"]
            yield at_most(f"HEADs for an unchanged look, {of}", seen["HEAD"] / TARGETS, 1)
            yield at_most(f"other requests for it, {of}", others / TARGETS, 0)


def cold_token(lab: Lab) -> Iterator[Row]:
    """100 unchanged tags of one repository, by a bot that has no token yet."""
    with lab.registry("--tokens") as registry:
        config = lab.config(registry, targets=TARGETS, concurrency=CONCURRENCY)
        seen = lab.bot(config, registry)["first"]["seen"]
    what = "for 100 unchanged tags of one repository, cold token"
    yield at_most(f"requests {what}", _sum(seen["requests"]), 102)
    yield at_most(f"connections {what}, concurrency 10", seen["connections"], CONCURRENCY)


def thousandth_watcher(lab: Lab) -> Iterator[Row]:
    with lab.registry() as registry:
        count = 100 if lab.quick else 1_000
        config = lab.config(registry, targets=1)
        seen = lab.bot(config, registry, rounds=1, watchers=count)["last_watcher"]["seen"]
    yield at_most(f"requests for watcher number {count:,} of a tag", _sum(seen["requests"]), 0)


def _sum(requests: Mapping[str, int]) -> int:
    return sum(requests.values())
