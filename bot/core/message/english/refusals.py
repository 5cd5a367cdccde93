"""What the page says instead of doing what was asked."""

from enum import Enum

from bot.core.message.neutral import Message


class Refusal(Enum):
    """Why the page does not do what was asked."""

    NOT_OURS = "not_ours"
    FRAMED = "framed"
    STALE_FORM = "stale_form"
    SIGNED_OUT = "signed_out"
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - a name of a refusal
    TOO_OFTEN = "too_often"
    TOO_MANY = "too_many"
    ONLY_LOCAL = "only_local"
    NOT_WATCHED = "not_watched"
    NO_SUCH_PAGE = "no_such_page"
    NO_PLACE = "no_place"
    NO_DATABASE = "no_database"


_REFUSALS = {
    Refusal.NOT_OURS: Message(
        "Refused: this form did not come from this page.",
        (
            "Go back, load the page again, and repeat. Behind a reverse proxy, `trusted_proxies` "
            "under [server] must name it, and it must send X-Forwarded-Host and X-Forwarded-Proto.",
        ),
    ),
    Refusal.FRAMED: Message("Refused: this page is not shown within another one."),
    Refusal.STALE_FORM: Message(
        "Refused: this form is too old, or your browser keeps no cookies for this page.",
        ("Go back, load the page again, and repeat.",),
    ),
    Refusal.SIGNED_OUT: Message(
        "Please sign in first.", ("What you asked for changes what is watched.",)
    ),
    Refusal.WRONG_TOKEN: Message(
        "That is not the token.", ("It stands under [page] in the configuration of the bot.",)
    ),
    Refusal.TOO_OFTEN: Message("That was too often. Please wait a minute.", ("Nothing was done.",)),
    Refusal.TOO_MANY: Message("Too many pages are open. Please try again in a while."),
    Refusal.ONLY_LOCAL: Message(
        "This page is for this machine alone.",
        (
            "Without `token` or `token_file` under [page] in the configuration it is shown at "
            "http://localhost and http://127.0.0.1 only.",
        ),
    ),
    Refusal.NOT_WATCHED: Message(
        "Nobody watches this tag.", ("Check the spelling, or check what the registry has:",)
    ),
    Refusal.NO_SUCH_PAGE: Message("There is no such page."),
    Refusal.NO_PLACE: Message(
        "Please choose a place.", ("It is where the alert goes; `places` under [page] lists them.",)
    ),
    Refusal.NO_DATABASE: Message(
        "I cannot read my database just now.",
        ("The page will be back as soon as it answers. The log says more.",),
    ),
}


def render_refusal(refusal: Refusal) -> Message:
    """What a visitor is told instead of what was asked for."""
    return _REFUSALS[refusal]
