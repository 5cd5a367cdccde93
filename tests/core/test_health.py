"""How the bot is, and what its page holds."""

from datetime import timedelta

import pytest

from bot.core.board import Board, waits_of
from bot.core.chronicle import Chronicle, Record
from bot.core.health import Finding, Health, Letter, Level, RegistryHealth, health_of
from bot.core.matrix import Row, Target
from bot.core.model import Status
from bot.core.reference import Reference
from tests.support.stores import AMD64, ARM64, BUSYBOX, NODE, NOW, RISCV, at

HOUR_S = 3600


def target(
    *, due_s: float | None = 60, looked_s: float | None = -10, parked_s: float | None = None
) -> Target:
    return Target(
        Row(NODE, ()),
        (),
        None,
        None,
        looked_at=None if looked_s is None else at(looked_s),
        due_at=None if due_s is None else at(due_s),
        parked_until=None if parked_s is None else at(parked_s),
    )


def letter(state: str = "pending", *, tries: int = 1, age_s: float = HOUR_S) -> Letter:
    return Letter("slack:C1", "an answer", state, tries, at(-age_s), None)


def registry(parked_s: float | None = None) -> RegistryHealth:
    return RegistryHealth("docker.io", None if parked_s is None else at(parked_s), None, None, 0)


def health(
    *targets: Target, letters: tuple[Letter, ...] = (), registries: tuple[RegistryHealth, ...] = ()
) -> Health:
    return health_of(targets, letters, registries, looks_due=1, messages=2, now=NOW)


@pytest.mark.parametrize(
    ("found", "level", "findings"),
    [
        pytest.param(health(), Level.WELL, (), id="nothing-at-all"),
        pytest.param(health(target()), Level.WELL, (), id="looked-at-in-time"),
        pytest.param(health(target(due_s=None)), Level.WELL, (), id="nothing-due"),
        pytest.param(health(target(due_s=-60)), Level.WELL, (), id="due-for-a-minute"),
        pytest.param(
            health(target(due_s=-HOUR_S)), Level.BROKEN, (Finding.LOOKS_ARE_LATE,), id="late"
        ),
        pytest.param(
            health(target(due_s=-HOUR_S, parked_s=60)), Level.WELL, (), id="late-because-parked"
        ),
        pytest.param(
            health(target(due_s=-HOUR_S, parked_s=-HOUR_S)),
            Level.BROKEN,
            (Finding.LOOKS_ARE_LATE,),
            id="late-after-a-parking",
        ),
        pytest.param(
            health(registries=(registry(60),)),
            Level.STRAINED,
            (Finding.REGISTRIES_REST,),
            id="a-registry-rests",
        ),
        pytest.param(
            health(registries=(registry(-60), registry())), Level.WELL, (), id="no-rest-any-more"
        ),
        pytest.param(
            health(letters=(letter(),)), Level.STRAINED, (Finding.MESSAGES_WAIT,), id="not-through"
        ),
        pytest.param(health(letters=(letter(tries=0),)), Level.WELL, (), id="waits-for-a-reason"),
        pytest.param(health(letters=(letter(age_s=60),)), Level.WELL, (), id="tried-just-now"),
        pytest.param(
            health(letters=(letter("dead"),)), Level.BROKEN, (Finding.MESSAGES_DEAD,), id="dead"
        ),
    ],
)
def test_how_the_bot_is(found: Health, level: Level, findings: tuple[Finding, ...]) -> None:
    assert (found.level, found.findings) == (level, findings)


def test_the_newest_look_counts() -> None:
    found = health(target(looked_s=-100), target(looked_s=-5), target(looked_s=None))

    assert found.looked_at == at(-5)


def test_waits_are_sorted_and_have_a_median() -> None:
    chronicle = Chronicle()
    for number, hours in enumerate((5, 1, 3, 2, 4)):
        reference = Reference("docker.io", "library/node", f"{number}")
        came = {AMD64: "a", ARM64: "a"}
        chronicle.learn(
            [
                Record(1, reference, Status.PRESENT, NOW, {AMD64: "a"}),
                Record(2, reference, Status.PRESENT, NOW + timedelta(hours=hours), came),
            ]
        )
    chronicle.learn(
        [
            Record(1, NODE, Status.PRESENT, NOW, {AMD64: "a"}),
            Record(2, NODE, Status.PRESENT, at(60), {AMD64: "a", RISCV: "a"}),
        ]
    )

    arm64, riscv = waits_of(chronicle)

    assert (arm64.platform, arm64.median) == (ARM64, timedelta(hours=3))
    assert [wait / timedelta(hours=1) for wait in arm64.lengths] == [1, 2, 3, 4, 5]
    assert arm64.estimate is not None
    assert arm64.estimate.median == arm64.median
    assert (riscv.platform, riscv.estimate, riscv.median) == (RISCV, None, timedelta(minutes=1))


def test_a_board_finds_a_tag() -> None:
    board = Board("", NOW, (target(),), (), (), (), health())

    assert board.find(NODE) is board.targets[0]
    assert board.find(BUSYBOX) is None
