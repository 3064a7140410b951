"""What each subcommand does."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from ttvideo import families
from ttvideo.cli import boards, comparisons, pictures
from ttvideo.cli import models as modelling
from ttvideo.cli import scaling as scalings
from ttvideo.cli import storyboard as storyboards
from ttvideo.cli.follow import Follower
from ttvideo.contract import (
    AnimateRequest,
    CompareRequest,
    DownloadRequest,
    ExperimentRequest,
    GenerateRequest,
    Job,
    JobRequest,
    Phase,
    StitchRequest,
    StoryboardRequest,
)
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import experiments, folders, inputs
from ttvideo.jobs.queue import Queue, open_queue
from ttvideo.jobs.runner import Runner
from ttvideo.media.files import readable_size

Command: TypeAlias = Callable[[argparse.Namespace], int]


def exit_code(error: WorkerError) -> int:
    return {ErrorKind.INVALID_PARAMETERS: 2, ErrorKind.DEVICE_BUSY: 3}.get(error.kind, 1)


def generate(arguments: argparse.Namespace) -> int:
    if arguments.count < 1:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, "--count must be at least 1.", "Leave it out for one clip.")
    parameters = _parameters(arguments)
    requests = []
    for number in range(arguments.count):
        seeded = arguments.seed is not None and arguments.seed != -1
        seed = {"seed": arguments.seed + number} if seeded else {}
        requests.append(
            _request(
                arguments,
                model=arguments.model,
                prompt=arguments.prompt,
                negative_prompt=arguments.negative,
                parameters=parameters | seed,
            )
        )
    return _run_here(arguments, lambda queue: [queue.submit(request, reserved=True) for request in requests])


def experiment(arguments: argparse.Namespace) -> int:
    base = _request(
        arguments,
        model=arguments.model,
        prompt=arguments.prompt,
        negative_prompt=arguments.negative,
        parameters=_parameters(arguments) | ({} if arguments.seed is None else {"seed": arguments.seed}),
    )
    request = ExperimentRequest(base=base, vary=dict(arguments.vary))
    return _run_here(arguments, lambda queue: experiments.submit(queue, request, reserved=True))


def compare(arguments: argparse.Namespace) -> int:
    return comparisons.compare(arguments, _run_here)


def _started(arguments: argparse.Namespace) -> dict[str, str]:
    named = {"startImage": arguments.start_image, "startVideo": arguments.start_video}
    return {name: pictures.whole(file) for name, file in named.items() if file}


def _parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """The model's parameters that the command line names. Raises WorkerError(INVALID_PARAMETERS)."""
    names = ["frames", "steps", "guidance", "fps", "strength", "scheduler"]
    names += ["memory", "cache", "quantization", "compile"]
    parameters = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    parameters |= modelling.weights(arguments)
    parameters |= _started(arguments)
    if arguments.size:
        parameters["width"], parameters["height"] = arguments.size
    for text in arguments.set:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise WorkerError(
                ErrorKind.INVALID_PARAMETERS,
                f"'{text[:80]}' sets nothing.",
                "Write --set NAME=VALUE, such as steps=30.",
            )
        parameters[name.replace("-", "_")] = comparisons.value(value)
    return parameters


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
    file = Path(arguments.file)
    recipe = read_recipe(file)
    if recipe.get("kind") is not None:
        again = _again_of(file, recipe, arguments)
        return _run_here(arguments, lambda queue: [queue.submit(again, reserved=True)])
    if recipe.get("start") is not None:
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"{file} began with the frame before it, and cannot be made alone.",
            "`ttvideo storyboard FILE --reroll N` makes one frame of a storyboard again.",
        )
    given = modelling.weights(arguments) | _started(arguments)
    parameters = inputs.found_again(recipe["parameters"] | given, file)
    if arguments.seed is not None:
        parameters["seed"] = arguments.seed
    request = _request(
        arguments,
        model=recipe["model"],
        prompt=recipe["prompt"],
        negative_prompt=recipe["negativePrompt"],
        parameters=parameters,
    )
    if _revision(request) != recipe["revision"] and not arguments.json:
        print("The file was made with other weights of this model: the frames will differ.")
    return _run_here(arguments, lambda queue: [queue.submit(request, reserved=True)])


def _revision(request: GenerateRequest) -> str:
    family = families.find(request.model)
    return family.revision(family.Params.model_validate(request.parameters))


def _again_of(file: Path, recipe: dict[str, Any], arguments: argparse.Namespace) -> JobRequest:
    """The request for another clip like this one, which was made of pictures or of a storyboard."""
    files = {"formats": arguments.format, "output_folder": arguments.output, "metadata": not arguments.no_metadata}
    job = folders.job_of(file if file.is_dir() else file.resolve().parent)
    request = None if job is None else job.request
    if recipe["kind"] == "storyboard" and isinstance(recipe.get("text"), str):
        seed = recipe["parameters"].get("seed") if arguments.seed is None else arguments.seed
        settings = {**(recipe.get("settings") or {}), **({} if seed is None else {"seed": seed})}
        path = request.file if isinstance(request, StoryboardRequest) else str(file.resolve().with_suffix(".txt"))
        about: dict[str, Any] = {"settings": settings, "device": arguments.device, "fresh": True}
        return StoryboardRequest(file=path, text=recipe["text"], **about, **files)
    if not isinstance(request, StitchRequest | AnimateRequest):
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"{file} was made of pictures, and does not say where they are.",
            "`ttvideo stitch DIR` makes a clip of a folder's pictures, `ttvideo animate FILE` of one.",
        )
    return request.model_copy(update=files)


def read_recipe(file: Path) -> dict[str, Any]:
    """What made a file of ours. Raises WorkerError(NOT_FOUND | UNSUPPORTED)."""
    from ttvideo.media import metadata

    if not file.exists():
        raise WorkerError(ErrorKind.NOT_FOUND, f"There is no file {file}.", "Check the path.")
    if file.is_dir() or file.name == folders.MANIFEST:
        manifest = folders.read_manifest(file if file.is_dir() else file.parent)
        recipe = manifest.get("recipe") if manifest else None
    else:
        text = metadata.read(file)
        try:
            recipe = (folders.recipe_around(file.resolve(), text) or json.loads(text)) if text else None
        except ValueError:
            recipe = None
    wanted: dict[str, type] = {"parameters": dict}
    if isinstance(recipe, dict) and recipe.get("kind") is None:
        wanted |= {"model": str, "prompt": str, "negativePrompt": str, "revision": str}
    if not isinstance(recipe, dict) or any(not isinstance(recipe.get(k), kind) for k, kind in wanted.items()):
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"{file} does not say how it was made.",
            "Only files that ttvideo made, with metadata switched on, can be made again.",
        )
    return recipe


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


def _request(arguments: argparse.Namespace, **about: Any) -> GenerateRequest:
    return GenerateRequest(
        **about,
        device=arguments.device,
        formats=arguments.format,
        codec=arguments.codec,
        crf=arguments.crf,
        output_folder=arguments.output,
        metadata=not arguments.no_metadata,
    )


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
