"""What all tables of a policy share: they are frozen, and refuse a name that they do not know."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Table(BaseModel):
    """One table of the policy file."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",  # a mistyped name must not silently mean its default
        allow_inf_nan=False,
        populate_by_name=False,
        serialize_by_alias=True,
    )


# Strict throughout: "3", true and 2.5 are no whole numbers, whatever they could be turned into.
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Several = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Chance = Annotated[float, Field(strict=True, gt=0, lt=1)]
Amount = Annotated[float, Field(strict=True, gt=0, le=1_000_000)]
Number = Annotated[float, Field(strict=True, ge=-1_000, le=1_000)]
Text = Annotated[str, Field(strict=True, max_length=128)]
Word = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Label = Annotated[str, Field(strict=True, pattern=r"^\S(.{0,126}\S)?$")]
