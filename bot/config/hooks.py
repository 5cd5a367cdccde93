"""Registries that post to the bot when a tag is pushed."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, SecretStr, model_validator

from bot.config.section import Section, parse_name, parse_registry_host
from bot.core.pushed import SECRET_IN_ADDRESS, USUAL_REGISTRY, Sender


class HookBlock(Section):
    """One [[hook]]: who posts, what proves it, and which registry it speaks for."""

    name: Annotated[str, AfterValidator(parse_name)]
    kind: Literal["distribution", "dockerhub", "github", "harbor", "quay", "generic"]
    registry: Annotated[str, AfterValidator(parse_registry_host)] | None = None
    secret: SecretStr | None = None
    secret_file: Path | None = None

    @property
    def sender(self) -> Sender:
        """Who posts."""
        return Sender(self.kind)

    @property
    def speaks_for(self) -> str | None:
        """The registry's host in references; None for any."""
        return self.registry or USUAL_REGISTRY.get(self.sender)

    @property
    def secret_is_in_address(self) -> bool:
        """Whether the secret is the last part of the address that is posted to."""
        return self.sender in SECRET_IN_ADDRESS

    @model_validator(mode="after")
    def _makes_sense(self) -> "HookBlock":
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("give `secret` or `secret_file`, one of the two")
        if self.speaks_for is None and self.sender is not Sender.GENERIC:
            raise ValueError("`registry` is missing: the host as it stands in references")
        return self
