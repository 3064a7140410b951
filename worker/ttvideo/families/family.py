"""What a model family is: one value that owns its parameters, its rules, its checkpoints and how it is run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from pydantic import BaseModel

from ttvideo.contract import Checkpoint, Phase
from ttvideo.errors import WorkerError
from ttvideo.families.weights.checkpoints import Published

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Frame: TypeAlias = npt.NDArray[np.float32]
    Pixels: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PhaseEvent:
    """A phase begins; `total` steps, 0 when not known."""

    phase: Phase
    total: int = 0


@dataclass(frozen=True)
class StepEvent:
    """`step` of `total` steps of the phase are done.

    `preview` and `state` are called only when somebody wants them: `preview` gives uint8 [n, h, w, 3] of the emerging
    frames, `state` what `Pipeline.run` needs to go on after this step, as bytes.
    """

    step: int
    total: int
    preview: Callable[[], Pixels] | None = None
    state: Callable[[], bytes] | None = None


@dataclass(frozen=True)
class WithinEvent:
    """How far the next step is, from 0 to 1. Comes several times within a long step, so that it can be cancelled."""

    part: float


@dataclass(frozen=True)
class NoteEvent:
    """A sentence to tell the person who asked for the job."""

    text: str


Event: TypeAlias = PhaseEvent | StepEvent | WithinEvent | NoteEvent
OnEvent: TypeAlias = Callable[[Event], None]
"""Called by a pipeline at each event. It raises Cancelled to stop the pipeline, which passes it through."""


@dataclass(frozen=True)
class Run:
    """What is asked of a pipeline, what is kept from an earlier try, and which frames are there already."""

    prompt: str
    negative_prompt: str
    params: BaseModel
    state: bytes | None = None
    have: frozenset[int] = frozenset()


class Pipeline(Protocol):
    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        """Frames not in `run.have`, as they are decoded: (index, float32 [height, width, 3] in [0, 1]).

        In order, but that a frame which is shown twice comes twice in a row.
        """


@dataclass(frozen=True)
class Prompt:
    text: str
    negative: str = ""


@dataclass(frozen=True)
class Shot:
    """One picture to draw, on its own or from another one: `start`, uint8 [height, width, 3] of the picture's size,
    left as far as `strength` (0 to 1) says.
    """

    prompt: Prompt
    params: BaseModel
    """The family's `Params`, for one frame and without a start image of its own."""
    start: Pixels | None = None
    strength: float = 0.6


class Illustrator(Pipeline, Protocol):
    """A pipeline that also draws single pictures, several at once."""

    def encode(self, prompts: Sequence[Prompt], on_event: OnEvent, *, free: bool = False) -> None:
        """Encode these prompts in one batch, instead of those of the last call.

        With `free` the text encoders are unloaded afterwards, and loaded again when they are next needed.
        """

    def largest_batch(self, params: BaseModel) -> int:
        """How many shots of this size may be drawn at once with the memory that is free now; at least 1."""

    def draw(self, shots: Sequence[Shot], on_event: OnEvent) -> list[Frame]:
        """Frames of shots with encoded prompts, float32 [height, width, 3] in [0, 1].

        All have the same size, steps, guidance and strength, and all or none a start. Reports the denoising phase, with
        previews, and the decoding phase. A shot's noise depends on its own seed only, not on the others of the batch.
        """


@dataclass(frozen=True)
class Family:
    id: str
    title: str
    makes: Literal["clip", "image"]
    Params: type[BaseModel]
    published: tuple[Published, ...]
    """The checkpoints that are not bundled, the default first."""
    checkpoints: Callable[[], tuple[Checkpoint, ...]]
    draws: bool
    """Whether `load` gives an Illustrator."""
    devices: frozenset[str]
    """Ids of the backends the family runs on."""
    fit: Callable[[Any], tuple[BaseModel, list[str]]]
    """Brings valid `Params` to what the model can do, and says each change in a sentence."""
    remarks: Callable[[str, str], list[str]]
    """What the model will make of the prompt and negative prompt, in sentences; none when all is well."""
    vocabulary: Callable[[], tuple[str, ...] | None]
    """All words the model knows, if it knows few."""
    revision: Callable[[Any], str]
    """Identifies the weights that `Params` ask for: another revision may give other frames."""
    load: Callable[[str, Any, OnEvent], Pipeline]
    """Load on a device ('cpu', 'cuda', 'tt') what `Params` ask for; reports the loading phase, and is cancelled,
    through the callback."""
    unable: Callable[[str, Any], WorkerError | None] = lambda device, params: None
    """Why it does not do on one of its `devices`, as this machine has it, what `Params` ask for, or without them (None)
    anything at all; None if it does."""
    prepare: Callable[[str, Published, OnEvent], list[Path]] | None = None
    """Save once, for a device, what of a checkpoint is read faster then; gives the folders that were made. Raises
    WorkerError: MODEL_MISSING, MODEL_BROKEN, DISK."""
    unread: Callable[[Any], str | None] = lambda params: None
    """Why a negative prompt is not read with these `Params`, in a sentence, if it is not."""
    loads: Callable[[Any], Hashable] = lambda params: None
    """What of the parameters decides what is loaded: with the same, a loaded pipeline is used again."""
