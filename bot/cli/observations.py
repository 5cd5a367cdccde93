"""One observation for scripts."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from bot.core.advice import Advice
    from bot.core.evidence import Answer
    from bot.core.model import Observation
    from bot.core.platform import Platform
    from bot.core.progress import Progress
    from bot.core.reference import Reference


def as_object(
    reference: "Reference",
    wanted: "Sequence[Platform]",
    seen: "Observation",
    advices: "Sequence[Advice]" = (),
) -> dict[str, Any]:
    """An observation for scripts; a platform is present, absent, dangling or unknown."""
    from bot.core.message.english.reasons import reason_sentences
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
        "reasons": {
            str(advice.platform): {
                "code": advice.reason.code.value,
                "sentences": list(reason_sentences(advice, now=seen.observed_at)),
            }
            for advice in advices
        },
        "observed_at": seen.observed_at.isoformat(),
    }


def explained_object(
    reference: "Reference",
    wanted: "Sequence[Platform]",
    seen: "Observation",
    advices: "Sequence[Advice]",
) -> dict[str, Any]:
    """What as_object() gives, with everything that was found out about the reasons."""
    from bot.cli.listing import as_json_moment

    shown = as_object(reference, wanted, seen, advices)
    for advice in advices:
        evidence = advice.reason.evidence
        shown["reasons"][str(advice.platform)] |= {
            "planned": None
            if evidence.planned is None
            else [str(platform) for platform in sorted(evidence.planned)],
            "merged_at": as_json_moment(evidence.merged_at),
            "build": _build(evidence.progress),
            "waits_for": [each.reference.familiar for each in advice.reason.awaited],
            "listed_since": as_json_moment(evidence.listed_since),
            "expected_s": [
                {
                    "basis": estimate.basis.value,
                    "low": estimate.low.total_seconds(),
                    "high": estimate.high.total_seconds(),
                    "late": _seconds(estimate.late),
                    "median": _seconds(estimate.median),
                    "sample": estimate.sample,
                }
                for estimate in advice.estimates
            ],
            "next_run_at": as_json_moment(advice.next_run),
            "alternatives": [
                {
                    "offer": each.candidate.offer.value,
                    "image": each.candidate.reference.familiar,
                    "platform": str(each.candidate.platform),
                    "version": each.version,
                    "freshness": each.freshness.value,
                }
                for each in advice.alternatives
            ],
            "checked": [
                {
                    "source": check.source.value,
                    "subject": check.subject,
                    "at": as_json_moment(check.at),
                    "trouble": None if check.trouble is None else check.trouble.kind.value,
                }
                for check in advice.reason.checks()
                if check.at is not None
            ],
            "not_learnt": [
                {"source": gap.source.value, "subject": gap.subject} for gap in advice.reason.gaps
            ],
        }
    return shown


def _seconds(length: "timedelta | None") -> float | None:
    return None if length is None else length.total_seconds()


def _build(progress: "Answer[Progress]") -> dict[str, Any] | None:
    """What the build system's records say; None if they were not asked or failed."""
    from bot.cli.listing import as_json_moment
    from bot.core.evidence import Said

    if not isinstance(progress, Said):
        return None
    known = progress.value
    return {
        "stage": known.stage.name.lower(),
        "id": known.build,
        "since": as_json_moment(known.since),
        "finished": [str(platform) for platform in known.finished],
        "list_commit": known.list_commit,
        "checked_at": progress.at.isoformat(),
    }


def state_of(seen: "Observation", platform: "Platform") -> str:
    """What is known of a platform, in one word."""
    if not seen.is_clear:
        return "unknown"
    if seen.offers(platform) is not None:
        return "present"
    return "absent" if seen.listed(platform) is None else "dangling"
