"""Values that several sections have."""

from typing import Annotated

from pydantic import BeforeValidator

from bot.core.errors import InvalidInput
from bot.core.model import Place
from bot.core.platform import Platform, parse_platform

SERVICES = ("slack", "telegram", "terminal", "webhook")


def _platform(text: object) -> Platform:
    if isinstance(text, Platform):
        return text
    if not isinstance(text, str):
        raise ValueError("must be a text such as arm64")  # noqa: TRY004 - what pydantic catches
    try:
        return parse_platform(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


def _place(text: object) -> Place:
    if isinstance(text, Place):
        return text
    if not isinstance(text, str):
        raise ValueError("must be a text such as slack:C0123")  # noqa: TRY004 - what pydantic catches
    return _place_of(text)


def _place_of(text: str) -> Place:
    service, _, rest = text.partition(":")
    conversation, _, thread = rest.partition(":")
    if service not in SERVICES or (service == "terminal") != (not conversation):
        raise ValueError(
            f"{text!r} is no place: write terminal, slack:C0123, telegram:-100123:topic or "
            "webhook:name"
        )
    return Place(service, conversation, thread)


def parse_place(text: str) -> Place:
    """A place as the configuration and the command line write it. Raises InvalidInput."""
    try:
        return _place_of(text)
    except ValueError as error:
        raise InvalidInput(str(error)) from None


PlatformSetting = Annotated[Platform, BeforeValidator(_platform)]
PlaceSetting = Annotated[Place, BeforeValidator(_place)]
