"""How far the build of a missing platform is, a sentence each."""

from datetime import datetime

from bot.core.advice import Advice
from bot.core.message.english.words import listing, moment, shorts
from bot.core.progress import Stage

_SHOWN_OF_AN_ID = 12


def waiting_sentences(advice: Advice, now: datetime) -> tuple[str, ...]:
    """Which parents the build waits for."""
    parents = []
    for each in advice.reason.awaited:
        state = "not built yet" if each.missing else "being built anew"
        since = f", changed {moment(each.since, now)}" if each.since is not None else ""
        if each.build is not None:
            state, since = _unfinished(each.build), _since(each.since, now)
        parents.append(f"{each.reference.familiar} ({state}{since})")
    began = _since(_progress_since(advice), now)
    return (
        f"The build for {advice.platform} waits{began} for {listing(parents)}{_finished(advice)}.",
    )


def queued_sentences(advice: Advice, now: datetime) -> tuple[str, ...]:
    """Since when it is planned, and how far its build is as far as that is known."""
    evidence, planned = advice.reason.evidence, ""
    if evidence.merged_at is not None:
        planned = f", merged at {moment(evidence.merged_at, now)}"
    elif evidence.listed_since is not None:
        planned = f", listed since {moment(evidence.listed_since, now)}"
    return (f"{advice.platform} is planned{planned}: {_state(advice, now)}{_finished(advice)}.",)


def _finished(advice: Advice) -> str:
    """For which platforms the same source is built, where the wanted one is not."""
    progress = advice.reason.evidence.known_progress
    if progress is None or not progress.finished or progress.stage is Stage.FINISHED:
        return ""
    return f" (finished: {listing(shorts(progress.finished))})"


def _state(advice: Advice, now: datetime) -> str:
    progress, since = advice.reason.evidence.known_progress, _since(_progress_since(advice), now)
    if progress is None:
        return "its build is queued, running or failing"
    match progress.stage:
        case Stage.FINISHED:
            build = _short(progress.build)
            return f"its build {build} is finished{since}, and is pushed next"
        case Stage.UNFINISHED:
            return f"its {_unfinished(progress.build)}{since}"
        case Stage.NOT_TAKEN_UP:
            at = _short(progress.list_commit)
            return f"the build system, at official-images {at}, has not taken it up yet"
        case _:
            return f"the build system has no build of it yet{since}"


def _progress_since(advice: Advice) -> datetime | None:
    progress = advice.reason.evidence.known_progress
    return None if progress is None else progress.since


def _unfinished(build: str | None) -> str:
    return f"build {_short(build)} is queued, running or failing"


def _short(identity: str | None) -> str:
    """As much of an ID or a commit as a person needs to find it."""
    return (identity or "")[:_SHOWN_OF_AN_ID]


def _since(began_at: datetime | None, now: datetime) -> str:
    return f" since {moment(began_at, now)}" if began_at is not None else ""
