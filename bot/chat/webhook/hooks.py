"""Where alerts are posted to, as values."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bot.net.secret import Secret


class Kind(Enum):
    """What a hook's receiver understands; the values are those of the configuration."""

    SIGNED = "signed"
    GITHUB = "github"


@dataclass(frozen=True, slots=True)
class Hook:
    """One receiver.

    name: by which places name it, because the address may be a secret itself. secret: what is
    signed with, or GitHub's token. allow_private: it may be reached at a private address.
    """

    name: str
    url: str
    secret: Secret
    kind: Kind = Kind.SIGNED
    allow_private: bool = False
    ca_file: Path | None = None
