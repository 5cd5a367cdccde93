"""What can be known earlier: a platform is in its architecture's own tag before the shared one.

Of an official image, arm64v8/node:22 is pushed first, and node:22 is put together from such tags.
"""

from collections.abc import Iterable
from dataclasses import replace

from bot.core.library import architecture_tag, official_image
from bot.core.model import Alert, Event, Observation, Want, WantState
from bot.core.platform import Platform
from bot.core.reference import Reference


def awaits_build(want: Want) -> bool:
    """Whether it would be news that the platform is built.

    Not for one that has gone: its own tag keeps the last build, which says nothing of the next.
    """
    return want.state is WantState.WAITING and not want.built


def early_tags(
    reference: Reference, wants: Iterable[Want], planned: frozenset[Platform] | None
) -> tuple[Reference, ...]:
    """The tags of their own in which the wanted platforms of a tag come first, each once.

    planned: the platforms that the tag is built for, None if nobody knows. What is not planned may
    have a tag of its own, but an old one.
    """
    tags = {
        want.platform: architecture_tag(reference, want.platform)
        for want in wants
        if awaits_build(want) and (planned is None or want.platform in planned)
    }
    return tuple(tag for tag in tags.values() if tag is not None)


def awaited_in(derived: Reference, wants: Iterable[Want]) -> tuple[Want, ...]:
    """Those of a shared tag's wants for whom an architecture's own tag is looked at."""
    image = official_image(derived)
    own = None if image is None else image.platform
    return tuple(want for want in wants if want.platform == own and awaits_build(want))


def decide_built(wants: Iterable[Want], observation: Observation) -> tuple[Want, ...]:
    """The wants whose platform their architecture's own tag has been seen to offer, as they become.

    Each is to be told by built_alert().
    """
    if not observation.is_clear:
        return ()
    return tuple(
        replace(want, built=True)
        for want in wants
        if awaits_build(want) and observation.offers(want.platform) is not None
    )


def built_alert(want: Want) -> Alert:
    """What is owed to a watch once a platform is built."""
    return Alert(want.watch, Event.BUILT, want.platform, want.episode)
