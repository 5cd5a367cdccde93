from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.model import (
    MISSING,
    Decision,
    Entry,
    Event,
    Observation,
    Want,
    WantState,
    WatchId,
)
from tests.support.decisions import (
    AMD64,
    ARM64,
    ARMV7,
    NOW,
    S390X,
    Story,
    denied,
    digest,
    missing,
    present,
    unknown,
)

OPTIONAL = frozenset({Event.REPLACED, Event.STALE})
PLATFORMS = (ARM64, ARMV7, S390X)
entries = st.builds(
    Entry,
    digest=st.sampled_from([digest("a"), digest("b")]),
    reachable=st.sampled_from([True, True, False, None]),
    created=st.sampled_from([None, NOW, NOW + timedelta(hours=1), NOW + timedelta(days=2)]),
    revision=st.sampled_from([None, "old", "new"]),
)
tags = st.dictionaries(st.sampled_from([AMD64, *PLATFORMS]), entries).map(
    lambda known: present(entries=known)
)
clear = tags | tags | tags | st.just(missing())
unclear_looks = st.sampled_from([unknown(), denied()])
observations = clear | clear | clear | unclear_looks


@st.composite
def want_lists(draw: st.DrawFn, *, fresh: bool = False, standing: bool | None = None) -> list[Want]:
    """Wants of one target: up to three watches with up to three platforms each."""
    wants = []
    for watch in draw(st.lists(st.integers(1, 3), unique=True, min_size=1)):
        is_standing = draw(st.booleans()) if standing is None else standing
        tells = draw(st.sampled_from([frozenset[Event](), OPTIONAL, frozenset({Event.STALE})]))
        states = [WantState.WAITING, WantState.MET]
        if is_standing and not fresh:
            states += [WantState.DOUBTED, WantState.GONE]
        for platform in draw(st.lists(st.sampled_from(PLATFORMS), unique=True, min_size=1)):
            state = draw(st.sampled_from(states))
            episode = 0 if fresh or not is_standing else draw(st.integers(0, 3))
            known = None if state is WantState.WAITING else digest("a")
            wants.append(
                Want(WatchId(watch), platform, state, episode, is_standing, known, tells=tells)
            )
    return wants


def after(wants: list[Want], decision: Decision) -> list[Want]:
    changed = {(want.watch, want.platform): want for want in decision.wants}
    return [changed.get((want.watch, want.platform), want) for want in wants]


@given(want_lists(), unclear_looks)
def test_an_unclear_observation_changes_nothing_and_alerts_nothing(
    wants: list[Want], observation: Observation
) -> None:
    decision = decide(wants, observation)

    assert (decision.wants, decision.alerts, decision.finished) == ((), (), frozenset())
    assert decision.waiting == any(want.state in MISSING for want in wants)
    assert decision.doubted == any(want.state is WantState.DOUBTED for want in wants)


@given(want_lists(), clear)
def test_the_same_look_twice_tells_nothing_new_but_what_it_confirms(
    wants: list[Want], observation: Observation
) -> None:
    once_seen = after(wants, decide(wants, observation))

    second = decide(once_seen, observation)
    twice_seen = after(once_seen, second)
    third = decide(twice_seen, observation)

    assert {alert.event for alert in second.alerts} <= {Event.GONE, Event.TAG_GONE}
    if not any(want.state is WantState.DOUBTED for want in once_seen):
        assert (second.wants, second.alerts) == ((), ())
    assert (third.wants, third.alerts) == ((), ())


@given(want_lists(), observations, st.randoms(use_true_random=False))
def test_the_order_of_wants_is_irrelevant(
    wants: list[Want], observation: Observation, random: object
) -> None:
    shuffled = list(wants)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert decide(shuffled, observation) == decide(wants, observation)


@given(want_lists(), observations)
def test_watches_do_not_touch_one_another(wants: list[Want], observation: Observation) -> None:
    together = decide(wants, observation)

    alone = [
        decide([want for want in wants if want.watch == watch], observation)
        for watch in sorted({want.watch for want in wants})
    ]

    assert together.alerts == tuple(alert for each in alone for alert in each.alerts)
    assert together.wants == tuple(want for each in alone for want in each.wants)
    assert together.finished == frozenset().union(*(each.finished for each in alone))


@given(want_lists(), observations)
def test_every_change_is_of_a_want_there_was_and_episodes_only_grow(
    wants: list[Want], observation: Observation
) -> None:
    before = {(want.watch, want.platform): want for want in wants}

    decision = decide(wants, observation)

    for want in decision.wants:
        was = before[want.watch, want.platform]
        assert want != was
        assert was.episode <= want.episode <= was.episode + 1
        assert (want.standing, want.tells) == (was.standing, was.tells)
    assert len(set(decision.alerts)) == len(decision.alerts)


@given(want_lists(fresh=True), st.lists(observations, max_size=25))
def test_an_alert_is_never_made_twice(wants: list[Want], seen: list[Observation]) -> None:
    story = Story(*wants)

    story.see(*seen)

    assert max(Counter(story.alerts).values(), default=0) <= 1


@given(want_lists(fresh=True), st.lists(observations, max_size=25), tags)
def test_whatever_came_before_a_waiting_want_is_told_when_its_platform_is_offered(
    wants: list[Want], seen: list[Observation], last: Observation
) -> None:
    story = Story(*wants)
    story.see(*seen)
    waiting = [want for want in story.wants.values() if want.state is WantState.WAITING]

    decision = story.see(last)

    told = {(a.watch, a.platform) for a in decision.alerts if a.event is Event.APPEARED}
    assert told == {
        (want.watch, want.platform) for want in waiting if last.offers(want.platform) is not None
    }


@given(want_lists(fresh=True, standing=True), st.lists(observations, max_size=25))
def test_whatever_came_before_a_standing_watch_is_told_once_that_it_is_complete(
    wants: list[Want], seen: list[Observation]
) -> None:
    story = Story(*wants)

    story.see(*seen, present(*PLATFORMS))

    complete = Counter(alert.watch for alert in story.alerts if alert.event is Event.COMPLETE)
    owed = {
        want.watch
        for want in wants
        if want.state is WantState.WAITING and [w.watch for w in wants].count(want.watch) > 1
    }
    assert complete == dict.fromkeys(owed, 1)


@given(want_lists(fresh=True), st.lists(clear, max_size=25))
def test_complete_is_told_only_of_what_is_all_there_at_that_moment(
    wants: list[Want], seen: list[Observation]
) -> None:
    story = Story(*wants)

    for observation in seen:
        decision = story.see(observation)
        for alert in decision.alerts:
            if alert.event is Event.COMPLETE:
                own = [want for want in wants if want.watch == alert.watch]
                assert all(observation.offers(want.platform) for want in own)


@given(want_lists(fresh=True, standing=True), st.lists(observations, max_size=25))
def test_gone_and_back_take_turns(wants: list[Want], seen: list[Observation]) -> None:
    story = Story(*wants)

    for observation in seen:
        before = dict(story.wants)
        decision = story.see(observation)
        for alert in decision.alerts:
            if alert.event is Event.BACK:
                assert alert.platform is not None
                assert before[alert.watch, alert.platform].state is WantState.GONE
            elif alert.event is Event.GONE:
                assert alert.platform is not None
                assert before[alert.watch, alert.platform].state is WantState.DOUBTED


@given(want_lists(fresh=True), st.lists(observations, max_size=25))
def test_every_platform_that_goes_is_told_by_itself_or_with_its_tag(
    wants: list[Want], seen: list[Observation]
) -> None:
    story = Story(*wants)

    for observation in seen:
        before = dict(story.wants)
        decision = story.see(observation)
        for key, want in story.wants.items():
            if want.state is WantState.GONE and before[key].state is not WantState.GONE:
                told = {(a.event, a.platform) for a in decision.alerts if a.watch == want.watch}
                assert told & {(Event.GONE, want.platform), (Event.TAG_GONE, None)}
