"""Parameters that all families have, whatever they make."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field

LARGEST_SEED = 2**53 - 1
"""Of whole numbers, the largest that JavaScript can tell from the next."""

BoardWeights: TypeAlias = Literal["bfloat16", "bfloat8_b"]


def differs(params: BaseModel, name: str) -> bool:
    """Whether there is such a parameter, and it is not as it is when nobody asks."""
    fields = type(params).model_fields
    return name in fields and getattr(params, name) != fields[name].default


def seed(made: str) -> Any:
    return Field(
        0,
        ge=0,
        le=LARGEST_SEED,
        title="Seed",
        description=f"The same seed makes the same {made}; -1 draws a new one",
        # What a request may say and what it says when it says nothing; here the seed is drawn already.
        json_schema_extra={"minimum": -1, "default": -1},
        examples=[7],
    )


def start_image(description: str) -> Any:
    return Field(
        None,
        title="Start image",
        description=description,
        json_schema_extra={"format": "path", "contentMediaType": "image/*"},
    )


def board_weights() -> Any:
    return Field(
        "bfloat16",
        title="Board weights",
        description="bfloat8_b: matrices take half the memory on a board, for nearly the same clip",
        json_schema_extra={
            "advanced": True,
            "devices": ["tt"],
            "elsewhere": "bfloat8_b is a data type of Tenstorrent's boards",
        },
    )


def start_video(description: str) -> Any:
    return Field(
        None,
        title="Start video",
        description=description,
        json_schema_extra={"format": "path", "contentMediaType": "video/*"},
    )
