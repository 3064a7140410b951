"""`ttvideo preflight`: whether a model fits a Tenstorrent board, found out without one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ttvideo.cli.requests import settings
from ttvideo.contract import Preflight, PreflightNeeds, PreflightParams
from ttvideo.jobs.preflight import Trial, memory
from ttvideo.tt import boards

EXIT_CODES = {"fits": 0, "too_large": 1, "refused": 1, "failed": 1}


def add_preflight(command: argparse.ArgumentParser, size: Callable[[str], tuple[int, int]]) -> None:
    command.add_argument("model", metavar="MODEL", help="`ttvideo models` lists them; its weights need not be here")
    command.add_argument(
        "--board",
        metavar="NAME",
        help=f"default: that of this machine, else n150; one of {', '.join(system.id for system in boards.SYSTEMS)}",
    )
    command.add_argument("--size", type=size, metavar="WxH")
    command.add_argument("--frames", type=int, metavar="N")
    command.add_argument("--steps", type=int, metavar="N", help="denoising steps, for the time of a clip")
    command.add_argument("--guidance", type=float, metavar="X", help="up to 1: half the work")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any parameter that `ttvideo models show ID` lists, such as boardWeights=bfloat8_b",
    )


def show_preflight(arguments: argparse.Namespace) -> int:
    given: dict[str, Any] = {name: getattr(arguments, name) for name in ("frames", "steps", "guidance")}
    if arguments.size:
        given["width"], given["height"] = arguments.size
    asked = PreflightParams(
        model=arguments.model,
        board=arguments.board,
        parameters={name: value for name, value in given.items() if value is not None} | settings(arguments.set),
    )

    def tell(preflight: Preflight) -> None:
        if arguments.json:
            print(preflight.model_dump_json(), flush=True)
        elif preflight.state == "running":
            print(preflight.message, file=sys.stderr, flush=True)

    trial = Trial(asked, tell)
    tell(trial.begin())
    end = trial.run()
    if not arguments.json:
        print("\n".join(lines(end)))
    return EXIT_CODES[end.state]


def lines(preflight: Preflight) -> Iterator[str]:
    asked = preflight.parameters
    yield f"{preflight.title}, {asked['width']}x{asked['height']}, {asked['frames']} frames, on {preflight.board_title}"
    yield preflight.message
    if preflight.needs is not None:
        yield from _numbers(preflight.needs)
    yield preflight.hint
    if preflight.ttnn:
        yield f"Validated on a mock {preflight.board_title} with ttnn {preflight.ttnn}."


def _numbers(needs: PreflightNeeds) -> Iterator[str]:
    before = f"{memory(needs.dram_loaded)} before the first step"
    yield f"  {'DRAM of a chip':<17}{_part(needs.dram_peak, needs.dram_total)}, {before}"
    yield f"  {'L1 of a core':<17}{_part(needs.l1_peak, needs.l1_total)}"
    yield f"  {'Programs':<17}{needs.programs}, compiled the first time"
    yield f"  {'A step':<17}{needs.operations} operations on the board, {needs.transfers} transfers from or to the host"
    yield f"  {'At least':<17}{needs.step_seconds:.3g} s for a step, {needs.clip_seconds:.3g} s for all steps"
    yield f"  {'':<17}Lower bounds: what the chip could do at most. Real times are longer, often several times."
    yield f"  {'':<17}From {needs.sources}"


def _part(used: int, total: int) -> str:
    return f"{memory(used)} of {memory(total)} at the peak"
