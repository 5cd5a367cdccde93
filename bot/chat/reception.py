"""Where what people say in a chat becomes a command that is not forgotten."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat.heard import Heard
from bot.core.allowance import Allowance
from bot.core.message.english.talk import render_not_allowed, render_too_many_commands
from bot.core.message.neutral import Message
from bot.core.model import Place
from bot.log import Log
from bot.ports.store import Store, Transaction
from bot.ports.surroundings import Clock

log = Log(__name__)

SILENCE = Message("")
"""The answer to somebody who has been answered already."""


@dataclass(frozen=True, slots=True)
class ReceptionSettings:
    """How many commands a minute are taken, of one person and of one conversation."""

    per_person: int
    per_conversation: int


class Reception:
    """Keeps commands in the inbox, of those who may speak and do not speak too often.

    Who speaks too often is told so once a minute; who may not speak at all, once an hour.
    """

    def __init__(
        self,
        store: Store,
        *,
        ring: Callable[[], None],
        clock: Clock,
        settings: ReceptionSettings,
        admits: Callable[[Place], bool] = lambda _: True,
    ) -> None:
        self._store = store
        self._ring = ring
        self._clock = clock
        self._admits = admits
        self._persons = Allowance(settings.per_person)
        self._conversations = Allowance(settings.per_conversation)
        self._reminders = Allowance(1)
        self._strangers = Allowance(1, within=timedelta(hours=1))

    async def receive(
        self, heard: Sequence[Heard], *, cursor: tuple[str, str] | None = None
    ) -> None:
        """Keep all, and the stream's new position, in one transaction. Raises StoreError."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            for one in heard:
                await self._keep(transaction, one, now)
            if cursor is not None:
                await transaction.inbox.move_cursor(*cursor)
        if heard:
            self._ring()

    async def _keep(self, transaction: Transaction, heard: Heard, now: datetime) -> None:
        refusal = self._refusal(heard, now)
        if refusal is None:
            await transaction.inbox.receive(
                event_id=heard.event_id,
                place=heard.place,
                person=heard.person,
                text=heard.text,
                now=now,
            )
        elif refusal is not SILENCE:
            await transaction.outbox.post(heard.place, refusal, now=now, person=heard.person)

    def _refusal(self, heard: Heard, now: datetime) -> Message | None:
        """Why a command is not taken; None if it is, SILENCE if the reason was told before."""
        place, person = heard.place, heard.person
        if not self._admits(place):
            log.warning("stranger_refused", place=str(place), person=person)
            told = self._strangers.take(str(place), now)
            return render_not_allowed(place.service, place.conversation) if told else SILENCE
        conversation = f"{place.service}:{place.conversation}"
        if self._persons.take(f"{conversation} {person}", now) and self._conversations.take(
            conversation, now
        ):
            return None
        log.warning("too_many_commands", place=str(place), person=person)
        told = self._reminders.take(conversation, now)
        return render_too_many_commands() if told else SILENCE
