"""One observation for scripts."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.core.model import Observation
    from bot.core.platform import Platform
    from bot.core.reference import Reference


def as_object(
    reference: "Reference", wanted: "Sequence[Platform]", seen: "Observation"
) -> dict[str, Any]:
    """An observation for scripts; a platform is present, absent, dangling or unknown."""
    from bot.core.message.english.trouble import trouble_sentence

    trouble = seen.trouble
    return {
        "image": str(reference),
        "status": seen.status.value,
        "digest": seen.digest,
        "platforms": {str(platform): state_of(seen, platform) for platform in wanted},
        "there": [
            {"platform": str(platform), "digest": entry.digest}
            for platform, entry in seen.entries.items()
            if entry.reachable is not False
        ],
        "trouble": None
        if trouble is None
        else {
            "kind": trouble.kind.value,
            "sentence": trouble_sentence(reference, trouble, now=seen.observed_at),
        },
        "observed_at": seen.observed_at.isoformat(),
    }


def state_of(seen: "Observation", platform: "Platform") -> str:
    """What is known of a platform, in one word."""
    if not seen.is_clear:
        return "unknown"
    if seen.offers(platform) is not None:
        return "present"
    return "absent" if seen.listed(platform) is None else "dangling"
