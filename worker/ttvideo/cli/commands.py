"""What each subcommand does."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from ttvideo.cli import again as remaking
from ttvideo.cli import boards, comparisons, pictures
from ttvideo.cli import models as modelling
from ttvideo.cli import scaling as scalings
from ttvideo.cli import storyboard as storyboards
from ttvideo.cli.follow import Follower
from ttvideo.cli.requests import parameters_of, request_of
from ttvideo.contract import (
    AnimateRequest,
    CompareRequest,
    DownloadRequest,
    ExperimentRequest,
    GenerateRequest,
    Job,
    Phase,
    StitchRequest,
    StoryboardRequest,
)
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import experiments, folders
from ttvideo.jobs.queue import Queue, open_queue
from ttvideo.jobs.runner import Runner
from ttvideo.media.files import readable_size

Command: TypeAlias = Callable[[argparse.Namespace], int]


def exit_code(error: WorkerError) -> int:
    return {ErrorKind.INVALID_PARAMETERS: 2, ErrorKind.DEVICE_BUSY: 3}.get(error.kind, 1)


def generate(arguments: argparse.Namespace) -> int:
    if arguments.count < 1:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, "--count must be at least 1.", "Leave it out for one clip.")
    parameters = parameters_of(arguments)
    requests = []
    for number in range(arguments.count):
        seeded = arguments.seed is not None and arguments.seed != -1
        seed = {"seed": arguments.seed + number} if seeded else {}
        requests.append(
            request_of(
                arguments,
                model=arguments.model,
                prompt=arguments.prompt,
                negative_prompt=arguments.negative,
                parameters=parameters | seed,
            )
        )
    return _run_here(arguments, lambda queue: [queue.submit(request, reserved=True) for request in requests])


def experiment(arguments: argparse.Namespace) -> int:
    base = request_of(
        arguments,
        model=arguments.model,
        prompt=arguments.prompt,
        negative_prompt=arguments.negative,
        parameters=parameters_of(arguments) | ({} if arguments.seed is None else {"seed": arguments.seed}),
    )
    request = ExperimentRequest(base=base, vary=dict(arguments.vary))
    return _run_here(arguments, lambda queue: experiments.submit(queue, request, reserved=True))


def compare(arguments: argparse.Namespace) -> int:
    return comparisons.compare(arguments, _run_here)


def stitch(arguments: argparse.Namespace) -> int:
    return pictures.stitch(arguments, _run_here)


def animate(arguments: argparse.Namespace) -> int:
    return pictures.animate(arguments, _run_here)


def storyboard(arguments: argparse.Namespace) -> int:
    return storyboards.run(arguments, _run_here)


def scaling(arguments: argparse.Namespace) -> int:
    with _queue() as queue:
        return scalings.run(arguments, queue)


def again(arguments: argparse.Namespace) -> int:
    return remaking.again(arguments, _run_here)


def list_jobs(arguments: argparse.Namespace) -> int:
    folder = Path(arguments.adopt).expanduser() if arguments.adopt else None
    if folder is not None and not folder.is_dir():
        raise WorkerError(
            ErrorKind.NOT_FOUND, f"There is no folder {folder}.", "Name the folder that holds job folders."
        )
    with _queue() as queue:
        if folder is not None:
            queue.adopt(folder.resolve())
        jobs, state = queue.list(arguments.limit), queue.state()
    for job in jobs:
        print(_json(job) if arguments.json else _line(job))
    if not arguments.json and not jobs:
        print('No jobs yet. Make one: ttvideo generate "a red ball bouncing on green grass"')
    if not arguments.json and state.paused:
        print(f"The queue is paused{f': {state.reason}' if state.reason else ''} `ttvideo queue resume` lets it go on.")
    return 0


def show(arguments: argparse.Namespace) -> int:
    with _queue() as queue:
        job = queue.get(arguments.id)
    if arguments.json:
        print(_json(job))
        return 0
    rows = {
        "job": job.id,
        "state": _state(job),
        **_about(job),
        "parameters": ", ".join(f"{name} {value}" for name, value in job.parameters.items()),
        "seconds": ", ".join(f"{phase.value} {spent:.2f}" for phase, spent in job.seconds.items()),
        "submitted by": job.submitted_by,
        "frames": "" if isinstance(job.request, DownloadRequest) else _frames(job),
        "folder": job.folder,
    }
    for name, value in rows.items():
        if value:
            print(f"{name:>12}  {value}")
    for note in job.notes:
        print(f"{'note':>12}  {note}")
    if job.status.state == "running" and job.status.stall:
        print(f"{'stall':>12}  {job.status.stall.message} {job.status.stall.hint}")
    for output in job.outputs:
        print(f"{output.kind:>12}  {output.path}")
    if job.status.state == "failed":
        print(f"{'error':>12}  {job.status.error.message} {job.status.error.hint}")
    return 0


def _frames(job: Job) -> str:
    return f"{job.frames_done} of {job.parameters.get('frames', 1)}"


def _about(job: Job) -> dict[str, str]:
    request = job.request
    if isinstance(request, StitchRequest):
        return {"pictures": request.folder}
    if isinstance(request, StoryboardRequest):
        model = str(job.parameters["model"])
        return {"storyboard": request.file, "model": model, "device": job.device or request.device}
    if isinstance(request, AnimateRequest):
        return {"picture": request.image}
    if isinstance(request, DownloadRequest):
        return {"download": folders.title(request)}
    if isinstance(request, CompareRequest):
        return {"jobs": ", ".join(request.jobs), "labels": folders.title(request)}
    return {"prompt": request.prompt, "model": request.model, "device": job.device or request.device}


def resume(arguments: argparse.Namespace) -> int:
    return _run_here(arguments, lambda queue: [queue.resume(arguments.id, reserved=True)])


def clip(arguments: argparse.Namespace) -> int:
    from ttvideo.jobs.clip import clip_finished_frames

    with _queue() as queue:
        job = clip_finished_frames(queue, arguments.id)
    print(_json(job) if arguments.json else "\n".join(output.path for output in job.outputs))
    return 0


def cancel(arguments: argparse.Namespace) -> int:
    with _queue() as queue:
        for id in arguments.ids:
            print(f"{id}: {queue.cancel(id).status.state}")
    return 0


def remove(arguments: argparse.Namespace) -> int:
    with _queue() as queue:
        for id in arguments.ids:
            queue.remove(id, delete_files=arguments.files)
            print(f"{id}: removed")
    return 0


def queue(arguments: argparse.Namespace) -> int:
    with _queue() as queue:
        if arguments.action == "pause":
            queue.pause("Paused from the terminal.")
        elif arguments.action == "resume":
            queue.unpause()
        state = queue.state()
    print(f"The queue is {'paused. ' + (state.reason or '') if state.paused else 'running.'}".strip())
    return 0


def models(arguments: argparse.Namespace) -> int:
    if arguments.action != "remove":
        return modelling.run(arguments)
    with _queue() as queue:
        return modelling.remove(arguments, queue)


def download(arguments: argparse.Namespace) -> int:
    return modelling.download(arguments, _run_here)


def doctor(arguments: argparse.Namespace) -> int:
    from ttvideo.cli.doctor import examine

    return examine()


def devices(arguments: argparse.Namespace) -> int:
    from ttvideo.cli.devices import show_devices

    return boards.check(arguments.json) if arguments.check else show_devices(arguments)


def reset(arguments: argparse.Namespace) -> int:
    with _queue() as queue:
        return boards.reset(queue)


def serve(arguments: argparse.Namespace) -> int:
    from ttvideo.rpc.server import serve as serve_rpc

    return serve_rpc()


def _run_here(arguments: argparse.Namespace, submit: Callable[[Queue], list[Job]]) -> int:
    """Put jobs into the queue for this process to run, and show them until they end."""
    with _queue() as queue:
        jobs = submit(queue)
        runner = Runner(queue)
        follower = Follower(queue, jobs, json=arguments.json, wait=not arguments.no_wait)
        runner.start()
        try:
            return follower.run()
        finally:
            runner.stop(timeout=1)


@contextmanager
def _queue() -> Iterator[Queue]:
    queue = open_queue("terminal")
    try:
        yield queue
    finally:
        queue.close()


def _json(value: Any) -> str:
    text: str = value.model_dump_json(by_alias=True)
    return text


def _state(job: Job) -> str:
    status = job.status
    if status.state == "running":
        downloading = status.phase == Phase.DOWNLOADING
        done, total = (readable_size(n) if downloading else n for n in (status.step, status.total))
        steps = f" {done}/{total}" if status.total else ""
        return f"{status.phase.value}{steps}"
    if status.state == "queued" and status.waiting_for:
        return f"queued, waiting for {status.waiting_for}"
    if status.state == "interrupted":
        return f"interrupted: {status.reason}"
    return status.state


def _line(job: Job) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created_at))
    return f"{job.id}  {when}  {_state(job).partition(':')[0]:<12}  {_title(job)[:60]}"


def _title(job: Job) -> str:
    title = folders.title(job.request)
    return title if isinstance(job.request, GenerateRequest) else f"{job.request.kind} {title}"
