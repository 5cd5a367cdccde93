"""How each registry receives us, in words."""

from bot.app.doctor.finding import Finding, Verdict, fault, warning, well
from bot.core.errors import (
    Denied,
    EgressRefused,
    LoginRefused,
    LoginUnavailable,
    Overloaded,
    RegistryError,
)
from bot.net.limits import Budget
from bot.registry.greeting import Greeting

LOW_SHARE = 0.2


def registry_finding(greeting: Greeting, *, is_configured: bool, is_needed: bool) -> Finding:
    """What to tell of one registry. is_needed: without it there is nothing to look at."""
    subject = greeting.registry
    if greeting.trouble is not None:
        return _refused(subject, greeting.trouble, is_needed=is_needed)
    if greeting.status != 200:
        return warning(
            subject,
            f"answers {greeting.status} where a registry says that it is one",
            "see that `host` and `endpoint` are those of a registry"
            if is_configured
            else "see what stands between this machine and the registry: a proxy, a firewall",
        )
    says = ["can be reached", _login(greeting)]
    budget = greeting.budget
    if budget is not None:
        says.append(_left(budget))
        if budget.remaining <= LOW_SHARE * budget.limit:
            return warning(
                subject,
                ", ".join(filter(None, says)),
                "a [[registry]] block with username and password_file raises the limit",
            )
    return well(subject, ", ".join(filter(None, says)))


def late_finding(subject: str, *, seconds: float, is_needed: bool) -> Finding:
    """What to tell of a registry that took too long."""
    kind = Verdict.FAULT if is_needed else Verdict.WARNING
    return Finding(subject, kind, f"no answer within {seconds:g} s", _WAY)


_WAY = "see that the host is right and that this machine can reach it (firewall, [network] proxy)"


def _refused(subject: str, trouble: RegistryError, *, is_needed: bool) -> Finding:
    says = str(trouble).removeprefix(f"{subject}: ").removeprefix("a greeting: ")
    block = f'the [[registry]] block with host = "{subject}"'
    match trouble:
        case LoginRefused():
            cure = f"mend username and password (or password_file) in {block}"
            return fault(subject, "does not accept the login", cure)
        case LoginUnavailable():
            cure = "mend credHelpers or credsStore in docker's config.json; the log says why"
            return fault(subject, "can be reached, but nobody gave its login", cure)
        case Denied():
            cure = f"if you want its private images, write a login into {block}"
            return warning(subject, "can be reached, and wants a login that it has not got", cure)
        case EgressRefused():
            cure = f"if it is your own, write allow_private = true into {block}"
            return fault(subject, says, cure)
        case Overloaded():
            until = f" until {trouble.retry_at:%H:%M} UTC" if trouble.retry_at else ""
            return warning(subject, says, f"wait{until}: the bot does so by itself")
    cure = f"{_WAY}; for an authority of your own, ca_file" if "certificate" in says else _WAY
    kind = Verdict.FAULT if is_needed else Verdict.WARNING
    return Finding(subject, kind, says, cure)


def _login(greeting: Greeting) -> str:
    if greeting.login is None:
        return "anonymously"
    return "login accepted" if greeting.was_shown else "did not ask for the login"


def _left(budget: Budget) -> str:
    window = f" in {budget.window_s / 3600:g} h" if budget.window_s else ""
    return f"{budget.remaining} of {budget.limit} pulls left{window}"
