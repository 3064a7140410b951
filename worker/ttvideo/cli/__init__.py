"""The command line. Its exit codes are documented in `ttvideo --help`."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Sequence

from ttvideo import __version__
from ttvideo.cli import commands, comparisons, deploy, models, pictures, preflight, scaling, storyboard
from ttvideo.contract import ClipFormat, Codec
from ttvideo.errors import WorkerError

EPILOG = """\
examples:
  ttvideo generate "a red ball bouncing on green grass"
  ttvideo generate "a blue star rising over purple mountains" --seed 7 --format mp4,gif
  ttvideo experiment "a red ball bouncing on green grass" --vary guidance=1,3,7
  ttvideo storyboard video_prompts.txt --style "Kodachrome photo"
  ttvideo storyboard video_prompts.txt --reroll 4
  ttvideo again ~/tt-scratchpad/.../clip.mp4 --seed 8
  ttvideo stitch renders/ball --fps 24

exit codes:
  0  done                       1  a job failed, or something is wrong
  2  wrong arguments            3  the device is busy (with --no-wait)
  65  serve: broken input       130  cancelled with Ctrl-C

environment:
  TTVIDEO_STATE         folder of the job database and the device locks
  TTVIDEO_MODELS        folder with models, each in a folder of its id; then the Hugging Face cache is looked through
  TTVIDEO_CACHE         folder of prepared models and of texts that were read before
  HF_HOME, HF_HUB_CACHE where Hugging Face's cache is (default ~/.cache/huggingface); `hf` shares it
  HF_TOKEN              for models whose licence must be accepted; else the token of `hf auth login`
  HF_ENDPOINT           another hub to download from; HF_HUB_OFFLINE=1 forbids it
  TTVIDEO_BOARD         shows a Tenstorrent system that is not there, such as n300 or t3k; with ttnn it can be opened
  TTVIDEO_TTNN_PYTHON   the Python that has ttnn; default: this one, else that of TT_METAL_HOME
  TTVIDEO_TRACE         0: boards are told each operation of each step, instead of recording one step to replay it
  MESH_DEVICE, TT_VISIBLE_DEVICES, TT_METAL_*  as tt-metal reads them
  TTVIDEO_KEEP_SECONDS  how often a running job keeps its latents for resuming (default 60)
  TTVIDEO_LOG_LEVEL     what serve logs: debug, info, warning or error (default info)
"""


def size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size; write WIDTHxHEIGHT, such as 128x128")
    return int(width), int(height)


def rate(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) <= 120:
            return float(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a frame rate; write a number from above 0 to 120")


def crf(text: str) -> int:
    if text.isdecimal() and int(text) <= 63:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a quality; write a number from 0 to 63")


def formats(text: str) -> tuple[ClipFormat, ...]:
    known = [format.value for format in ClipFormat]
    wanted = text.split(",")
    for format in wanted:
        if format not in known:
            raise argparse.ArgumentTypeError(f"'{format}' is not a format; the formats are {', '.join(known)}")
    return tuple(ClipFormat(format) for format in dict.fromkeys(wanted))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ttvideo",
        description="Make video from prompts, on this machine. The bundled model works with no board and no download.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ttvideo {__version__}")
    parser.add_argument("--verbose", action="store_true", help="log what happens inside to standard error")
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: commands.Command, help: str) -> argparse.ArgumentParser:
        command = subcommands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        command.set_defaults(run=run)
        return command

    generate = add("generate", commands.generate, "make a video from a prompt")
    _add_generating(generate)
    generate.add_argument("--count", type=int, default=1, metavar="N", help="make N variations")
    _add_seed(generate)
    _add_output(generate)
    _add_running(generate)

    experiment = add(
        "experiment", commands.experiment, "make a video with each of some values, and show them side by side"
    )
    _add_generating(experiment)
    comparisons.add_vary(experiment)
    _add_seed(experiment)
    _add_output(experiment)
    _add_running(experiment)

    board = add("storyboard", commands.storyboard, "make a video frame by frame, from a file with their prompts")
    storyboard.add_arguments(board)
    _add_output(board)
    _add_running(board)

    again = add("again", commands.again, "make a file of ours again, from what it says about itself")
    again.add_argument("file", help="a clip, frame or poster, a job.json, or a job's folder")
    models.add_weights(again)
    _add_start_image(again)
    again.add_argument("--device", default="auto", help="auto, cpu, cuda or tt; default: %(default)s")
    _add_seed(again)
    _add_output(again)
    _add_running(again)

    stitch = add("stitch", commands.stitch, "make a clip of pictures: a folder's, a job's, or those named")
    pictures.add_stitch(stitch, rate)
    animate = add("animate", commands.animate, "make a clip of a still picture, over which the camera moves")
    pictures.add_animate(animate, rate, size)
    compare = add("compare", commands.compare, "show the videos of several jobs side by side, in step")
    comparisons.add_compare(compare)
    for command in (stitch, animate, compare):
        _add_output(command)
        _add_json(command)
        command.set_defaults(no_wait=False)  # they need no device that could be busy

    listing = add("jobs", commands.list_jobs, "list the jobs of all processes")
    listing.add_argument("--limit", type=int, default=20, metavar="N", help="the newest N; default: %(default)s")
    listing.add_argument("--adopt", metavar="DIR", help="first take up the jobs whose folders lie in DIR")
    _add_json(listing)
    show = add("show", commands.show, "show one job in full")
    _add_json(_add_id(show))
    resume = add("resume", commands.resume, "go on with an interrupted, cancelled or failed job, here")
    _add_running(_add_id(resume))
    clip = add("clip", commands.clip, "make a clip of the frames an unfinished job has kept")
    _add_json(_add_id(clip))
    cancel = add("cancel", commands.cancel, "cancel jobs, whichever process runs them")
    cancel.add_argument("ids", nargs="+", metavar="ID")
    remove = add("remove", commands.remove, "remove jobs from the list")
    remove.add_argument("ids", nargs="+", metavar="ID")
    remove.add_argument("--files", action="store_true", help="delete their folders, too")
    queue = add("queue", commands.queue, "say whether the editor's queue is paused; pause or resume it")
    queue.add_argument("action", nargs="?", choices=("pause", "resume"))
    scaling.add_arguments(add("scaling", commands.scaling, "seconds per frame measured here, on each device"))
    listed = add("models", commands.models, "list the models, their parameters and where they run; remove some")
    models.add_models(listed)
    _add_json(listed)
    download = add("download", commands.download, "fetch a model, or the rest of one, from Hugging Face's hub")
    models.add_download(download)
    _add_json(download)
    download.set_defaults(no_wait=False)
    models.add_prepare(add("prepare", models.prepare, "save a model as it is computed with, so that it starts at once"))
    devices = add("devices", commands.devices, "show boards, chips and who uses them, and what can run here or why not")
    devices.add_argument("--tt-smi", action="store_true", help="ask tt-smi, too: slow; not while a chip is in use")
    devices.add_argument("--check", action="store_true", help="open the boards, compute something on each chip")
    _add_json(devices)
    trying = add("preflight", preflight.show_preflight, "try a model on a mock Tenstorrent board: does it fit")
    preflight.add_preflight(trying, size)
    _add_json(trying)
    deploy.add_deploy(add("deploy", deploy.deploy, "copy the AnimateDiff project into a folder of yours"))
    add("reset", commands.reset, "reset the Tenstorrent boards; a job on them then goes on where it was")
    add("doctor", commands.doctor, "check this installation and say what to do about what is missing")
    add("serve", commands.serve, "speak JSON-RPC on standard input and output, for the editor")
    return parser


def _add_generating(command: argparse.ArgumentParser) -> None:
    """What says how one clip is made of a prompt."""
    command.add_argument("prompt", help='what to show, such as "a red ball bouncing on green grass"')
    command.add_argument("--model", default="tiny", help="default: %(default)s; `ttvideo models` lists them")
    command.add_argument("--negative", default="", metavar="TEXT", help="what not to show")
    command.add_argument("--frames", type=int, metavar="N")
    command.add_argument("--steps", type=int, metavar="N", help="denoising steps: more is slower and finer")
    command.add_argument("--guidance", type=float, metavar="X", help="how closely to follow the prompt")
    command.add_argument("--fps", type=float, metavar="N", help="frames per second of the file")
    command.add_argument("--size", type=size, metavar="WxH")
    _add_start_image(command)
    command.add_argument("--strength", type=float, metavar="X", help="how far to leave the start image, from 0 to 1")
    command.add_argument("--scheduler", metavar="NAME", help="how noise becomes a clip; default: the checkpoint's own")
    models.add_weights(command)
    command.add_argument("--memory", choices=("auto", "low"), help="low: one part of the model at a time; slower")
    command.add_argument(
        "--cache", metavar="NAME", help="leave work out of some steps: first-block, in AnimateDiff deep"
    )
    command.add_argument("--quantization", choices=("none", "fp8", "int8"), help="weights in eight bits, on a GPU")
    command.add_argument("--compile", action="store_true", default=None, help="compile the model, on a GPU")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any parameter that `ttvideo models show ID` lists",
    )
    command.add_argument("--device", default="auto", help="auto, cpu, cuda or tt; default: %(default)s")


def _add_id(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("id", metavar="ID", help="as `ttvideo jobs` shows it")
    return command


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for programs: JSON, one object a line")


def _add_running(command: argparse.ArgumentParser) -> None:
    command.add_argument("--no-wait", action="store_true", help="leave with exit code 3 if the device is busy")
    _add_json(command)


def _add_start_image(command: argparse.ArgumentParser) -> None:
    command.add_argument("--start-image", metavar="FILE", help="a picture to begin the clip with")
    command.add_argument("--start-video", metavar="FILE", help="a video to make the clip of")


def _add_seed(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=int, metavar="N", help="the same seed makes the same clip; -1 draws one")


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", type=formats, default="mp4", metavar="A,B", help="mp4, gif, webm; default: mp4")
    command.add_argument("--codec", choices=[codec.value for codec in Codec], help="default: h264 in mp4, vp9 in webm")
    command.add_argument("--crf", type=crf, metavar="N", help="quality, from 0 to 63: lower is better and larger")
    command.add_argument("--output", metavar="DIR", help="default: ~/tt-scratchpad")
    command.add_argument("--no-metadata", action="store_true", help="leave prompt and parameters out of the files")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = build_parser().parse_args(argv)
    if sys.platform == "win32":
        print("ttvideo does not run on Windows itself: install it inside WSL (wsl --install).", file=sys.stderr)
        return 1
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.ERROR, format="%(message)s")
    try:
        code: int = arguments.run(arguments)
    except WorkerError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return commands.exit_code(error)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to say, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    return code
