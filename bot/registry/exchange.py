"""One request to a registry and one answer, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from multidict import CIMultiDictProxy
from yarl import URL

from bot.core.errors import RegistryError
from bot.registry.policy import Endpoint

ErrorT = TypeVar("ErrorT", bound=RegistryError)

MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_CONFIG_BYTES = 1024 * 1024
MAX_TAGS_BYTES = 1024 * 1024
MAX_TAG_LIST_BYTES = 4 * 1024 * 1024
MAX_TOKEN_BYTES = 64 * 1024
MAX_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a registry, or of what it refers to, about one repository.

    headers are without Authorization. subject names the thing in sentences. pull: it is the GET
    of a manifest. urgent: somebody waits. login: the operator's may be used. form: of a POST.
    """

    endpoint: Endpoint
    method: str
    url: URL = field(repr=False)  # may be signed
    repository: str
    subject: str
    headers: Mapping[str, str]
    max_bytes: int
    pull: bool = False
    urgent: bool = False
    login: bool = False
    form: Mapping[str, str] | None = field(default=None, repr=False)  # may hold a secret

    @property
    def registry(self) -> str:
        """The host as references write it."""
        return self.endpoint.registry

    def trouble(self, kind: type[ErrorT], what: str, *, status: int | None = None) -> ErrorT:
        """The error to raise; what must hold neither a query string nor anything a body said."""
        return kind(self.registry, f"{self.subject}: {what}", http_status=status)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, the body up to the request's cap; empty for HEAD."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
