"""Pictures between two pictures: ffmpeg's minterpolate finds what moved where, and moves it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator

import numpy as np

from ttvideo.media import ffmpeg
from ttvideo.media.frames import Pixels


def interpolated(a: Pixels, b: Pixels, steps: int) -> Iterator[Pixels]:
    """The `steps` - 1 pictures between `a` and `b`, uint8 [height, width, 3], at equal steps.

    What is in both pictures moves; what is in one only fades, so that two pictures with nothing in common melt into
    each other in blotches. Raises WorkerError(ENCODER).
    """
    if steps < 2:
        return
    height, width = a.shape[:2]
    # The filter looks at a frame before and one after those it works between, and spends as much time there: pictures
    # twice, a millionth of the way apart, leave it nothing to do. Finding no cut between them is its use here.
    times = "if(eq(N,0),0,if(eq(N,1),1,if(eq(N,2),1000001,1000002)))"
    filters = (
        f"format=yuv444p,settb=1/1000000,setpts='{times}',"
        f"minterpolate=fps={steps}:mi_mode=mci:mc_mode=obmc:me_mode=bidir:scd=none,format=rgb24"
    )
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}", "-framerate", "1", "-i", "pipe:0"]
    argv = [*raw, "-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]
    # Files, because ffmpeg would wait for us to read what it writes while we wait for it to read.
    with tempfile.TemporaryFile() as pictures, tempfile.TemporaryFile() as log:
        for pixels in (a, a, b, b):
            pictures.write(np.ascontiguousarray(pixels).data)
        pictures.seek(0)
        try:
            process = subprocess.Popen(
                [ffmpeg.executable(), "-hide_banner", "-loglevel", "error", *argv],
                stdin=pictures,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            raise ffmpeg.not_started(error) from error
        assert process.stdout is not None
        try:
            for step in range(steps):
                data = process.stdout.read(a.nbytes)
                if len(data) < a.nbytes:
                    log.seek(0)
                    raise ffmpeg.failed(process.wait(), log.read())
                if step:  # the one before is `a` itself
                    yield np.frombuffer(data, np.uint8).reshape(a.shape)
        finally:
            process.kill()
            process.stdout.close()
            process.wait()
