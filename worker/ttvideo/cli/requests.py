"""What the command line asks for, as a request for a video."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ttvideo.cli import comparisons, models, pictures
from ttvideo.contract import GenerateRequest
from ttvideo.errors import ErrorKind, WorkerError


def request_of(arguments: argparse.Namespace, **about: Any) -> GenerateRequest:
    return GenerateRequest(
        **about,
        device=arguments.device,
        formats=arguments.format,
        codec=arguments.codec,
        crf=arguments.crf,
        output_folder=arguments.output,
        metadata=not arguments.no_metadata,
    )


def parameters_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The model's parameters that the command line names. Raises WorkerError(INVALID_PARAMETERS)."""
    names = ["frames", "steps", "guidance", "fps", "strength", "scheduler"]
    names += ["memory", "cache", "quantization", "compile"]
    parameters = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    parameters |= models.weights(arguments)
    parameters |= started(arguments)
    if arguments.size:
        parameters["width"], parameters["height"] = arguments.size
    return parameters | settings(arguments.set)


def settings(texts: Sequence[str]) -> dict[str, Any]:
    """Of `--set NAME=VALUE`. Raises WorkerError(INVALID_PARAMETERS)."""
    parameters = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise WorkerError(
                ErrorKind.INVALID_PARAMETERS,
                f"'{text[:80]}' sets nothing.",
                "Write --set NAME=VALUE, such as steps=30.",
            )
        parameters[name.replace("-", "_")] = comparisons.value(value)
    return parameters


def started(arguments: argparse.Namespace) -> dict[str, str]:
    named = {"startImage": arguments.start_image, "startVideo": arguments.start_video}
    return {name: pictures.whole(file) for name, file in named.items() if file}
