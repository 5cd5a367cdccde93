"""What a person can ask of the bot, as values."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from bot.core.pattern import TagPattern
from bot.core.platform import Platform
from bot.core.reference import Reference


@dataclass(frozen=True, slots=True)
class Watch:
    """Wait for platforms of a tag.

    reference: None when no image was named, so that the bot asks back. platforms: empty means the
    configured default. expires_in: None means the configured default. standing: keep watching after
    the platforms are there. direct: tell the person alone, by direct message. rebuilds: keep
    watching, and tell each new build of a platform. anyway: also what is not built at present.
    pattern: instead of one tag, each new one that fits.
    """

    reference: Reference | None
    platforms: tuple[Platform, ...] = ()
    expires_in: timedelta | None = None
    standing: bool = False
    direct: bool = False
    rebuilds: bool = False
    anyway: bool = False
    pattern: TagPattern | None = None


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Stop waiting: for a tag, for the watch of that number, or for everything of the place.

    At most one of these and pattern is set; none means that the bot asks back. platforms: empty
    means all of the watch. confirmed: everything is meant, and nobody need ask back.
    """

    reference: Reference | None = None
    number: int | None = None
    everything: bool = False
    platforms: tuple[Platform, ...] = ()
    confirmed: bool = False
    pattern: TagPattern | None = None


@dataclass(frozen=True, slots=True)
class List:
    """Show the watches of the place, or of everybody; page counts from 1."""

    everything: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Check:
    """Show what the registry has now; reference None means that the bot asks back."""

    reference: Reference | None
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """Say why a platform is missing; neither reference nor number means that the bot asks back."""

    reference: Reference | None = None
    number: int | None = None
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True, slots=True)
class Mute:
    """Hold alerts back; number None means the whole place, duration None the configured default."""

    number: int | None = None
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unmute:
    """Let alerts go again; number None means the whole place."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Say how the bot itself is."""


@dataclass(frozen=True, slots=True)
class Help:
    """Explain the commands; topic is the verb, or "settings", that was asked about, if any."""

    topic: str | None = None


class Misunderstanding(Enum):
    """Why a text could not be taken as a command."""

    NOT_A_REFERENCE = "not_a_reference"
    SEVERAL_TARGETS = "several_targets"
    UNKNOWN_PLATFORM = "unknown_platform"
    DIGEST_PINNED = "digest_pinned"
    PLATFORM_WITHOUT_IMAGE = "platform_without_image"
    BAD_DURATION = "bad_duration"
    UNKNOWN_NUMBER_FORM = "unknown_number_form"
    UNKNOWN_VERB = "unknown_verb"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """A text that is no command, with what the answer to it needs.

    fragment: the words that were not understood, shortened. platforms, reference: what was
    understood beside them; with DIGEST_PINNED the reference is the tag to watch instead.
    hint: a sentence that says what to type, where the one who refused the fragment gave one.
    suggestion: the verb that may have been meant.
    """

    reason: Misunderstanding
    fragment: str = ""
    platforms: tuple[Platform, ...] = ()
    reference: Reference | None = None
    hint: str | None = None
    suggestion: str | None = None


Command = Watch | Unwatch | List | Check | Why | Mute | Unmute | Status | Help | Misunderstood
"""Whatever a text can turn out to be."""
