"""Memory of the boards that is made free for the program that needs it now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ttvideo.tt.engine.session import Session

Result = TypeVar("Result")

# What ttnn 0.81.1 says of which memory.
PROGRAMS, TENSORS = "L1_SMALL buffer", "DRAM buffer"


def with_room(session: Session, run: Callable[[], Result], spare: str = "") -> Result:
    """What `run` gives; where there is no room for it, once more with what can be made again gone.

    The cached program of each convolution holds a few bytes of L1_SMALL, the places of the pixels it reads. Those of a
    UNet at one size may leave none for another model or size: 16 frames of 512x512 take 30 KB of a P150's 32. spare:
    what may go of `session.kept` when DRAM is full.
    Raises what `run` raises, which must not be spoilt by a first attempt that ends anywhere.
    """
    for _ in range(2):
        try:
            return run()
        except RuntimeError as error:
            if PROGRAMS in str(error):
                session.forget_programs()
            elif TENSORS in str(error) and spare in session.kept:
                session.kept.pop(spare)
            else:
                raise
    return run()
