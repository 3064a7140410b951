"""What tt-metal ships for the models of ttvideo: where it is, on which meshes it runs, and what is known to go wrong.

Nothing here was tried: everything is from tt-metal's sources and from tt-inference-server, which runs them. Sources are
given as path@commit; those of tt-inference-server are at commit 11ac526e008e.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt.boards import BLACKHOLE, WORMHOLE, Arch, System
from ttvideo.tt.engine.opening import Opening
from ttvideo.tt.metal.tree import Tree

Mesh = tuple[int, int]
ALONE: Mesh = (1, 1)

HOW = "How tt-metal is set up for ttvideo: docs/tenstorrent.md."


@dataclass(frozen=True)
class Limit:
    """What is known to go wrong, as a sentence, and where that is said."""

    text: str
    source: str


@dataclass(frozen=True)
class Pipeline:
    id: str
    title: str
    module: str
    name: str
    """Of the class in it."""
    meshes: Mapping[Arch, tuple[Mesh, ...]]
    """The best first."""
    tried: tuple[tuple[int, int, int], ...]
    """Width, height and frames that its makers test; others may fail."""
    only_tried: bool = False
    """Whether it refuses all others."""
    limits: tuple[Limit, ...] = ()
    rings: frozenset[tuple[Arch, Mesh]] = frozenset()
    """Where the chips must be opened as rings."""
    cached: frozenset[tuple[Arch, Mesh]] = frozenset()
    """Where weights are loaded again for each clip, from TT_DIT_CACHE_DIR, without which it refuses."""
    uncached: frozenset[tuple[Arch, Mesh]] = frozenset()
    """Where TT_DIT_CACHE_DIR must not be set."""


# _PRESETS_WH and _PRESETS_BH of models/tt_dit/pipelines/wan/pipeline_wan.py@511bc4d03a4c.
WAN_MESHES = {WORMHOLE: ((4, 8), (2, 4)), BLACKHOLE: ((4, 8), (2, 4), (2, 2), (1, 4))}
# _wan22_needs_ring_fabric of dit_runners.py.
WAN_RINGS = frozenset({(WORMHOLE, (4, 8)), (BLACKHOLE, (4, 8)), (BLACKHOLE, (1, 4))})
WAN_TRIED = ((832, 480, 81), (1280, 720, 81))  # test_pipeline_wan.py@020e93126e0f
WAN_LIMITS = (
    Limit("On 2x2 Blackhole chips there is not enough DRAM for 720p.", "test_pipeline_wan.py@020e93126e0f"),
    Limit(
        "It skips steps it takes for needless, and its pictures then differ from the model's: ttvideo turns that off.",
        "models/tt_dit/models/Wan2_2.md@511bc4d03a4c",
    ),
)

PIPELINES = (
    Pipeline(
        id="mochi-1",
        title="Mochi 1",
        module="models.tt_dit.pipelines.mochi.pipeline_mochi",
        name="MochiPipeline",
        meshes={WORMHOLE: ((4, 8), (2, 4)), BLACKHOLE: ((2, 2),)},
        # They ask for 168 frames, and get the 28 latent frames that 163 have.
        tried=((848, 480, 163),),
        limits=(
            Limit(
                "On 2x4 Blackhole chips it hung; tt-inference-server lists it for them since.",
                "pipeline_mochi.py@0d617affc0f8",
            ),
            Limit("On 4x8 Blackhole chips nobody tried it.", "pipeline_mochi.py@0d617affc0f8"),
            Limit("2x2 Wormhole chips have too little memory for it.", "pipeline_mochi.py@0d617affc0f8"),
            Limit(
                "It does not report steps: a job is cancelled when it begins to decode.",
                "pipeline_mochi.py@39a186144b51",
            ),
        ),
        cached=frozenset({(WORMHOLE, (2, 4)), (BLACKHOLE, (2, 2))}),
    ),
    Pipeline(
        id="wan2.2-a14b",
        title="Wan 2.2 A14B",
        module="models.tt_dit.pipelines.wan.pipeline_wan",
        name="WanPipeline",
        meshes=WAN_MESHES,
        tried=WAN_TRIED,
        limits=WAN_LIMITS,
        rings=WAN_RINGS,
    ),
    Pipeline(
        id="wan2.2-i2v-a14b",
        title="Wan 2.2 I2V A14B",
        module="models.tt_dit.pipelines.wan.pipeline_wan_i2v",
        name="WanPipelineI2V",
        meshes=WAN_MESHES,
        tried=WAN_TRIED,
        limits=WAN_LIMITS,
        rings=WAN_RINGS,
    ),
    Pipeline(
        id="sd35-large",
        title="Stable Diffusion 3.5 Large",
        module="models.tt_dit.pipelines.stable_diffusion_35_large.pipeline_stable_diffusion_35_large",
        name="StableDiffusion3Pipeline",
        # _PRESETS of the pipeline; it does not look at the architecture, StableDiffusion35.md says which is meant.
        meshes={WORMHOLE: ((4, 8), (2, 4)), BLACKHOLE: ((1, 4),)},
        tried=((1024, 1024, 1),),
        limits=(
            Limit(
                "On 1x4 Blackhole chips it hangs when TT_DIT_CACHE_DIR is set: ttvideo takes it away.",
                "models/tt_dit/models/StableDiffusion35.md@02e731631418",
            ),
        ),
        rings=frozenset({(BLACKHOLE, (1, 4))}),
        uncached=frozenset({(BLACKHOLE, (1, 4))}),
    ),
    Pipeline(
        id="sdxl",
        title="Stable Diffusion XL",
        module="models.demos.stable_diffusion_xl_base.tt.tt_sdxl_pipeline",
        name="TtSDXLPipeline",
        meshes={WORMHOLE: (ALONE,)},
        tried=((1024, 1024, 1), (512, 512, 1)),
        only_tried=True,
        limits=(
            Limit("It runs on Wormhole chips.", "models/demos/stable_diffusion_xl_base/README.md@04b3405067aa"),
            Limit(
                "It does not report steps: a job is cancelled before it draws or when the picture is there.",
                "tt_sdxl_pipeline.py@04de0345cb56",
            ),
        ),
    ),
)


def known(id: str) -> Pipeline | None:
    return next((pipeline for pipeline in PIPELINES if pipeline.id == id), None)


def mesh_for(pipeline: Pipeline, system: System) -> Mesh:
    """The best mesh of the pipeline that the system's chips can be opened as.

    Raises WorkerError(UNSUPPORTED) if there is none.
    """
    meshes = pipeline.meshes.get(system.board.arch, ())
    for mesh in meshes:
        # One chip of any system but a Galaxy, where the pipelines for a single chip want a setting of their own.
        if mesh in system.meshes or (mesh == ALONE and system.board.chips <= 2):
            return mesh
    wanted = ", ".join(
        f"{arch.title} {' or '.join(f'{rows}x{columns}' for rows, columns in meshes)}"
        for arch, meshes in pipeline.meshes.items()
    )
    raise WorkerError(
        ErrorKind.UNSUPPORTED,
        f"tt-metal's {pipeline.title} does not run on the chips of a {system.title}.",
        f"It runs on meshes of {wanted}. Choose another device, such as --device cpu.",
    )


def remark(pipeline: Pipeline, width: int, height: int, frames: int = 1) -> str | None:
    """What is to be said about this size, in a sentence. Raises WorkerError(INVALID_PARAMETERS) if it is refused."""
    if (width, height, frames) in pipeline.tried:
        return None
    tried = " or ".join(f"{w}x{h}{f' with {count} frames' if count > 1 else ''}" for w, h, count in pipeline.tried)
    if pipeline.only_tried:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"tt-metal's {pipeline.title} does not make pictures of {width}x{height}.",
            f"It makes {tried}. Another device makes other sizes, such as --device cpu.",
        )
    return f"tt-metal's {pipeline.title} is tested by its makers at {tried}: this may fail."


def opening(pipeline: Pipeline, arch: Arch, mesh: Mesh) -> Opening:
    return Opening(mesh, fabric="FABRIC_1D_RING" if (arch, mesh) in pipeline.rings else "")


def check(pipeline: Pipeline, found: Tree | None, arch: Arch, mesh: Mesh) -> Tree:
    """The tree that can run it, as far as its files tell.

    Raises WorkerError: NOT_FOUND (no tt-metal), UNSUPPORTED (another one, or a setting it needs is not there).
    """
    if found is None:
        raise WorkerError(
            ErrorKind.NOT_FOUND,
            f"On Tenstorrent boards {pipeline.title} is run by tt-metal, and TT_METAL_HOME names no folder of it.",
            f"Build tt-metal and set TT_METAL_HOME to its folder. {HOW}",
        )
    if not found.has(pipeline.module):
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"The tt-metal in {found} has no {pipeline.module.replace('.', '/')}.py.",
            f"It is older or newer than those that ttvideo knows: check out another version. {HOW}",
        )
    if (arch, mesh) in pipeline.cached and not os.environ.get("TT_DIT_CACHE_DIR"):
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"On a mesh of {mesh[0]}x{mesh[1]} {arch.title} chips, {pipeline.title} is loaded anew for each clip, and "
            "TT_DIT_CACHE_DIR, where tt-metal keeps it for that, is not set.",
            "Set it to a folder with room for the model once more, then start the worker again.",
        )
    return found
