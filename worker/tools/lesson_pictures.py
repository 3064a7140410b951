"""`python worker/tools/lesson_pictures.py`: makes the pictures of README, lessons and examples anew.

The bundled model makes them.

To be run when the model's weights changed; what the lessons say of each picture must then be read again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ttvideo.media.grid import Cell, Grid

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "lessons" / "images"
POSTCARDS = ROOT / "media" / "examples" / "postcards"
BALL = "a red ball bouncing on green grass"
HEART = "a pink heart moving left at sunset"
GREATEST_WIDTH = 1100


@dataclass(frozen=True)
class Row:
    """A clip of a sheet: its name there, and how it is made."""

    label: str
    prompt: str
    options: tuple[str, ...]


SHEETS = {
    "your-first-video-ball.webp": [Row("", BALL, ("--seed", "1"))],
    "your-first-video-seeds.webp": [Row(f"seed {seed}", HEART, ("--seed", str(seed))) for seed in (1, 2, 3)],
    "your-first-video-steps.webp": [
        Row("1 step", HEART, ("--seed", "1", "--steps", "1")),
        Row("20 steps", HEART, ("--seed", "1")),
    ],
    "parameters-guidance.webp": [
        Row(f"guidance {scale}", BALL, ("--seed", "3", "--guidance", str(scale))) for scale in (1, 3, 7)
    ],
    "parameters-motion.webp": [
        Row("with", BALL, ("--seed", "3")),
        Row("without", BALL, ("--seed", "3", "--set", "motion=false")),
    ],
}
README_CLIPS = ROOT / "docs" / "clips.gif"
README_PROMPTS = (
    BALL,
    "a blue star rising over purple mountains",
    "a green triangle moving right in the snow",
    "a pink heart growing at sunset",
    "a yellow sun rising over the ocean",
    "an orange square moving left in the desert",
)
POSTCARD_PROMPTS = {
    "1_ocean.png": "a yellow sun over the ocean",
    "2_meadow.png": "a red ball on green grass",
    "3_night.png": "a white star in the night sky",
    "4_city.png": "an orange moon over the city",
}


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    POSTCARDS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder)
        for name, rows in SHEETS.items():
            cells = [Cell(row.label, frames(made(outputs, "generate", row.prompt, *row.options))) for row in rows]
            save(Grid(cells, columns=1, fps=8).sheet(), IMAGES / name)
        readme(outputs)
        postcards(outputs)
        story(outputs)
        crossfade(outputs)


def readme(outputs: Path) -> None:
    """The clips of README, side by side in a GIF."""
    cells = [Cell("", frames(made(outputs, "generate", prompt, "--seed", "4"))) for prompt in README_PROMPTS]
    grid = Grid(cells, columns=3, fps=8)
    size = grid.width * 3 // 4, grid.height * 3 // 4
    first, *others = (Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS) for pixels in grid.frames())
    first.save(README_CLIPS, save_all=True, append_images=others, duration=125, loop=0, optimize=True)
    print(f"{README_CLIPS.relative_to(ROOT)}: {first.width}x{first.height}, {README_CLIPS.stat().st_size:,} bytes")


def made(outputs: Path, *arguments: str) -> Path:
    """The folder of the job."""
    command = [sys.executable, "-m", "ttvideo", *arguments, "--output", str(outputs), "--json"]
    environment = {"TTVIDEO_STATE": str(outputs / "state"), "PYTHONPATH": str(ROOT / "worker"), "HOME": str(outputs)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return Path(json.loads(done.stdout.splitlines()[-1])["folder"])


def frames(folder: Path) -> list[Path]:
    return sorted(folder.joinpath("frames").glob("frame_*.png"))


def postcards(outputs: Path) -> None:
    storyboard = outputs / "postcards.txt"
    storyboard.write_text("\n\n".join(f"{prompt} | seed=11" for prompt in POSTCARD_PROMPTS.values()))
    for frame, name in zip(frames(made(outputs, "storyboard", str(storyboard))), POSTCARD_PROMPTS, strict=True):
        with Image.open(frame) as image:
            image.resize((512, 512), Image.Resampling.LANCZOS).save(POSTCARDS / name, optimize=True)


def story(outputs: Path) -> None:
    """The ten frames of the world's fair as two rows."""
    pictures = frames(made(outputs, "storyboard", str(ROOT / "media" / "examples" / "video_prompts.txt")))
    save(
        Grid([Cell("", [picture]) for picture in pictures], columns=5, fps=2).poster(),
        IMAGES / "storyboard-frames.webp",
    )


def crossfade(outputs: Path) -> None:
    """Six frames of the postcards going over into each other, read back from the clip."""
    clip = (
        made(outputs, "stitch", str(POSTCARDS), "--hold", "1", "--transition", "crossfade", "--fps", "6") / "clip.mp4"
    )
    save(spread(read(clip), 6), IMAGES / "motion-crossfade.webp")


def read(clip: Path) -> Sequence[np.ndarray]:
    import imageio_ffmpeg

    reader = imageio_ffmpeg.read_frames(str(clip))
    width, height = next(reader)["size"]
    return [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]


def spread(clip: Sequence[np.ndarray], count: int) -> np.ndarray:
    chosen = np.linspace(2, len(clip) - 3, count).round().astype(int)
    return np.concatenate(
        [np.pad(clip[index], ((8, 8), (4, 4), (0, 0)), constant_values=30) for index in chosen], axis=1
    )


def save(pixels: np.ndarray, path: Path) -> None:
    picture = Image.fromarray(pixels)
    picture.thumbnail((GREATEST_WIDTH, 2 * GREATEST_WIDTH), Image.Resampling.LANCZOS)
    picture.save(path, quality=85, method=6)
    print(f"{path.relative_to(ROOT)}: {picture.width}x{picture.height}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
