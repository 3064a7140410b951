"""What the files of a job say about how they were made."""

from __future__ import annotations

import json
from pathlib import Path

from ttvideo.jobs import folders

RECIPE = {
    "model": "wan",
    "parameters": {
        "checkpoint": "/home/ada/models/my-wan",
        "loras": "/home/ada/loras/style.safetensors:0.8, /srv/other.safetensors",
        "steps": 4,
        "travel": "8: a dog / a cat",
    },
}


def test_files_that_are_given_away_do_not_say_where_somebody_keeps_models() -> None:
    carried = folders.embedded(RECIPE)
    assert "/home/ada" not in carried
    assert "/srv" not in carried
    assert json.loads(carried)["parameters"] == {
        "checkpoint": "my-wan",
        "loras": "style.safetensors:0.8, other.safetensors",
        "steps": 4,
        "travel": "8: a dog / a cat",
    }


def test_in_its_jobs_folder_a_file_is_made_again_from_the_whole_recipe(tmp_path: Path) -> None:
    (tmp_path / folders.MANIFEST).write_text(json.dumps({"recipe": RECIPE}))
    carried = folders.embedded(RECIPE)
    assert folders.recipe_around(tmp_path / "clip.mp4", carried) == RECIPE
    assert folders.recipe_around(tmp_path / "frames" / "frame_000.png", carried) == RECIPE
    assert folders.recipe_around(tmp_path / "clip.mp4", carried.replace("wan", "ltx", 1)) is None
    assert folders.recipe_around(tmp_path / "elsewhere" / "deep" / "clip.mp4", carried) is None
