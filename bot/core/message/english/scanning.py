"""What the command line says of the images that files name."""

import re
from collections.abc import Sequence
from datetime import timedelta
from shlex import quote

from bot.core.advice import Advice
from bot.core.inventory import Inventory, Named, NotRead, Unread
from bot.core.message.english.reasons import reason_sentences
from bot.core.message.english.trouble import trouble_in_brief
from bot.core.message.english.words import counted, listing, shorts, span
from bot.core.model import Observation, Status
from bot.core.platform import Platform
from bot.core.reference import Reference

MOST_NAMED = 3

_VARIABLE = re.compile(r"\$|\{\{|\{%|%\(|<[a-z]")
_UNREAD = {
    Unread.UNREADABLE: "it cannot be read",
    Unread.NOT_TEXT: "it is not UTF-8 text",
    Unread.TOO_LARGE: "it is larger than such files are",
    Unread.MALFORMED: "it is no valid YAML",
    Unread.TEMPLATE: (
        "it is a template: scan what it is rendered to (helm template … | archbell scan -), "
        "or leave it out with --exclude"
    ),
}

_UNREAD_WATCHED = {
    Unread.TEMPLATE: "it is a template: name the file that it is rendered to",
}
# Without what is written there: it may be anything, and goes into the log.
_UNRESOLVED = "the file alone does not say which image is meant"


def cell(seen: Observation, platform: Platform, *, is_needed: bool) -> str:
    """Whether an image has a platform, in a few words for a table."""
    if seen.trouble is not None:
        return f"❓ {trouble_in_brief(seen.trouble)}"
    if seen.status is Status.TAG_MISSING:
        return "⏳ no such tag"
    if not is_needed:
        return "not needed"
    if seen.offers(platform) is not None:
        return "✅ there"
    return "⏳ missing" if seen.listed(platform) is None else "⚠️ listed, not served"


def where(uses: Sequence[Named]) -> str:
    """Where an image stands: the first places, and how many more there are."""
    shown = [use.where for use in uses[:MOST_NAMED]]
    more = len(uses) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def not_resolved(named: Named) -> str:
    """Why nobody knows which image a name means."""
    written = named.use.written
    if _VARIABLE.search(written):
        return f"{named.where}: {written}: not looked up, since the file gives no value for it."
    return f"{named.where}: {written}: not looked up, since no image can be called that."


def not_read(found: NotRead) -> str:
    """Why a file says nothing."""
    return f"{found.where}: not read: {_UNREAD[found.why]}."


def watched_file_not_read(found: NotRead) -> str:
    """Why a file that the configuration names, or a part of it, says nothing."""
    return f"{found.where}: not read: {_UNREAD_WATCHED.get(found.why) or _UNREAD[found.why]}"


def watched_name_not_resolved(named: Named) -> str:
    """A name in a file that the configuration names, of which nobody knows the image."""
    return f"{named.where}: not watched: {_UNRESOLVED}"


def watched_file_without_images(file: str) -> str:
    """A file that the configuration names has nothing to watch."""
    return f"{file}: names no image whose tag can change"


def and_more(file: str, count: int) -> str:
    """There is more of the kind in a file."""
    return f"{file}: and {count} more like that"


def summary(
    inventory: Inventory, platforms: Sequence[Platform], *, missing: int, unknown: int
) -> str:
    """The outcome in one sentence; missing and unknown count images."""
    files = counted(inventory.files, "file")
    count = len(inventory.needs(platforms))
    if not count:
        return f"No image that is fetched is named in {files}."
    wanted = listing(shorts(platforms))
    found = f"{counted(count, 'image')} in {files}"
    if not missing and not unknown:
        verb = "is" if count == 1 else "are all"
        return f"✅ {found} {verb} there for {wanted}."
    parts = []
    if missing:
        every = "all of " if len(platforms) > 1 else ""
        parts.append(f"{missing} not there for {every}{wanted}")
    if unknown:
        parts.append(f"{unknown} not known")
    return f"{'⏳' if missing else '❓'} {found}: {listing(parts)}."


def how_to_wait(
    paths: Sequence[str], platforms: Sequence[Platform], *, exclude: Sequence[str] = ()
) -> str:
    """The command that waits for what is missing; standard input has to be given to it again."""
    words = [
        *(f"--scan {quote(path)}" for path in paths),
        *(f"--exclude {quote(glob)}" for glob in exclude),
        *shorts(platforms),
    ]
    again = "… | " if "-" in paths else ""
    return f"To wait for them here: {again}archbell wait {' '.join(words)}"


def reason_lines(reference: Reference, advices: Sequence[Advice], seen: Observation) -> list[str]:
    """Why an image of many lacks something, as far as anybody asked."""
    now = seen.observed_at
    sentences = (sentence for each in advices for sentence in reason_sentences(each, now=now))
    return [image_line(reference, sentence) for sentence in dict.fromkeys(sentences)]


def looked_at(done: int, count: int) -> str:
    """How far a survey is."""
    return f"Looked at {done} of {counted(count, 'image')}…"


def images_awaited(missing: Sequence[Reference], count: int, *, waited: timedelta) -> str:
    """What a wait for many images still waits for."""
    first = [reference.familiar for reference in missing[:MOST_NAMED]]
    more = len(missing) - len(first)
    names = listing([*first, f"{more} more"] if more else first)
    return f"Waiting for {len(missing)} of {counted(count, 'image')}: {names} ({span(waited)})"


def image_line(reference: Reference, said: str) -> str:
    """What is known of one image of many."""
    return f"{reference.familiar}: {said}"


def is_there_now(reference: Reference) -> str:
    """One image of many needs no more waiting for."""
    return f"✅ {reference.familiar}: everything is there."
