"""The registry client: where does a tag point, and what is there."""

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus

from bot.core.errors import MalformedAnswer
from bot.core.reference import Reference
from bot.net.pace import Pace
from bot.net.sessions import Sessions
from bot.net.settings import RegistrySettings
from bot.ports.figures import NO_FIGURES, Figures
from bot.ports.registry import FetchedManifest, ManifestAbsent, TagList, TagUnchanged
from bot.ports.surroundings import Chance, Clock, Sleep
from bot.registry.conversation import Conversation
from bot.registry.credentials import CredentialBook, Keys
from bot.registry.exchange import MAX_TAG_LIST_BYTES, Answer, Request
from bot.registry.heads import HeadSupport
from bot.registry.listing import MAX_LISTED_PAGES, MAX_LISTED_TAGS, list_tags
from bot.registry.policy import RegistryPolicy
from bot.registry.questions import Questions, target_of
from bot.registry.received import (
    condition_for,
    etag_of,
    manifest_in,
    stated_digest,
    unexpected,
    verify,
)
from bot.registry.transport import Transport

OK, NOT_FOUND = 200, 404
HEAD_REFUSED = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)


class RegistryClient:
    """Looks at manifests over sessions it is given and does not close; a bot.ports.Registry.

    Raises only RegistryErrors; which of them are worth another attempt within the same look is
    their type's affair (TransportFailure), when to look again is the scheduler's.
    """

    def __init__(  # noqa: PLR0913 (all of it is the composition root's to decide)
        self,
        sessions: Sessions,
        pace: Pace,
        registries: Iterable[RegistrySettings] = (),
        *,
        allow_any_public: bool = False,
        keys: Keys | None = None,
        clock: Clock,
        sleep: Sleep,
        chance: Chance,
        figures: Figures = NO_FIGURES,
    ) -> None:
        self._questions = Questions(RegistryPolicy(registries, allow_any_public=allow_any_public))
        transport = Transport(sessions, pace, sleep=sleep, chance=chance, figures=figures)
        self._conversation = Conversation(transport, CredentialBook(keys), clock=clock)
        self._heads = HeadSupport(clock=clock)

    async def fetch_tag(
        self,
        reference: Reference,
        *,
        known_digest: str | None,
        etag: str | None,
        urgent: bool,
        login: bool = False,
    ) -> TagUnchanged | ManifestAbsent | FetchedManifest:
        """Where the tag points; its manifest comes only when the digest is not the known one.

        Source: OCI distribution-spec, "Checking if content exists in the registry".
        """
        registry = reference.registry
        if self._heads.are_useless(registry):
            return await self._get_tag(reference, known_digest, etag, urgent=urgent, login=login)
        request = self._questions.manifest(
            "HEAD", reference, target_of(reference), urgent=urgent, login=login
        )
        answer = await self._conversation.ask(request)
        digest = stated_digest(answer)
        if answer.status == OK and digest is not None:
            self._heads.worked(registry)
            if digest == known_digest:
                return TagUnchanged(etag_of(answer))
            return await self._get_moved(reference, digest, urgent=urgent, login=login)
        if answer.status == NOT_FOUND:
            return await self._confirm_missing(
                reference, known_digest, etag, urgent=urgent, login=login
            )
        self._give_heads_up(request, answer)
        return await self._get_tag(reference, known_digest, etag, urgent=urgent, login=login)

    async def fetch_manifest(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> FetchedManifest | ManifestAbsent:
        """A manifest of the reference's repository by digest, verified."""
        request = self._questions.manifest("GET", reference, digest, urgent=urgent, login=login)
        answer = await self._conversation.ask(request)
        if answer.status == NOT_FOUND:
            return ManifestAbsent()
        if answer.status != OK:
            raise unexpected(request, answer)
        return manifest_in(request, answer, digest=digest)

    async def has_manifest(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> bool:
        """Whether the registry serves this manifest; a GET where HEADs are of no use."""
        if not self._heads.are_useless(reference.registry):
            request = self._questions.manifest(
                "HEAD", reference, digest, urgent=urgent, login=login
            )
            answer = await self._conversation.ask(request)
            if answer.status == OK:
                self._check_head(request, answer, digest)
                return True
            if answer.status != NOT_FOUND:
                self._give_heads_up(request, answer)
            elif self._heads.are_proven(reference.registry):
                return False
        fetched = await self.fetch_manifest(reference, digest, urgent=urgent, login=login)
        return isinstance(fetched, FetchedManifest)

    async def fetch_config(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool = False
    ) -> bytes | None:
        """An image's config blob, verified, or None if the registry has none."""
        request = self._questions.blob(reference, digest, urgent=urgent, login=login)
        answer = await self._conversation.ask(request)
        if answer.status == NOT_FOUND:
            return None
        if answer.status != OK:
            raise unexpected(request, answer)
        verify(request, answer, digest)
        return answer.body

    async def list_tags(
        self, reference: Reference, *, urgent: bool, login: bool = False
    ) -> tuple[str, ...]:
        """The repository's tags, as far as a few pages tell them."""
        request = self._questions.tags(reference, urgent=urgent, login=login)
        listed = await list_tags(self._conversation, request)
        return listed.tags if listed is not None else ()

    async def changed_tags(
        self, repository: Reference, *, etag: str | None, urgent: bool, login: bool = False
    ) -> TagList | None:
        """The repository's tags; None if the registry says that nothing has changed since etag."""
        condition = {"If-None-Match": etag} if etag is not None else {}
        request = self._questions.tags(repository, urgent=urgent, login=login, condition=condition)
        return await list_tags(
            self._conversation,
            replace(request, max_bytes=MAX_TAG_LIST_BYTES),
            max_tags=MAX_LISTED_TAGS,
            max_pages=MAX_LISTED_PAGES,
        )

    async def _get_moved(
        self, reference: Reference, digest: str, *, urgent: bool, login: bool
    ) -> FetchedManifest | ManifestAbsent:
        """What a tag points at since it moved. Not every replica has the digest at once."""
        fetched = await self.fetch_manifest(reference, digest, urgent=urgent, login=login)
        if isinstance(fetched, FetchedManifest):
            return fetched
        found = await self._get_tag(reference, None, None, urgent=urgent, login=login)
        assert not isinstance(found, TagUnchanged), "nothing was known to be unchanged"
        return found

    async def _get_tag(
        self,
        reference: Reference,
        known_digest: str | None,
        etag: str | None,
        *,
        urgent: bool,
        login: bool,
    ) -> TagUnchanged | ManifestAbsent | FetchedManifest:
        condition = condition_for(known_digest, etag)
        request = self._questions.manifest(
            "GET", reference, target_of(reference), urgent=urgent, login=login, condition=condition
        )
        answer = await self._conversation.ask(request)
        if answer.status == HTTPStatus.NOT_MODIFIED and condition:
            return TagUnchanged(etag_of(answer))
        if answer.status == NOT_FOUND:
            return ManifestAbsent()
        if answer.status != OK:
            raise unexpected(request, answer)
        fetched = manifest_in(request, answer, digest=reference.digest)
        return TagUnchanged(fetched.etag) if fetched.digest == known_digest else fetched

    async def _confirm_missing(
        self,
        reference: Reference,
        known_digest: str | None,
        etag: str | None,
        *,
        urgent: bool,
        login: bool,
    ) -> TagUnchanged | ManifestAbsent | FetchedManifest:
        """What a 404 to a HEAD means: some registries give one for what a GET finds."""
        if self._heads.are_proven(reference.registry):
            return ManifestAbsent()
        found = await self._get_tag(reference, known_digest, etag, urgent=urgent, login=login)
        if not isinstance(found, ManifestAbsent):
            self._heads.failed(reference.registry)
        return found

    def _check_head(self, request: Request, answer: Answer, digest: str) -> None:
        stated = stated_digest(answer)
        if stated is None:
            return
        if stated != digest:
            raise request.trouble(MalformedAnswer, "another digest than was asked for", status=200)
        self._heads.worked(request.registry)

    def _give_heads_up(self, request: Request, answer: Answer) -> None:
        """Ask by GET from now on. Raises MalformedAnswer if that would change nothing."""
        if answer.status != OK and answer.status not in HEAD_REFUSED:
            raise unexpected(request, answer)
        self._heads.failed(request.registry)
