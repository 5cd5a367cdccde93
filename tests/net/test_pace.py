"""How fast registries are asked, by a clock that the test turns."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.core.errors import RegistryParked
from bot.net.lane import BACKLOG
from bot.net.pace import CONCURRENCY, Pace
from bot.net.settings import RegistrySettings
from bot.ports.registry import Courtesy, RegistryState
from tests.support.registry_client import NOW, ManualClock, no_chance

HUB = "docker.io"
OWN = "own.test"
LOW = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "20;w=21600"}
PLENTY = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "21;w=21600"}


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pace(clock: ManualClock) -> Pace:
    return Pace(clock=clock, sleep=clock.sleep, chance=no_chance)


@asynccontextmanager
async def slot(pace: Pace, registry: str, *, pull: bool, urgent: bool) -> AsyncIterator[None]:
    """One request's turn."""
    lane = await pace.enter(registry, pull=pull, urgent=urgent)
    try:
        yield
    finally:
        lane.leave()


async def ask(
    pace: Pace,
    registry: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    pull: bool = False,
    urgent: bool = False,
) -> datetime | None:
    """One request with its answer; raises RegistryParked like enter()."""
    async with slot(pace, registry, pull=pull, urgent=urgent):
        return pace.heard(registry, status=status, headers=headers or {}, pull=pull)


async def fail(pace: Pace, registry: str, times: int = 1) -> None:
    for _ in range(times):
        async with slot(pace, registry, pull=False, urgent=False):
            pass
        pace.failed(registry)


@pytest.mark.parametrize(
    ("registry", "waits"),
    [(OWN, [0.5, 0.5]), (HUB, [0.5, 0.5]), ("quay.io", [1, 1]), ("public.ecr.aws", [1, 1])],
)
async def test_a_burst_of_five_and_then_the_registrys_rate(
    pace: Pace, clock: ManualClock, registry: str, waits: list[float]
) -> None:
    for _ in range(7):
        await ask(pace, registry)

    assert clock.slept == waits


async def test_settings_override_the_rate_and_the_places(clock: ManualClock) -> None:
    settings = [
        RegistrySettings("quick.test", concurrency=20, rate=0),
        RegistrySettings("slow.test", rate=0.5),
    ]
    pace = Pace(settings, clock=clock, sleep=clock.sleep, chance=no_chance)

    for _ in range(50):
        await ask(pace, "quick.test")
    assert clock.slept == []
    assert pace.capacity("quick.test", busy=0) == 20 * BACKLOG
    for _ in range(6):
        await ask(pace, "slow.test")

    assert clock.slept == [2.0]


def test_the_pace_is_the_port(pace: Pace) -> None:
    courtesy: Courtesy = pace

    assert courtesy.capacity(OWN, busy=0) == CONCURRENCY * BACKLOG
    assert courtesy.states() == [RegistryState(OWN)]


async def test_a_refusal_says_until_when_and_for_what(pace: Pace) -> None:
    await ask(pace, HUB, 429, {"Retry-After": "60"}, pull=True)
    await ask(pace, OWN, 429, {"Retry-After": "60"})

    with pytest.raises(RegistryParked) as pulls:
        await ask(pace, HUB, pull=True)
    with pytest.raises(RegistryParked) as everything:
        await ask(pace, OWN, pull=True)

    until = "to be left alone until 03:05:05 UTC"
    assert str(pulls.value) == f"docker.io: not asked: its manifests are {until}"
    assert str(everything.value) == f"own.test: not asked: it is {until}"


async def test_two_requests_at_once_and_no_more(pace: Pace) -> None:
    running = 0
    most = 0

    async def one() -> None:
        nonlocal running, most
        async with slot(pace, OWN, pull=False, urgent=False):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(one() for _ in range(10)))

    assert most == 2


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        pytest.param(429, {"Retry-After": "7"}, 7, id="429 with seconds"),
        pytest.param(429, {"Retry-After": "Fri, 02 Jan 2026 03:05:05 GMT"}, 60, id="with a date"),
        pytest.param(429, {"Retry-After": "1000000"}, 6 * 3600, id="with a month"),
        pytest.param(429, {"Retry-After": "nonsense"}, 60, id="with nonsense"),
        pytest.param(429, {}, 60, id="429 alone"),
        pytest.param(503, {"Retry-After": "7"}, 7, id="503 with seconds"),
    ],
)
async def test_who_asks_to_be_left_alone_is_left_alone(
    pace: Pace, clock: ManualClock, status: int, headers: dict[str, str], seconds: float
) -> None:
    until = await ask(pace, OWN, status, headers)

    assert until == after(seconds)
    assert pace.parked_until(OWN) == after(seconds)
    assert pace.capacity(OWN, busy=0) == 0
    with pytest.raises(RegistryParked) as parked:
        await ask(pace, OWN, urgent=True)
    assert parked.value.retry_at == after(seconds)
    clock.forward(seconds)
    assert not pace.is_parked(OWN)
    assert await ask(pace, OWN) is None


async def test_a_503_that_does_not_say_when_parks_nothing(pace: Pace) -> None:
    assert await ask(pace, OWN, 503) is None
    assert not pace.is_parked(OWN)


async def test_other_registries_are_not_parked_along(pace: Pace) -> None:
    await ask(pace, OWN, 429)

    assert not pace.is_parked("other.test")


async def test_limits_that_do_not_say_for_how_long_double(pace: Pace, clock: ManualClock) -> None:
    pauses = []
    for _ in range(7):
        began = clock()
        until = await ask(pace, OWN, 429)
        assert until is not None
        pauses.append((until - began).total_seconds() / 60)
        clock.now = until

    assert pauses == [1, 2, 4, 8, 16, 30, 30]


async def test_an_answer_ends_the_doubling(pace: Pace, clock: ManualClock) -> None:
    await ask(pace, OWN, 429)
    clock.forward(60)
    await ask(pace, OWN, 404)

    assert await ask(pace, OWN, 429) == clock() + timedelta(seconds=60)


async def test_two_limits_in_one_breath_count_once(pace: Pace, clock: ManualClock) -> None:
    async with (
        slot(pace, OWN, pull=False, urgent=False),
        slot(pace, OWN, pull=False, urgent=False),
    ):
        first = pace.heard(OWN, status=429, headers={}, pull=False)
        second = pace.heard(OWN, status=429, headers={}, pull=False)

    assert first == second == after(60)


async def test_who_waited_in_line_is_not_let_through_once_it_is_parked(pace: Pace) -> None:
    async def wait_in_line() -> None:
        async with slot(pace, OWN, pull=False, urgent=False):
            raise AssertionError("nothing may be asked any more")

    async with (
        slot(pace, OWN, pull=False, urgent=False),
        slot(pace, OWN, pull=False, urgent=False),
    ):
        waiting = [asyncio.ensure_future(wait_in_line()) for _ in range(3)]
        await asyncio.sleep(0)
        pace.heard(OWN, status=429, headers={}, pull=False)

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {RegistryParked}


async def test_docker_hubs_pull_limit_holds_for_pulls_alone(pace: Pace, clock: ManualClock) -> None:
    until = await ask(pace, HUB, 429, {"Retry-After": "600"}, pull=True)

    assert until == after(600)
    assert not pace.is_parked(HUB)
    assert await ask(pace, HUB) is None
    with pytest.raises(RegistryParked) as parked:
        await ask(pace, HUB, pull=True, urgent=True)
    assert parked.value.retry_at == until
    assert pace.capacity(HUB, busy=0) > 0
    clock.forward(600)
    assert await ask(pace, HUB, pull=True) is None


async def test_heads_that_go_on_do_not_end_the_doubling_of_pulls(
    pace: Pace, clock: ManualClock
) -> None:
    await ask(pace, HUB, 429, pull=True)
    clock.forward(60)
    await ask(pace, HUB, 200)

    assert await ask(pace, HUB, 429, pull=True) == clock() + timedelta(seconds=120)


async def test_docker_hubs_429_to_a_head_holds_for_everything(pace: Pace) -> None:
    await ask(pace, HUB, 429)

    assert pace.is_parked(HUB)


async def test_elsewhere_a_429_to_a_pull_holds_for_everything(pace: Pace) -> None:
    await ask(pace, OWN, 429, pull=True)

    assert pace.is_parked(OWN)


class TestReserve:
    """The last pulls of a window are for people, also those behind the same address."""

    async def test_pulls_nobody_waits_for_come_no_faster_than_they_are_granted(
        self, pace: Pace, clock: ManualClock
    ) -> None:
        await ask(pace, HUB, headers=LOW, pull=True)

        with pytest.raises(RegistryParked) as parked:
            await ask(pace, HUB, pull=True)
        assert parked.value.retry_at == after(216)
        clock.forward(216)
        assert await ask(pace, HUB, headers=LOW, pull=True) is None

    async def test_who_waits_gets_one(self, pace: Pace) -> None:
        await ask(pace, HUB, headers=LOW, pull=True)

        assert await ask(pace, HUB, pull=True, urgent=True) is None

    async def test_heads_go_on(self, pace: Pace) -> None:
        await ask(pace, HUB, headers=LOW, pull=True)

        assert await ask(pace, HUB) is None

    async def test_above_the_reserve_nothing_is_held_back(self, pace: Pace) -> None:
        await ask(pace, HUB, headers=PLENTY, pull=True)

        assert await ask(pace, HUB, pull=True) is None

    async def test_a_head_tells_when_there_is_plenty_again(self, pace: Pace) -> None:
        await ask(pace, HUB, headers=LOW, pull=True)
        await ask(pace, HUB, headers=PLENTY)

        assert await ask(pace, HUB, pull=True) is None

    async def test_a_budget_is_forgotten_with_its_window(
        self, pace: Pace, clock: ManualClock
    ) -> None:
        await ask(pace, HUB, headers=LOW, pull=True)
        await ask(pace, HUB)
        assert pace.states()[0].remaining == 20
        clock.forward(21_601)

        await ask(pace, HUB)

        assert pace.states()[0].remaining is None

    async def test_a_request_that_was_no_pull_in_the_end_holds_nothing_back(
        self, pace: Pace
    ) -> None:
        await ask(pace, HUB, 307, LOW, pull=True)

        assert await ask(pace, HUB, pull=True) is None

    async def test_the_operator_is_told_once(self, pace: Pace) -> None:
        with capture_logs() as logs:
            for headers in (PLENTY, LOW, LOW, PLENTY, LOW):
                await ask(pace, HUB, headers=headers)

        assert [entry["event"] for entry in logs] == ["pulls_run_low"] * 2

    async def test_a_limit_of_nothing_divides_nothing(self, pace: Pace) -> None:
        none = {"ratelimit-limit": "0", "ratelimit-remaining": "0"}
        await ask(pace, HUB, headers=none, pull=True)

        with pytest.raises(RegistryParked) as parked:
            await ask(pace, HUB, pull=True)

        assert parked.value.retry_at == after(6 * 3600)


class TestBreaker:
    """A registry that fails and fails is probed, less and less often."""

    async def test_four_failures_change_nothing(self, pace: Pace) -> None:
        await fail(pace, OWN, 4)

        assert not pace.is_parked(OWN)

    async def test_the_fifth_parks_and_the_pause_doubles_up_to_half_an_hour(
        self, pace: Pace, clock: ManualClock
    ) -> None:
        await fail(pace, OWN, 4)
        pauses = []
        for _ in range(9):
            await fail(pace, OWN)
            until = pace.parked_until(OWN)
            assert until is not None
            pauses.append((until - clock()).total_seconds())
            clock.now = until

        assert pauses == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]

    @pytest.mark.parametrize(("chance", "pause_s"), [(0.5, 15.0), (0.9999, 1.0)])
    async def test_the_pause_has_full_jitter(
        self, clock: ManualClock, chance: float, pause_s: float
    ) -> None:
        pace = Pace(clock=clock, sleep=clock.sleep, chance=lambda: chance)

        await fail(pace, OWN, 5)

        until = pace.parked_until(OWN)
        assert until is not None
        assert (until - clock()).total_seconds() == pause_s

    async def test_one_probe_at_a_time_is_let_through(self, pace: Pace, clock: ManualClock) -> None:
        await fail(pace, OWN, 5)
        clock.forward(30)
        assert pace.capacity(OWN, busy=0) == 1

        async with slot(pace, OWN, pull=False, urgent=False):
            assert pace.is_probing(OWN)
            assert pace.capacity(OWN, busy=0) == 0
            with pytest.raises(RegistryParked):
                await ask(pace, OWN, urgent=True)
            pace.heard(OWN, status=404, headers={}, pull=False)

        assert not pace.is_probing(OWN)
        assert pace.states() == [RegistryState(OWN)]

    async def test_failures_of_what_began_before_do_not_double_the_pause(self, pace: Pace) -> None:
        await fail(pace, OWN, 5)

        pace.failed(OWN)
        pace.failed(OWN)

        assert pace.parked_until(OWN) == after(30)

    async def test_an_answer_that_comes_late_ends_the_pause(self, pace: Pace) -> None:
        await fail(pace, OWN, 4)
        async with slot(pace, OWN, pull=False, urgent=False):
            pace.failed(OWN)
            assert pace.is_parked(OWN)
            pace.heard(OWN, status=200, headers={}, pull=False)

        assert not pace.is_parked(OWN)

    async def test_a_probe_nobody_reported_is_given_up_after_a_minute(
        self, pace: Pace, clock: ManualClock
    ) -> None:
        await fail(pace, OWN, 5)
        clock.forward(30)
        async with slot(pace, OWN, pull=False, urgent=False):
            pass
        assert pace.is_parked(OWN)

        clock.forward(60)

        assert await ask(pace, OWN) is None

    async def test_server_errors_in_between_do_not_count_as_answers(self, pace: Pace) -> None:
        for _ in range(5):
            await ask(pace, OWN, 500)
            pace.failed(OWN)

        assert pace.is_parked(OWN)


class TestOpening:
    """When a registry without room can be asked again."""

    async def test_what_has_room_is_open(self, pace: Pace, clock: ManualClock) -> None:
        assert pace.opens_at(OWN, busy=0) == clock()

    async def test_what_is_parked_opens_when_that_is_over(self, pace: Pace) -> None:
        await ask(pace, OWN, 429, {"Retry-After": "600"})

        assert pace.opens_at(OWN, busy=0) == after(600)

    async def test_what_is_full_opens_when_a_look_has_ended(self, pace: Pace) -> None:
        busy = pace.capacity(OWN, busy=0)

        assert pace.capacity(OWN, busy=busy) == 0
        assert pace.opens_at(OWN, busy=busy) is None


class TestPersistence:
    """What is known survives a restart."""

    async def test_changes_are_told_until_they_are_saved(self, pace: Pace) -> None:
        await ask(pace, OWN)
        assert pace.changes() == []

        await ask(pace, HUB, headers=LOW)
        await ask(pace, OWN, 429)

        changes = pace.changes()
        assert changes == [
            RegistryState(OWN, parked_until=after(60)),
            RegistryState(HUB, limit=100, remaining=20, window_s=21600),
        ]
        assert pace.changes() == changes
        pace.saved(changes)
        assert pace.changes() == []

    async def test_what_changes_while_it_is_saved_is_told_too(self, pace: Pace) -> None:
        await ask(pace, OWN, 429)
        written = pace.changes()
        pace.heard(OWN, status=429, headers={"Retry-After": "600"}, pull=False)

        pace.saved(written)

        assert [state.parked_until for state in pace.changes()] == [after(600)]

    async def test_a_new_process_goes_on_where_the_old_one_stopped(
        self, pace: Pace, clock: ManualClock
    ) -> None:
        await ask(pace, HUB, headers=LOW)
        await ask(pace, HUB, 429, {"Retry-After": "600"}, pull=True)
        await ask(pace, OWN, 429)
        await fail(pace, "broken.test", 5)
        fresh = Pace(clock=clock, sleep=clock.sleep, chance=no_chance)

        fresh.restore(pace.changes())

        assert fresh.changes() == []
        assert fresh.states() == pace.states()
        assert fresh.parked_until(OWN) == after(60)
        assert fresh.parked_until("broken.test") == after(30)
        with pytest.raises(RegistryParked):
            await ask(fresh, HUB, pull=True, urgent=True)
        clock.forward(30)
        await fail(fresh, "broken.test")
        assert fresh.parked_until("broken.test") == clock() + timedelta(seconds=60)
