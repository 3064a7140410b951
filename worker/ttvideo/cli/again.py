"""`ttvideo again`: from what a file of ours says about itself, or its folder knows, to one like it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ttvideo import families
from ttvideo.cli import models
from ttvideo.cli.pictures import RunHere
from ttvideo.cli.requests import request_of, started
from ttvideo.contract import (
    AnimateRequest,
    CompareRequest,
    GenerateRequest,
    JobRequest,
    StitchRequest,
    StoryboardRequest,
)
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import folders, inputs


def again(arguments: argparse.Namespace, run_here: RunHere) -> int:
    file = Path(arguments.file)
    recipe = read_recipe(file)
    if recipe.get("kind") is not None:
        again = _again_of(file, recipe, arguments)
        return run_here(arguments, lambda queue: [queue.submit(again, reserved=True)])
    if recipe.get("start") is not None:
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"{file} began with the frame before it, and cannot be made alone.",
            "`ttvideo storyboard FILE --reroll N` makes one frame of a storyboard again.",
        )
    given = models.weights(arguments) | started(arguments)
    parameters = inputs.found_again(recipe["parameters"] | given, file)
    if arguments.seed is not None:
        parameters["seed"] = arguments.seed
    request = request_of(
        arguments,
        model=recipe["model"],
        prompt=recipe["prompt"],
        negative_prompt=recipe["negativePrompt"],
        parameters=parameters,
    )
    if _revision(request) != recipe["revision"] and not arguments.json:
        print("The file was made with other weights of this model: the frames will differ.")
    return run_here(arguments, lambda queue: [queue.submit(request, reserved=True)])


def _revision(request: GenerateRequest) -> str:
    family = families.find(request.model)
    return family.revision(family.Params.model_validate(request.parameters))


def _again_of(file: Path, recipe: dict[str, Any], arguments: argparse.Namespace) -> JobRequest:
    """The request for another clip like this one, which no single prompt made."""
    files = {"formats": arguments.format, "output_folder": arguments.output, "metadata": not arguments.no_metadata}
    job = folders.job_of(file if file.is_dir() else file.resolve().parent)
    request = None if job is None else job.request
    if recipe["kind"] == "storyboard" and isinstance(recipe.get("text"), str):
        seed = recipe["parameters"].get("seed") if arguments.seed is None else arguments.seed
        settings = {**(recipe.get("settings") or {}), **({} if seed is None else {"seed": seed})}
        path = request.file if isinstance(request, StoryboardRequest) else str(file.resolve().with_suffix(".txt"))
        about: dict[str, Any] = {"settings": settings, "device": arguments.device, "fresh": True}
        return StoryboardRequest(file=path, text=recipe["text"], **about, **files)
    if not isinstance(request, StitchRequest | AnimateRequest | CompareRequest):
        if recipe["kind"] == "compare":
            raise WorkerError(
                ErrorKind.UNSUPPORTED,
                f"{file} shows the videos of several jobs, and does not say of which.",
                "`ttvideo compare JOB JOB` shows videos side by side.",
            )
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
