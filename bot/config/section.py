"""What all parts of the configuration have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=10 * 365 * 86400)]


class Section(BaseModel):
    """A table of the configuration: nothing in it is unknown, and nothing of it is repeated."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )
