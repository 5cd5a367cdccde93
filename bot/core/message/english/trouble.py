"""Why a look gave no clear answer, and what a person can do about it."""

from datetime import datetime

from bot.core.errors import TroubleKind
from bot.core.message.english.words import moment
from bot.core.model import Trouble
from bot.core.reference import Reference

_SLOW_DOWN = "{registry} asked me to slow down{until}{status}."
_RESTING = "I am giving {registry} a rest{until}, because of its last answers."

_SENTENCES = {
    TroubleKind.UNREACHABLE: (
        "{registry} cannot be reached from here: check its name and this machine's network."
    ),
    TroubleKind.TIMED_OUT: "{registry} did not answer in time.",
    TroubleKind.TLS_FAILED: (
        "There is no secure connection to {registry}: its certificate is not trusted here, or it "
        "does not speak TLS. If it is your own registry, add `ca_file`, or plain_http = true, to "
        'the [[registry]] block with host = "{registry}" in the configuration.'
    ),
    TroubleKind.PROXY_FAILED: (
        "The proxy does not let me through to {registry}: check `proxy` under [network] in the "
        "configuration, and whether the proxy is up and may reach {registry}."
    ),
    TroubleKind.SERVER_ERROR: ("{registry} is in trouble{status}; nothing is wrong on your side."),
    TroubleKind.RATE_LIMITED: _SLOW_DOWN,
    TroubleKind.OVERLOADED: _SLOW_DOWN,
    TroubleKind.PARKED: _RESTING,
    TroubleKind.DENIED: (
        "{registry} does not show {name} to me{status}: it is private, or it does not exist. "
        'If it is yours, add a [[registry]] block with host = "{registry}" and a login to the '
        "configuration, then repeat."
    ),
    TroubleKind.LOGIN_REFUSED: (
        "{registry} does not accept the login I have for it{status}, so I do not send it again. "
        "Mend `username` and `password` or `password_file` in the [[registry]] block with "
        'host = "{registry}", or run docker login {registry} if the login is docker\'s; then '
        "start me again."
    ),
    TroubleKind.LOGIN_UNAVAILABLE: (
        "{registry} does not show {name} to me{status}, and the program that keeps my login for "
        "it did not give it: the log says why. Mend `credHelpers` or `credsStore` in docker's "
        "config.json, or write a login into a [[registry]] block."
    ),
    TroubleKind.EGRESS_REFUSED: (
        "I do not connect to {registry}, or to where it sends me: that is not a public https "
        'address. If it is your own registry, add a [[registry]] block with host = "{registry}" '
        "and allow_private = true to the configuration."
    ),
    TroubleKind.UNLISTED_REGISTRY: (
        "{registry} is not among the registries I may ask. Add a [[registry]] block with "
        'host = "{registry}" to the configuration, or set allow_any_public_registry = true '
        "under [network]."
    ),
    TroubleKind.MALFORMED: (
        "{registry} answered something about {name} that makes no sense; I do not trust it."
    ),
    TroubleKind.TOO_LARGE: (
        "{registry} answered far more about {name} than an image needs; I stopped reading."
    ),
    TroubleKind.UNSUPPORTED: (
        "{name} is not a container image with platforms (an artifact, or the old schema 1)."
    ),
    TroubleKind.BUG: (
        "I failed while looking at {name}: that is a mistake of mine, and it is in the log."
    ),
}


_IN_BRIEF = {
    TroubleKind.UNREACHABLE: "it cannot be reached",
    TroubleKind.TIMED_OUT: "it was too slow",
    TroubleKind.TLS_FAILED: "no secure connection",
    TroubleKind.PROXY_FAILED: "the proxy failed",
    TroubleKind.SERVER_ERROR: "its server is in trouble",
    TroubleKind.RATE_LIMITED: "too many requests",
    TroubleKind.OVERLOADED: "it is overloaded",
    TroubleKind.PARKED: "not asked, to give it a rest",
    TroubleKind.DENIED: "access denied",
    TroubleKind.LOGIN_REFUSED: "my login was refused",
    TroubleKind.LOGIN_UNAVAILABLE: "my login cannot be had",
    TroubleKind.EGRESS_REFUSED: "its address is not allowed",
    TroubleKind.UNLISTED_REGISTRY: "the registry is not allowed",
    TroubleKind.MALFORMED: "the answer made no sense",
    TroubleKind.TOO_LARGE: "the answer was too large",
    TroubleKind.UNSUPPORTED: "not a container image",
    TroubleKind.BUG: "my mistake, see the log",
}


def trouble_in_brief(trouble: Trouble) -> str:
    """A few words, for a line about much else."""
    status = f", HTTP {trouble.http_status}" if trouble.http_status else ""
    return f"{_IN_BRIEF[trouble.kind]}{status}"


def trouble_sentence(reference: Reference, trouble: Trouble, *, now: datetime) -> str:
    """One sentence for a person; for what they can cure, the cure."""
    status = f" (HTTP {trouble.http_status})" if trouble.http_status else ""
    until = f" until {moment(trouble.retry_at, now)}" if trouble.retry_at else ""
    return _SENTENCES[trouble.kind].format(
        registry=reference.registry, name=reference.familiar, status=status, until=until
    )


def resting_sentence(registry: str, until: datetime, *, now: datetime) -> str:
    """One sentence about a registry that nothing is asked for a while."""
    return f"{registry} is left alone until {moment(until, now)}."


def silent_database_sentence(seconds: float) -> str:
    """One sentence about a database that neither answers nor fails."""
    return f"The database has not answered for {seconds:g} seconds."
