"""Does what people say: a command's effect, its answer and "done" in one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core import command as said
from bot.core.advice import is_planned
from bot.core.command import parse_command
from bot.core.errors import StoreError
from bot.core.message.english.answers import render_not_watched
from bot.core.message.english.checks import render_check
from bot.core.message.english.hints import with_suggestions
from bot.core.message.english.talk import (
    render_answered_directly,
    render_help,
    render_misunderstood,
    render_sorry,
    render_status,
    render_which_image,
)
from bot.core.message.english.why import render_why
from bot.core.message.neutral import Message
from bot.core.model import Observation, Place, Status, Watch
from bot.core.pattern import TagPattern
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.again import in_transaction
from bot.flows.bells import Bells
from bot.flows.crew import Crew
from bot.flows.crowd import Crowded
from bot.flows.follow import Follower, PatternWish
from bot.flows.question import Depth, Explaining, Question
from bot.flows.sight import Sight
from bot.flows.subscribe import Plan, Subscriber, just_answer
from bot.flows.suggest import Suggesting, suggest_nothing
from bot.flows.tend import mute, show, unwatch
from bot.flows.wish import wish_of
from bot.log import Log
from bot.ports.figures import NO_FIGURES, Figures
from bot.ports.inbox import Command
from bot.ports.registry import Courtesy
from bot.ports.store import Store, Transaction
from bot.ports.surroundings import Clock

MAX_TRIES = 3
CROWDED_S = 1.0
"""How long a command waits before it asks again whether its registry serves one more."""

log = Log(__name__)


class LeaseLost(Exception):
    """Another worker has the command; nothing of ours may be written."""


@dataclass(slots=True, kw_only=True)
class Responder:
    """Answers commands, those of different people at the same time.

    troubles: what keeps chats from being heard or told anything, a sentence each. direct_place:
    where a person is told something alone, in the service of a place; None if it has no such thing.
    """

    store: Store
    subscriber: Subscriber
    sight: Sight
    explain: Explaining
    follower: Follower
    courtesy: Courtesy
    bells: Bells
    clock: Clock
    default_platforms: tuple[Platform, ...]
    lease_s: float
    concurrency: int = 20
    figures: Figures = NO_FIGURES
    suggest: Suggesting = suggest_nothing
    troubles: Callable[[], Sequence[str]] = tuple
    direct_place: Callable[[Place, str], Place | None] = lambda _place, _person: None
    started_at: datetime = field(init=False)
    _crew: Crew[Command] = field(init=False)

    def __post_init__(self) -> None:
        self.started_at = self.clock()
        self._crew = Crew(
            name="commands",
            at_most=self.concurrency,
            bell=self.bells.commands,
            clock=self.clock,
            claim=self._claim,
            next_due_at=self._next_due_at,
            do=self._respond_and_ring,
        )

    def stop(self) -> None:
        """Let run() end when the commands under way are done."""
        self._crew.stop()

    async def run(self) -> None:
        """Answer until stopped."""
        await self._crew.run()

    async def _claim(self, limit: int) -> Sequence[Command]:
        async with self.store.transaction() as transaction:
            return await transaction.inbox.claim(
                now=self.clock(), lease_s=self.lease_s, limit=limit
            )

    async def _next_due_at(self) -> datetime | None:
        async with self.store.reading() as transaction:
            return await transaction.inbox.next_due_at()

    async def _respond_and_ring(self, command: Command) -> None:
        try:
            await self.respond(command)
        except LeaseLost:
            log.warning("command_lease_lost", command=command.id)
        except asyncio.CancelledError:
            # The bot is being stopped: its next life must not wait for the lease.
            await self._put_back(command, wait_s=0)
            raise
        finally:
            self.bells.deliveries.ring()
            self.bells.looks.ring()

    async def respond(self, command: Command) -> None:
        """Do one claimed command. Raises LeaseLost and StoreError; nothing is written then."""
        try:
            await self._carry_out(command, await self.prepare(command))
        except (LeaseLost, StoreError):
            raise
        except Crowded:
            await self._put_back(command, wait_s=CROWDED_S, untried=True)
        except Exception:
            # One command's bug must not stop the others; after some tries the person is told.
            log.exception("command_failed", command=command.id, tries=command.tries)
            if command.tries + 1 < MAX_TRIES:
                await self._put_back(command, wait_s=2**command.tries)
            else:
                await self._carry_out(command, just_answer(render_sorry()))

    async def _carry_out(self, command: Command, plan: Plan) -> None:
        states = self.courtesy.changes()

        async def work(transaction: Transaction) -> None:
            await transaction.outbox.wake(command.place)
            message = await plan(transaction)
            await transaction.outbox.post(
                command.place, message, now=self.clock(), person=command.person
            )
            if not await transaction.inbox.done(command, now=self.clock()):
                raise LeaseLost
            if states:
                # What a registry said to the command's look must survive as the answer does.
                await transaction.registries.save(states)

        await in_transaction(self.store, work)
        self.courtesy.saved(states)
        log.info("command_done", command=command.id, place=str(command.place))

    async def _put_back(self, command: Command, *, wait_s: float, untried: bool = False) -> None:
        due_at = self.clock() + timedelta(seconds=wait_s)
        async with self.store.transaction() as transaction:
            await transaction.inbox.put_back(command, due_at=due_at, untried=untried)

    async def prepare(self, command: Command) -> Plan:
        """Understand a command and do the asking it needs; nothing is written yet.

        Raises Crowded when its registry serves enough people at present.
        """
        meant = parse_command(command.text)
        plan = await self._plan(command, meant)
        self.figures.commanded(type(meant).__name__.lower())
        return plan

    async def _plan(self, command: Command, meant: said.Command) -> Plan:
        match meant:
            case said.Watch(pattern=TagPattern() as pattern):
                return await self._follow(command, meant, pattern)
            case said.Watch(reference=Reference() as reference):
                return await self._watch(command, meant, reference)
            case said.Check(reference=Reference() as reference):
                return just_answer(await self._check(command.place, reference, meant.platforms))
            case said.Why():
                return await self._why(command.place, meant)
            case said.Watch() | said.Check():
                return just_answer(render_which_image(type(meant).__name__.lower()))
            case _:
                return self._about_watches(command, meant)

    def _about_watches(self, command: Command, meant: said.Command) -> Plan:
        match meant:
            case said.Unwatch():
                return unwatch(command, meant, clock=self.clock)
            case said.Mute() | said.Unmute():
                return mute(command, meant, clock=self.clock)
            case said.List():
                return show(command, meant, clock=self.clock)
            case said.Status():
                return self._status
            case said.Misunderstood():
                return just_answer(render_misunderstood(meant))
            case _:
                return just_answer(
                    render_help(meant.topic if isinstance(meant, said.Help) else None)
                )

    async def _watch(self, command: Command, meant: said.Watch, reference: Reference) -> Plan:
        direct = self.direct_place(command.place, command.person) if meant.direct else None
        wish = wish_of(meant, reference, direct or command.place, command.person)
        plan = (await self.subscriber.prepare(wish)).plan
        if direct is None or direct == command.place:
            return plan

        async def answer_alone(transaction: Transaction) -> Message:
            answer = await plan(transaction)
            await transaction.outbox.post(direct, answer, now=self.clock(), person=command.person)
            return render_answered_directly()

        return answer_alone

    async def _follow(self, command: Command, meant: said.Watch, pattern: TagPattern) -> Plan:
        direct = self.direct_place(command.place, command.person) if meant.direct else None
        wish = PatternWish(
            pattern,
            meant.platforms or self.default_platforms,
            direct or command.place,
            command.person,
            expires_in=meant.expires_in,
            standing=meant.standing or meant.rebuilds,
        )
        return (await self.follower.prepare(wish)).plan

    async def _check(
        self, place: Place, reference: Reference, platforms: tuple[Platform, ...]
    ) -> Message:
        wanted = platforms or self.default_platforms
        seen, _ = await self.sight.see(reference, wanted, place=place, anew=True)
        nearest = await self._nearest(reference, seen, place)
        return with_suggestions(
            render_check(reference, wanted, seen, now=self.clock()), nearest, wanted
        )

    async def _nearest(
        self, reference: Reference, seen: Observation, place: Place
    ) -> tuple[Reference, ...]:
        """The tags that may be meant, if there is no such one."""
        if seen.status is not Status.TAG_MISSING:
            return ()
        return await self.suggest(reference, place=place)

    async def _why(self, place: Place, meant: said.Why) -> Plan:
        reference, platforms = meant.reference, meant.platforms
        watches = await self._watches(place)
        if meant.number is not None:
            watch = next((w for w in watches if w.id == meant.number), None)
            if watch is None:
                return just_answer(render_not_watched(f"#{meant.number}"))
            reference = watch.reference
            platforms = platforms or tuple(want.platform for want in watch.wants)
        if reference is None:
            return just_answer(render_which_image("why"))
        wanted = platforms or self.default_platforms
        seen, known = await self.sight.see(reference, wanted, place=place)
        changed_at = known.changed_at if known else None
        question = Question(reference, seen, place, Depth.EVERYTHING, changed_at)
        advices = await self.explain(question, wanted)
        held = {want.platform for w in watches if w.reference == reference for want in w.wants}
        why = render_why(
            reference,
            wanted,
            seen,
            advices,
            now=self.clock(),
            is_watched=held.issuperset(wanted),
        )
        if not is_planned(advices):
            why = with_suggestions(why, await self._nearest(reference, seen, place), wanted)
        return just_answer(why)

    async def _watches(self, place: Place) -> list[Watch]:
        async with self.store.reading() as transaction:
            return await transaction.watches.of_place(place)

    async def _status(self, transaction: Transaction) -> Message:
        watches = await transaction.watches.active()
        owed = await transaction.backlogs.count(now=self.clock())
        return render_status(
            started_at=self.started_at,
            watches=len(watches),
            owed=owed.deliveries,
            troubles=self.troubles(),
            registries=[
                (state.registry, state.parked_until, state.remaining, state.limit)
                for state in self.courtesy.states()
            ],
            now=self.clock(),
        )
