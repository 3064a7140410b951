"""Parts of a model, from their files on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ttvideo.errors import ErrorKind, WorkerError

HINT = (
    "Its files may be cut off or of another model; or the installed diffusers or transformers may be too old or too "
    "new for them: see `ttvideo doctor`."
)
HARMLESS = "position_ids"
"""Files of older transformers hold these counted numbers as if they were weights."""


def quiet() -> None:
    """Progress bars and advice of the libraries are written for notebooks; what goes wrong still raises."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for logging in (diffusers_logging, transformers_logging):
        logging.disable_progress_bar()
        logging.set_verbosity_error()


def class_of(name: str) -> Any:
    """The class called "diffusers.X" or "transformers.X"."""
    import diffusers
    import transformers

    library, _, cls = name.partition(".")
    return getattr({"diffusers": diffusers, "transformers": transformers}[library], cls)


def load_part(title: str, cls: Any, folder: Path, dtype: Any, **options: Any) -> Any:
    """A diffusers or transformers model whose every weight is in its file, and the other way round.

    `title` is the whole model's. Raises WorkerError(MODEL_BROKEN).
    """
    from safetensors import SafetensorError

    try:
        part, info = cls.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True, **options
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise unreadable(title, folder, error) from error
    keys = [str(key) for kind in ("missing", "unexpected", "mismatched") for key in info.get(f"{kind}_keys", ())]
    wrong = [key for key in keys if not key.endswith(HARMLESS)]
    if wrong:
        names = ", ".join(sorted(wrong)[:3])
        raise WorkerError(
            ErrorKind.MODEL_BROKEN, f"The weights of the {folder.name} of {title} do not fit: {names}.", HINT
        )
    return part


def load_settings(title: str, cls: Any, folder: Path) -> Any:
    """A tokenizer or scheduler. Raises WorkerError(MODEL_BROKEN)."""
    try:
        return cls.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, json.JSONDecodeError) as error:
        raise unreadable(title, folder, error) from error


def unreadable(title: str, folder: Path, error: Exception) -> WorkerError:
    """`folder` is a part's, `title` the whole model's."""
    said = " ".join(str(error).split())[:200].rstrip(".")
    return WorkerError(ErrorKind.MODEL_BROKEN, f"The {folder.name} of {title} cannot be read: {said}.", HINT)
