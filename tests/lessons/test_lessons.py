"""The lessons prove themselves: every button's request is carried out, every block of code is run.

The extension's own tests (tests/extension/lessons) hold that each link is a command that lessons may run, and that it
takes these arguments; the real VS Code opens the pages.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.lessons import LESSONS, ROOT, Block, CommandLink, Page
from support.rpc_client import Message, RpcClient, RpcError
from ttvideo.storyboards.storyboard import parse

WITHOUT_THE_WORKER = {
    "tenstorrent.startInteractiveImageGen",
    "ttVideo.interactiveStoryboard",
    "ttVideo.jobs.focus",
    "ttVideo.openExample",
    "ttVideo.resetBoards",
    "ttVideo.restartWorker",
    "ttVideo.revealOutput",
    "ttVideo.setHuggingFaceToken",
    "ttVideo.setUpWorker",
    "ttVideo.showLog",
    "ttVideo.startInteractiveGeneration",
    "workbench.action.openSettings",
}
"""What these do, the extension does itself or a person is asked first: its own tests press them."""
PHASES: dict[str, Message] = json.loads((Path(__file__).parents[1] / "support/animatediff_phases.json").read_text())
"""The extension's tests hold that it asks for these."""
SMALL = {"width": 64, "height": 64}
"""Of 512x512 this takes minutes on two cores, even with a tiny checkpoint."""
ENDED = ("done", "failed", "cancelled", "interrupted")
PAGES = [Page(path) for path in LESSONS]
LARGE_DOWNLOAD = "the hub cannot be reached here: the job ends with one sentence about that"


def lesson(id: str) -> Page:
    return next(page for page in PAGES if page.path.stem == id)


@pytest.fixture
def worker(tmp_path: Path, environment: dict[str, str]) -> Iterator[RpcClient]:
    with RpcClient(tmp_path / "worker.log", env=environment) as client:
        client.request("queue/resume")
        yield client


def requests_of(link: CommandLink, outputs: str) -> list[tuple[str, Message]]:
    """What the extension asks the worker for when the button is pressed."""
    about = link.argument if isinstance(link.argument, dict) else {}
    files = {"outputFolder": outputs}
    example = f"{outputs}/{about.get('example')}"
    match link.command:
        case "ttVideo.generateVideo":
            given = {key: value for key, value in about.items() if key != "count"}
            return [("jobs/submit", {**given, **files})] * int(about.get("count", 1))
        case "ttVideo.runExperiment" if about:
            base = {key: value for key, value in about.items() if key != "vary"}
            return [("jobs/experiment", {"base": {**base, **files}, "vary": about["vary"]})]
        case "ttVideo.generateFromStoryboard":
            return [("jobs/storyboard", {"file": example, **files})]
        case "ttVideo.animateStill":
            return [("jobs/animate", {"image": example, "motion": about["motion"], **files})]
        case "ttVideo.stitchFrames":
            held = {"hold": 2, "fps": 24} if "transition" in about else {}
            more = {key: value for key, value in about.items() if key != "example"}
            return [("jobs/stitch", {"folder": example, **held, **more, **files})]
        case "ttVideo.downloadModel" if link.argument:
            return [("models/download", {"model": link.argument})]
        case "tenstorrent.runHardwareDetection" | "ttVideo.detectHardware" | "ttVideo.preflight":
            return [("device/status", {}), ("models/list", {})]
        case "ttVideo.runAnimateDiffPhase1" | "ttVideo.runAnimateDiffPhase2":
            phase = PHASES[link.command]
            return [("jobs/submit", {**phase, "parameters": {**phase["parameters"], **SMALL}, **files})]
        case "ttVideo.deployAnimateDiff":
            return [("package/deploy", {"folder": f"{outputs}/tt-animatediff"})]
        case "ttVideo.viewAnimateDiffOutput":
            return [("jobs/list", {}), ("outputs/watch", {"folders": [outputs]})]
        case "ttVideo.resumeQueue":
            return [("queue/resume", {})]
        case "ttVideo.downloadModel" | "ttVideo.runExperiment" if link.argument is None:
            return []
    assert link.command in WITHOUT_THE_WORKER, f"nobody says what {link.command} asks for"
    return []


def ends(client: RpcClient, id: str) -> Message:
    def ended() -> list[Message]:
        heard = [job for job in client.heard("job/changed") if job["id"] == id]
        return heard[-1:] if heard and heard[-1]["status"]["state"] in ENDED else []

    client.wait_for(ended, f"job {id} to end", timeout=300)
    return ended()[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_buttons(page: Page, worker: RpcClient, home: Path) -> None:
    jobs: list[Message] = []
    asked: list[tuple[str, Message]] = []
    for link in page.commands:
        for method, params in requests_of(link, str(home / "tt-scratchpad")):
            if (method, params) in asked:
                continue
            asked.append((method, params))
            if params.get("device") == "tt":
                # No board is here: refused, with what to do.
                with pytest.raises(RpcError) as refused:
                    worker.request(method, params)
                assert refused.value.data["kind"] == "noDevice"
                continue
            answer = worker.request(method, params)
            jobs += answer["jobs"] if method == "jobs/experiment" else [answer] if "status" in answer else []
    for job in jobs:
        ended = ends(worker, job["id"])
        if job["request"]["kind"] == "download":
            assert ended["status"].get("error", {}).get("kind") in (None, "network"), LARGE_DOWNLOAD
        else:
            assert ended["status"]["state"] == "done", ended["status"]
            assert all(Path(output["path"]).stat().st_size for output in ended["outputs"])


# Blocks that are not run as they stand, and why: one of these reasons and no other. Their commands are parsed all the
# same (test_pages.py).
NEEDS_BOARD, NEEDS_DOWNLOAD, NEEDS_METAL, NEEDS_TTNN = "a board", "a download", "tt-metal", "a Python with ttnn"
EXCUSED: dict[str, str] = {}
PREFLIGHT = "ttvideo preflight tiny --board n150"
if not (ROOT / "build" / "ttnn" / ".ready").exists():
    # `make ttnn` makes it; where Python 3.10 and 3.12 are missing, there is none.
    EXCUSED[PREFLIGHT] = NEEDS_TTNN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_blocks(page: Page, home: Path, environment: dict[str, str]) -> None:
    """In the order of the lesson, each in a shell of its own that begins in the output folder, as its terminals do."""
    folder = home / "tt-scratchpad"
    said = ""
    for block in page.blocks:
        if block.text in EXCUSED:
            continue
        if block.language == "bash":
            code = block.text.replace("{{projectPath}}", str(folder / "tt-animatediff"))
            said = run(block, ["bash", "-e", "-c", code], folder, environment)
        elif block.language == "python":
            said = run(block, ["python", "-c", block.text], folder, environment)
        elif block.text.startswith("---\n"):
            head = parse(f"{block.text}\n\na red ball\n")
            assert not head.problems, head.problems
        else:
            assert block.language == "text", f"line {block.line}: nobody knows what this is"
            assert re.search(pattern(block.text), said), f"line {block.line} was not printed: {said}"


def run(block: Block, command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"line {block.line}: {block.text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def pattern(expected: str) -> str:
    """`…` stands for anything."""
    return ".*?".join(map(re.escape, expected.split("…")))


def test_few_blocks_are_excused() -> None:
    blocks = [block for page in PAGES for block in page.blocks]
    assert set(EXCUSED.values()) <= {NEEDS_BOARD, NEEDS_DOWNLOAD, NEEDS_METAL, NEEDS_TTNN}
    assert set(EXCUSED) <= {block.text for block in blocks}, "an excuse that no block needs"
    assert len(EXCUSED) <= 0.15 * len(blocks)


def test_the_course_has_enough_to_do() -> None:
    assert sum(len(page.commands) for page in PAGES) >= 24
    orders: dict[str, list[int]] = {}
    for page in PAGES:
        orders.setdefault(page.head("category"), []).append(int(page.head("order")))
    assert all(sorted(order) == list(range(1, len(order) + 1)) for order in orders.values()), orders


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)
def test_links_lead_to_files(page: Page) -> None:
    missing = [target for target in page.files if not (page.path.parent / target).exists()]
    assert missing == []
