"""How each checkpoint was tried. Here stands nothing that no test does: tests/clips/test_verified.py holds it so."""

from __future__ import annotations

from collections.abc import Mapping

RANDOM = "tiny random weights against diffusers' own pipeline, in the tests"
OWN = "its own weights, in the tests"

WITH_RANDOM_WEIGHTS = (
    "sdxl",
    "sd35-medium",
    "sd35-large",
    "animatediff",
    "animatediff-v1-5-2",
    "animatediff-lightning-2",
    "wan2.1-1.3b",
    "wan2.2-5b",
    "wan2.2-a14b",
    "wan2.2-i2v-a14b",
    "mochi-1",
    "cogvideox-2b",
    "cogvideox-5b",
    "cogvideox-5b-i2v",
    "hunyuanvideo",
    "ltx-video",
    "ltx-video-0.9.1",
)


def verified(checkpoint: str) -> Mapping[str, str]:
    """By backend, how it was tried there; of backends that are not named nothing is known."""
    return {"cpu": RANDOM} if checkpoint in WITH_RANDOM_WEIGHTS else {}
