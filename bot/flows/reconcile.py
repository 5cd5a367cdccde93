"""Brings the watches in line with what the configuration wants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.model import Place
from bot.core.platform import Platform
from bot.core.reference import Reference
from bot.flows.again import in_transaction
from bot.flows.bells import Bells
from bot.log import Log
from bot.ports.configured import ConfiguredWatch, Put, Terms
from bot.ports.patterns import NewPattern, Pattern
from bot.ports.store import Store, Transaction
from bot.ports.surroundings import Clock

MOST_NAMED = 20
"""More watches than these are counted in the log and not named."""

Wanted = Mapping[tuple[Reference, Place], Terms]
"""What each place is to watch."""

WantedPatterns = Mapping[tuple[Reference, str, Place], frozenset[Platform]]
"""Of which new tags each place is to hear: the repository, and the pattern of its tags."""

Called = Mapping[tuple[Reference, Place] | tuple[Reference, str, Place], tuple[str, ...]]
"""The names of the blocks that want a watch or a pattern, of those that have one."""

log = Log(__name__)


def _is_certain(_reference: Reference, _place: Place) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Plan:
    """What the configuration wants. called: the names of the blocks that want each.

    is_doubtful: whether a watch that is not wanted may be missing only because of a mistake, so
    that it must not end.
    """

    wanted: Wanted
    is_doubtful: Callable[[Reference, Place], bool] = _is_certain
    patterns: WantedPatterns = field(default_factory=dict)
    called: Called = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The watches, by name, and what was done to them.

    kept: nobody wants them, but a mistake may be the reason.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    unchanged: int = 0

    def __add__(self, other: "Reconciled") -> "Reconciled":
        return Reconciled(
            self.added + other.added,
            self.changed + other.changed,
            self.removed + other.removed,
            self.kept + other.kept,
            self.unchanged + other.unchanged,
        )


class Reconciler:
    """Makes, changes and ends watches until they are what is wanted.

    Each watch has a transaction of its own; what is as it should be has none. Several processes may
    do this at the same time.
    """

    def __init__(self, store: Store, *, clock: Clock, bells: Bells) -> None:
        self._store = store
        self._clock = clock
        self._bells = bells

    async def __call__(self, plan: Plan) -> Reconciled:
        """Do it, and say in the log what it took. Raises StoreError; what is done stays done."""
        async with self._store.reading() as transaction:
            there = await transaction.configured.all()
        done = await self._put(plan, there)
        gone = [each for each in there if (each.reference, each.place) not in plan.wanted]
        doubtful = [each for each in gone if plan.is_doubtful(each.reference, each.place)]
        removed = [each for each in gone if each not in doubtful]
        for each in removed:
            await self._withdraw(each)
        watches = Reconciled(
            added=tuple(done[Put.ADDED]),
            changed=tuple(done[Put.CHANGED]),
            removed=_names(removed),
            kept=_names(doubtful),
            unchanged=len(plan.wanted) - len(done[Put.ADDED]) - len(done[Put.CHANGED]),
        )
        reconciled = watches + await self._patterns(plan)
        _log(reconciled)
        return reconciled

    async def _put(self, plan: Plan, there: Sequence[ConfiguredWatch]) -> Mapping[Put, list[str]]:
        as_they_are = {(each.reference, each.place): each.terms for each in there}
        done: dict[Put, list[str]] = {how: [] for how in Put}
        for (reference, place), terms in plan.wanted.items():
            if as_they_are.get((reference, place)) != terms:
                how = await self._put_one(reference, place, terms)
                done[how].append(_name(reference, place) + _by(plan, (reference, place)))
                self._bells.looks.ring()
        return done

    async def _put_one(self, reference: Reference, place: Place, terms: Terms) -> Put:
        async def put(transaction: Transaction) -> Put:
            now = self._clock()
            return await transaction.configured.put(reference, place, terms, now=now)

        return await in_transaction(self._store, put)

    async def _patterns(self, plan: Plan) -> Reconciled:
        async with self._store.reading() as transaction:
            every = await transaction.patterns.all()
        there = {
            (each.repository, each.text, each.place): each for each in every if each.configured
        }
        wanted = plan.patterns
        added = [key for key in wanted if key not in there]
        changed = [key for key in there if key in wanted and there[key].configured != wanted[key]]
        gone = [key for key in there if key not in wanted]
        doubtful = [key for key in gone if plan.is_doubtful(key[0], key[2])]
        removed = [key for key in gone if key not in doubtful]
        for repository, text, place in (*added, *changed):
            platforms = wanted[repository, text, place]
            await self._add(NewPattern(repository, text, place, platforms, None, configured=True))
        for key in removed:
            await self._forget(there[key])
        return Reconciled(
            added=tuple(_pattern_name(key) + _by(plan, key) for key in added),
            changed=tuple(_pattern_name(key) + _by(plan, key) for key in changed),
            removed=tuple(map(_pattern_name, removed)),
            kept=tuple(map(_pattern_name, doubtful)),
            unchanged=len(wanted) - len(added) - len(changed),
        )

    async def _add(self, pattern: NewPattern) -> None:
        async def add(transaction: Transaction) -> None:
            await transaction.patterns.add(pattern, now=self._clock())

        await in_transaction(self._store, add)
        self._bells.tags.ring()

    async def _forget(self, pattern: Pattern) -> None:
        async def forget(transaction: Transaction) -> None:
            await transaction.patterns.withdraw(pattern.id)

        await in_transaction(self._store, forget)

    async def _withdraw(self, watch: ConfiguredWatch) -> None:
        async def withdraw(transaction: Transaction) -> None:
            await transaction.configured.withdraw(watch.id, now=self._clock())

        await in_transaction(self._store, withdraw)
        self._bells.looks.ring()


def _names(watches: Sequence[ConfiguredWatch]) -> tuple[str, ...]:
    return tuple(_name(each.reference, each.place) for each in watches)


def _pattern_name(key: tuple[Reference, str, Place]) -> str:
    repository, text, place = key
    return f"{repository.name}:{text} in {place}"


def _by(plan: Plan, key: tuple[Reference, Place] | tuple[Reference, str, Place]) -> str:
    """Which blocks want it, as far as they have names."""
    names = plan.called.get(key, ())
    return f" ({', '.join(names)})" if names else ""


def _name(reference: Reference, place: Place) -> str:
    return f"{reference.familiar} in {place}"


def _log(done: Reconciled) -> None:
    named = {
        "added": done.added,
        "changed": done.changed,
        "removed": done.removed,
        "kept": done.kept,
    }
    if not any(named.values()):
        log.debug("watches_as_configured", unchanged=done.unchanged)
        return
    log.info(
        "watches_reconciled",
        **{how: len(names) for how, names in named.items()},
        unchanged=done.unchanged,
        **{f"names_{how}": list(names[:MOST_NAMED]) for how, names in named.items() if names},
    )
