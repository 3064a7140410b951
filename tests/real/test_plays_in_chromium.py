"""An MP4 of ours plays in Chromium, the engine that VS Code shows it with, every frame of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.waiting import wait_until
from ttvideo.cli import main
from ttvideo.media.encode import encode
from ttvideo.media.frames import Pixels, save_frame
from ttvideo.media.timeline import one_each

FRAMES, FPS, SIDE = 16, 8, 128
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
)

# Frame i shows the bits of i as four columns, black or white. The page plays the clip to its end, then looks into the
# middle of each frame's time.
PAGE = """<!doctype html>
<video muted></video>
<script>
const video = document.querySelector("video");
const heard = name => new Promise((done, failed) => {
  video.addEventListener(name, done, {once: true});
  video.addEventListener("error", () => failed(new Error(video.error.message)), {once: true});
});
async function watch() {
  const clip = await (await fetch("clip.mp4")).blob();
  const loaded = heard("loadeddata");
  video.src = URL.createObjectURL(clip);
  await loaded;
  const times = [];
  video.addEventListener("timeupdate", () => times.push(video.currentTime));
  const ended = heard("ended");
  await video.play();
  await ended;
  const played = times.slice();  // seeking, too, updates the time
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const shown = [], pictures = new Set();
  for (let i = 0; i < FRAMES; i++) {
    // On a busy machine the end of the search comes before its picture does.
    const there = [heard("seeked"), new Promise(done => video.requestVideoFrameCallback(done))];
    video.currentTime = (i + 0.5) / FPS;
    await Promise.all(there);
    context.drawImage(video, 0, 0);
    const bit = column => context.getImageData(column * SIDE / 4 + SIDE / 8, SIDE / 2, 1, 1).data[0] > 127;
    shown.push([0, 1, 2, 3].reduce((value, column) => value + (bit(column) << column), 0));
    pictures.add(context.getImageData(0, 0, SIDE, SIDE).data.join());
  }
  const size = {width: video.videoWidth, height: video.videoHeight};
  return {...size, duration: video.duration, played, shown, distinct: pictures.size};
}
watch().catch(error => ({error: String(error)})).then(seen =>
  fetch("seen", {method: "POST", body: JSON.stringify(seen)}));
</script>
"""


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        # Under CI a missing browser is a failure: nothing is skipped there.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("Chromium is not installed (`chromium`)")
    return found


def frame(index: int) -> Pixels:
    columns = [255 * (index >> column & 1) for column in range(4)]
    return np.tile(np.repeat(np.array(columns, np.uint8), SIDE // 4)[:, None], (SIDE, 1, 3))


@contextmanager
def served(clip: bytes) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A page that watches `clip`, and the list that what it saw comes to."""
    seen: list[dict[str, Any]] = []
    page = PAGE.replace("FRAMES", str(FRAMES)).replace("FPS", str(FPS)).replace("SIDE", str(SIDE)).encode()

    class Handler(BaseHTTPRequestHandler):
        def answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.answer("video/mp4", clip) if self.path == "/clip.mp4" else self.answer("text/html", page)

        def do_POST(self) -> None:
            seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer("text/plain", b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", seen
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def browser(program: str, url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "chromium.log").open("wb") as log:
        argv = [program, *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}", url]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def watch(clip: Path, folder: Path) -> dict[str, Any]:
    """What the page saw of `clip`, played to its end."""
    with served(clip.read_bytes()) as (url, answers), browser(chromium(), url, folder) as process:
        wait_until(lambda: answers or process.poll() is not None, "the page to have watched the clip")
    assert answers, (folder / "chromium.log").read_text(errors="replace")
    seen = answers[0]
    assert "error" not in seen, seen
    assert (seen["width"], seen["height"]) == (SIDE, SIDE)
    assert seen["duration"] == pytest.approx(FRAMES / FPS, abs=0.01)
    assert seen["played"] == sorted(seen["played"])
    assert any(0 < time < seen["duration"] for time in seen["played"])
    return seen


def test_every_frame_of_an_mp4_is_shown_in_order(tmp_path: Path) -> None:
    paths = [tmp_path / f"frame_{i:03d}.png" for i in range(FRAMES)]
    for i, path in enumerate(paths):
        save_frame(frame(i), path, None)
    clip = tmp_path / "clip.mp4"
    encode(one_each(paths, FPS), clip, "mp4", None, lambda i: None)
    assert watch(clip, tmp_path)["shown"] == list(range(FRAMES))


def test_a_generated_clip_plays_with_all_its_frames(tmp_path: Path, outputs: Path) -> None:
    command = ["generate", "a blue star rising over purple mountains", "--seed", "7", "--output", str(outputs)]
    assert main(command) == 0
    (clip,) = outputs.glob("*/clip.mp4")
    assert watch(clip, tmp_path)["distinct"] == FRAMES
