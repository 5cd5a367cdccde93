"""What the page asks and does: the board as it is now, a check, a watch, and the end of one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.core.advice import Advice, is_planned
from bot.core.board import Board
from bot.core.chronicle import Landing, landings
from bot.core.command import Check, Misunderstood, Watch, parse_command
from bot.core.matrix import Cell, Target, judge
from bot.core.message.english.answers import render_not_watched, render_stopped
from bot.core.message.english.command_line import told_elsewhere
from bot.core.message.english.talk import (
    render_crowded,
    render_misunderstood,
    render_which_image,
)
from bot.core.message.neutral import Message
from bot.core.model import Observation, Place, Status
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.again import in_transaction
from bot.flows.bells import Bells
from bot.flows.board import BoardReader, public
from bot.flows.crowd import Crowded
from bot.flows.foresight import Foresight
from bot.flows.lineage import Lineage
from bot.flows.question import Depth, Explaining, Question
from bot.flows.sight import Sight
from bot.flows.subscribe import Subscriber
from bot.flows.suggest import Suggesting
from bot.flows.tend import MUTE_WATCH_FOR, mute_one
from bot.flows.wish import wish_of
from bot.ports.official import NO_OFFICIAL, Official
from bot.ports.store import Store, Transaction
from bot.ports.surroundings import Clock

PAGE = "page"
"""The source of watches that are made on the page, and the service of those who look at it."""
VISITOR = Place(PAGE)

MAX_LANDINGS = 200


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look found for a visitor.

    advices: about what is missing. nearest: tags that may be meant, if there is no such one.
    """

    reference: Reference
    platforms: tuple[Platform, ...]
    seen: Observation
    cells: tuple[Cell, ...]
    advices: tuple[Advice, ...] = ()
    nearest: tuple[Reference, ...] = ()


@dataclass(slots=True, kw_only=True)
class Desk:
    """Answers the page; every method raises StoreError."""

    store: Store
    sight: Sight
    subscriber: Subscriber
    explain: Explaining
    suggest: Suggesting
    bells: Bells
    clock: Clock
    default_platforms: tuple[Platform, ...]
    official: Official = NO_OFFICIAL
    lineage: Lineage = field(default_factory=Lineage)
    _reader: BoardReader = field(init=False)
    _public: tuple[Board, Board] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        foresight = Foresight(self.official, self.lineage, clock=self.clock)
        self._reader = BoardReader(self.store, foresight=foresight, clock=self.clock)

    async def board(self, *, sees_all: bool, at_once: bool = False) -> Board:
        """The board as it is now; a visitor who does not see all sees what everybody may.

        The same object as long as it is the same board. at_once: as it was a moment ago will do, if
        that is known.
        """
        board = (self._reader.last() if at_once else None) or await self._reader.read()
        if sees_all:
            return board
        if self._public is None or self._public[0] is not board:
            self._public = board, public(board, self._is_public)
        return self._public[1]

    def _is_public(self, target: Target) -> bool:
        return not self.sight.is_withheld(target.row.reference, VISITOR)

    async def landings(self, reference: Reference) -> list[Landing]:
        """What happened to the platforms of a tag, oldest first."""
        async with self.store.reading() as transaction:
            return landings(await transaction.history.of(reference, limit=MAX_LANDINGS))

    async def check(self, text: str, *, thorough: bool = False) -> Checked | Message:
        """What the registry says now about an image, as it says it to anybody.

        thorough: with all that can be found out about why something is missing.
        """
        meant = parse_command(f"/check {text}")
        if isinstance(meant, Misunderstood):
            return render_misunderstood(meant)
        if not isinstance(meant, Check) or not isinstance(meant.reference, Reference):
            return render_which_image("check")
        reference, platforms = meant.reference, meant.platforms or self.default_platforms
        try:
            seen, _ = await self.sight.see(reference, platforms, place=VISITOR, anew=True)
        except Crowded:
            return render_crowded(reference.registry)
        missing = [platform for platform in platforms if seen.offers(platform) is None]
        advices: tuple[Advice, ...] = ()
        if missing and seen.is_clear:
            depth = Depth.EVERYTHING if thorough else Depth.ADVICE
            advices = await self.explain(Question(reference, seen, VISITOR, depth), missing)
        nearest: tuple[Reference, ...] = ()
        if seen.status is Status.TAG_MISSING and not is_planned(advices):
            nearest = await self.suggest(reference, place=VISITOR)
        return Checked(reference, platforms, seen, _cells(seen, platforms), advices, nearest)

    async def watch(self, text: str, place: Place) -> Message:
        """Make a watch for a place, which is told so: that proves that its alert will arrive."""
        meant = parse_command(f"/watch {text}")
        if isinstance(meant, Misunderstood):
            return render_misunderstood(meant)
        if not isinstance(meant, Watch) or not isinstance(meant.reference, Reference):
            return render_which_image("watch")
        wish = wish_of(meant, meant.reference, place, None, source=PAGE)
        try:
            prepared = await self.subscriber.prepare(wish)
        except Crowded:
            return render_crowded(meant.reference.registry)

        async def work(transaction: Transaction) -> Message:
            message = await prepared.plan(transaction)
            here = await transaction.watches.of_place(place)
            if not prepared.refused and any(each.reference == wish.reference for each in here):
                await transaction.outbox.post(place, message, now=self.clock())
            return message

        return told_elsewhere(await self._do(work), place)

    async def stop(self, number: int) -> Message:
        """End a watch."""

        async def work(transaction: Transaction) -> Message:
            active = await transaction.watches.active()
            watch = next((watch for watch in active if watch.id == number), None)
            if watch is None:
                return render_not_watched(f"#{number}")
            await transaction.watches.stop([watch.id], now=self.clock())
            return render_stopped([watch])

        return await self._do(work)

    async def mute(self, number: int, *, quiet: bool) -> Message:
        """Hold a watch's alerts back for a week, or let them go."""
        now = self.clock()

        async def work(transaction: Transaction) -> Message:
            active = await transaction.watches.active()
            until = now + MUTE_WATCH_FOR if quiet else None
            return await mute_one(transaction, active, number, until=until, now=now)

        return await self._do(work)

    async def _do(self, work: Callable[[Transaction], Awaitable[Message]]) -> Message:
        message = await in_transaction(self.store, work)
        self._reader.forget()
        self.bells.deliveries.ring()
        self.bells.looks.ring()
        return message


def _cells(seen: Observation, platforms: Sequence[Platform]) -> tuple[Cell, ...]:
    """The platforms asked for, then the others that are there."""
    others = sorted(set(seen.entries).difference(platforms))
    wanted = [judge(each, seen, trouble=seen.trouble, is_wanted=True) for each in platforms]
    return (*wanted, *(judge(each, seen, trouble=seen.trouble) for each in others))
