"""`ttvideo models`, `download` and `prepare`: what there is, what it takes on the disk, how it gets there and away."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ttvideo import families
from ttvideo.backends import resolve_device
from ttvideo.cli.pictures import RunHere, whole
from ttvideo.contract import Checkpoint, DownloadRequest, ModelChoice, ModelInfo
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import Event, NoteEvent
from ttvideo.families.weights import checkpoints, loras, single_file
from ttvideo.jobs import folders, removal
from ttvideo.jobs.queue import Queue
from ttvideo.media.files import free_bytes, readable_size


def add_models(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "action",
        nargs="?",
        choices=("show", "remove"),
        help="show: with all parameters; remove: delete downloaded ones",
    )
    command.add_argument("ids", nargs="*", metavar="ID", help="a model, a checkpoint or its repository")
    command.add_argument("--yes", action="store_true", help="remove: do not ask")
    command.add_argument("--disk", action="store_true", help="only what the models and the videos take on the disk")


def add_download(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "id",
        metavar="ID",
        help="a model of `ttvideo models`, one of its checkpoints or repositories; or a LoRA: USER/REPOSITORY[:FILE]",
    )


def add_prepare(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", metavar="ID", help="a model of `ttvideo models`, or one of its checkpoints")
    command.add_argument("--device", default="auto", help="auto, cpu or cuda; default: %(default)s")


def add_weights(command: argparse.ArgumentParser) -> None:
    command.add_argument("--checkpoint", metavar="ID", help="which weights of the model, or a folder or file of them")
    command.add_argument(
        "--lora",
        action="append",
        default=[],
        metavar="FILE[:X]",
        help="LoRA weights, X of them: a file, or USER/REPOSITORY[:FILE] that `ttvideo download` fetched",
    )


def weights(arguments: argparse.Namespace) -> dict[str, str]:
    """The parameters that `add_weights` gives, paths in them whole."""
    found = {}
    if arguments.checkpoint:
        path = Path(arguments.checkpoint).expanduser()
        named = path.is_dir() or path.suffix in single_file.ENDINGS
        found["checkpoint"] = whole(arguments.checkpoint) if named else arguments.checkpoint
    if arguments.lora:
        found["loras"] = ", ".join(map(_lora, arguments.lora))
    return found


def _lora(text: str) -> str:
    of_hub = loras.of_hub(text) is not None and not Path(text.partition(":")[0]).exists()
    return text if of_hub else whole(text)


def download(arguments: argparse.Namespace, run_here: RunHere) -> int:
    request = DownloadRequest(model=arguments.id)
    return run_here(arguments, lambda queue: [queue.submit(request, reserved=True)])


def prepare(arguments: argparse.Namespace) -> int:
    family, model = families.published(ModelChoice(model=arguments.id))
    if family.prepare is None:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{family.title} is used as it was downloaded: there is nothing to prepare.",
            "`ttvideo models` lists the others.",
        )

    def tell(event: Event) -> None:
        if isinstance(event, NoteEvent):
            print(event.text, file=sys.stderr)

    made = family.prepare(resolve_device(arguments.device), model, tell)
    for folder in made:
        print(folder)
    if not made:
        print(f"{arguments.id}: nothing is to be prepared, or it is already", file=sys.stderr)
    return 0


def run(arguments: argparse.Namespace) -> int:
    """What `ttvideo models` does without an action, or to show some of them in full."""
    asked = {families.find(id).id for id in arguments.ids}
    for model in families.describe().models:
        if asked and model.id not in asked:
            continue
        if arguments.json:
            print(model.model_dump_json(by_alias=True))
        elif not arguments.disk:
            _show(model, whole=arguments.action == "show")
    if arguments.disk:
        _show_disk()
    elif arguments.action is None and not arguments.json:
        print("`ttvideo models show ID` lists a model's parameters.")
    return 0


def remove(arguments: argparse.Namespace, queue: Queue) -> int:
    if not arguments.ids:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, "No model to remove was named.", "`ttvideo models` lists them.")
    for id in arguments.ids:
        choice = ModelChoice(model=id)
        _, model = families.published(choice)
        place = removal.place(model)
        size = readable_size(checkpoints.disk_use(place))
        if not arguments.yes and not _agreed(f"Delete {model.title} ({size}) from {place}?"):
            print(f"{id}: kept")
            continue
        freed = removal.remove(queue, choice)
        print(f"{id}: removed, {readable_size(freed)} freed")
    return 0


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"{question} Nobody can answer here.", "Say --yes to do it.")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _show(model: ModelInfo, *, whole: bool) -> None:
    here = [backend.id for backend in model.backends if backend.available]
    runs = f"runs here on {' and '.join(here)}" if here else "runs on no device of this machine"
    print(f"{model.id}: {model.title}, {runs}")
    for checkpoint in model.checkpoints:
        gated = ", licence must be accepted" if checkpoint.gated else ""
        size = readable_size(checkpoint.size_bytes)
        print(f"  {checkpoint.title}: {size}, {checkpoint.license}{gated}, {_place(checkpoint)}")
        if whole:
            print(f"    {_verified(checkpoint)}")
    if not whole:
        return
    properties: Any = model.parameters_schema["properties"]
    for name, schema in properties.items():
        words = {"default": "default", "minimum": "from", "maximum": "to"}
        told = [f"{word} {schema[key]}" for key, word in words.items() if schema.get(key) not in (None, "")]
        told += [f"one of {', '.join(map(str, schema['enum']))}"] if len(schema.get("enum", ())) > 1 else []
        limits = ", ".join(told)
        print(f"  {name:<14} {schema.get('description', '')}{f' ({limits})' if limits else ''}")
    not_here: Any = model.parameters_schema.get("notHere", {})
    for name, why in not_here.items():
        print(f"  {name:<14} not offered on this machine, {why}")
    for backend in model.backends:
        print(f"  {'runs on' if backend.available else 'not on'} {backend.id}: {backend.detail}")


def _verified(checkpoint: Checkpoint) -> str:
    tried = "; ".join(f"{backend} with {how}" for backend, how in checkpoint.verified.items())
    return f"verified on {tried}" if tried else "not verified"


def _place(checkpoint: Checkpoint) -> str:
    if checkpoint.bundled:
        return "bundled"
    if checkpoint.installed:
        return f"installed in {checkpoint.folder}"
    here = f", {readable_size(checkpoint.disk_bytes)} of it here" if checkpoint.disk_bytes else ""
    return f"not installed{here}: ttvideo download {checkpoint.name}"


def _show_disk() -> None:
    there = [each for model in families.describe().models for each in model.checkpoints if each.disk_bytes]
    outputs = folders.output_folder(None)
    rows = [(each.disk_bytes, each.title, each.folder) for each in there]
    rows.append((checkpoints.disk_use(outputs), "Videos", str(outputs)))
    rows.append((free_bytes(checkpoints.hub_cache()), "Free", f"for models in {checkpoints.hub_cache()}"))
    _print_table(rows)


def _print_table(rows: Sequence[tuple[int, str, str | None]]) -> None:
    width = max(len(title) for _, title, _ in rows)
    for bytes, title, place in rows:
        print(f"{readable_size(bytes):>10}  {title:<{width}}  {place}")
