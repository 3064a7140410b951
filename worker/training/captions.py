"""What people may write for what the scenes show: synonyms and free word order."""

from __future__ import annotations

import random
import re

from training.scenes import COLOURS, Spec

SUBJECT_WORDS: dict[str, tuple[str, ...]] = {
    "ball": ("ball", "ball", "circle"),
    "square": ("square", "square", "box"),
    "triangle": ("triangle",),
    "star": ("star",),
    "heart": ("heart",),
    "sun": ("sun",),
    "moon": ("moon", "moon", "crescent moon"),
    "rocket": ("rocket", "rocket", "spaceship"),
    "fish": ("fish",),
}
SCENE_WORDS: dict[str, tuple[str, ...]] = {
    "night": ("at night", "in a starry night sky", "in the night sky", "at night under the stars", "in a dark sky"),
    "sunset": ("at sunset", "in a sunset sky", "in front of a sunset", "in the evening sky"),
    "ocean": ("over the ocean", "over the sea", "above ocean waves", "on the blue sea"),
    "grass": ("on green grass", "on the grass", "over green hills", "in a green meadow", "over a grassy field"),
    "mountains": ("over purple mountains", "in front of mountains", "over the mountains", "above purple mountains"),
    "desert": ("in the desert", "over desert sand", "over sand dunes", "in a sandy desert"),
    "snow": ("in the snow", "in falling snow", "on a snowy field", "over white snow", "in winter"),
    "city": ("over the city", "over a city skyline", "in front of a city", "above the city at dusk"),
}
MOTION_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("moving left", "going left", "flying left", "sliding left", "moving to the left"),
    "right": ("moving right", "going right", "flying right", "sliding right", "moving to the right"),
    "rising": ("rising", "going up", "moving up", "flying up", "rising up"),
    "falling": ("falling", "going down", "moving down", "dropping", "falling down"),
    "bouncing": ("bouncing", "jumping", "bouncing up and down", "hopping"),
    "growing": ("growing", "getting bigger", "growing bigger", "getting larger"),
    "shrinking": ("shrinking", "getting smaller", "shrinking away", "becoming smaller"),
    "spinning": ("spinning", "rotating", "turning around", "spinning around"),
    "circling": ("circling", "orbiting", "moving in a circle", "going in circles"),
}
SIZE_WORDS: dict[str, tuple[str, ...]] = {"small": ("small", "little", "tiny"), "big": ("big", "large", "huge")}
PACE_WORDS: dict[str, tuple[str, ...]] = {"slow": ("slowly",), "fast": ("fast", "quickly")}
_FILLER = ("a", "an", "the", "is")


def caption(spec: Spec, rng: random.Random) -> str:
    """One of the many sentences for a clip."""
    colour = spec.colour
    subject = rng.choice(SUBJECT_WORDS[spec.subject])
    motion = rng.choice(MOTION_WORDS[spec.motion])
    scene = rng.choice(SCENE_WORDS[spec.scene])
    article = rng.choice(("an" if colour == "orange" and not spec.size else "a", "the"))
    if spec.pace:
        pace = rng.choice(PACE_WORDS[spec.pace])
        motion = rng.choice((f"{motion} {pace}", f"{motion} {pace}", f"{pace} {motion}"))
    size = rng.choice(SIZE_WORDS[spec.size]) + " " if spec.size else ""
    templates = (
        f"{article} {size}{colour} {subject} {motion} {scene}",
        f"{article} {size}{colour} {subject} {motion} {scene}",
        f"{article} {size}{colour} {subject} is {motion} {scene}",
        f"{size}{colour} {subject} {motion} {scene}",
        f"{scene}, {article} {size}{colour} {subject} {motion}",
        f"{motion}, {article} {size}{colour} {subject} {scene}",
        f"{article} {size}{colour} {subject} {scene}, {motion}",
        f"{article} {size}{subject} {motion} {scene}, {colour}",
    )
    return rng.choice(templates)


def vocabulary() -> list[str]:
    """Every word the model was trained on, sorted."""
    phrases = [*COLOURS, *_FILLER]
    for table in (SUBJECT_WORDS, SCENE_WORDS, MOTION_WORDS, SIZE_WORDS, PACE_WORDS):
        phrases += [phrase for choices in table.values() for phrase in choices]
    return sorted({word for phrase in phrases for word in re.findall("[a-z]+", phrase)})
