"""The model families, in one explicit list."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from ttvideo.backends import backends, resolve_device
from ttvideo.contract import Backend, GenerateRequest, ModelChoice, ModelInfo, Models, Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import animatediff, cogvideox, hunyuan, ltx, mochi, sd35, sdxl, tiny, wan
from ttvideo.families.family import Family
from ttvideo.families.parameters import differs
from ttvideo.families.weights import loras
from ttvideo.families.weights.checkpoints import Published, hub_cache
from ttvideo.media.files import free_bytes

FAMILIES: tuple[Family, ...] = (
    tiny.FAMILY,
    sdxl.FAMILY,
    *sd35.FAMILIES,
    animatediff.FAMILY,
    wan.FAMILY,
    mochi.FAMILY,
    cogvideox.FAMILY,
    hunyuan.FAMILY,
    ltx.FAMILY,
)
FIRST_PHASE = Phase.LOADING
SEEDS = 2**31


@dataclass(frozen=True)
class Effective:
    """Parameters as they will be used, the drawn seed included, and what is to be said about them."""

    parameters: dict[str, Any]
    notes: list[str]


def find(id: str) -> Family:
    for family in FAMILIES:
        if family.id == id:
            return family
    known = ", ".join(family.id for family in FAMILIES)
    raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"There is no model '{id[:80]}'.", f"The models are: {known}.")


def published(choice: ModelChoice) -> tuple[Family, Published]:
    """The checkpoint that is meant. Raises WorkerError(INVALID_PARAMETERS) for one that is not there or is bundled."""
    for family in FAMILIES:
        if choice.checkpoint is None and choice.model == family.id and family.published:
            return family, family.published[0]
        for model in family.published:
            names = (model.id, model.repo)
            if choice.checkpoint in names and choice.model in (family.id, *names):
                return family, model
            if choice.checkpoint is None and choice.model in names:
                return family, model
    if any(family.id == choice.model for family in FAMILIES) and choice.checkpoint is None:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"The model '{choice.model}' is part of ttvideo.",
            "It is always there: it is not downloaded, and not removed.",
        )
    known = ", ".join(model.id for family in FAMILIES for model in family.published)
    raise WorkerError(
        ErrorKind.INVALID_PARAMETERS,
        f"There is no model '{(choice.checkpoint or choice.model)[:80]}' to download or remove.",
        f"The models with weights of their own are: {known}.",
    )


def downloadable(choice: ModelChoice) -> tuple[dict[str, str], Published]:
    """What is to be fetched, and how requests name it: a checkpoint, or else a LoRA of a repository.

    Raises WorkerError(INVALID_PARAMETERS).
    """
    try:
        family, model = published(choice)
    except WorkerError:
        lora = loras.of_hub(choice.model) if choice.checkpoint is None else None
        if lora is None or lora[1]:
            raise
        return {"model": lora[0].id}, lora[0]
    return {"model": family.id, "checkpoint": model.id}, model


def inputs(family: Family) -> dict[str, str]:
    """Names of the parameters that are pictures and videos of the user's, as paths: "image/*" or "video/*"."""
    fields = family.Params.model_json_schema(by_alias=True)["properties"]
    kinds = {name: field.get("contentMediaType") for name, field in fields.items()}
    return {name: kind for name, kind in kinds.items() if kind in ("image/*", "video/*")}


def refusal(family: Family, device: str, params: BaseModel | None = None) -> WorkerError | None:
    """Why a family does not run on a device as this machine has it, or not with these parameters; None if it does.

    Whether the device is there at all is not looked at.
    """
    if device in family.devices:
        return family.unable(device, params)
    able = " or ".join(sorted(family.devices))
    return WorkerError(
        ErrorKind.UNSUPPORTED,
        f"{family.title} does not run on {device} in this version.",
        f"Choose another device: {able}.",
    )


def effective(request: GenerateRequest) -> Effective:
    """The parameters a request will run with.

    Raises WorkerError: INVALID_PARAMETERS, NO_DEVICE, UNSUPPORTED, MODEL_MISSING, MODEL_BROKEN (a folder of another
    model).
    """
    family = find(request.model)
    # Whoever asks learns at once that a device is not there; the process that runs the job looks again.
    device = resolve_device(request.device)
    if not request.prompt.strip():
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, "The prompt is empty.", "Say what the video should show.")
    given = {name: value for name, value in request.parameters.items() if value is not None}
    if given.get("seed", -1) == -1:
        given["seed"] = secrets.randbelow(SEEDS)
    asked = _validate(family, given)
    _check_device(asked, device)
    params, notes = family.fit(asked)
    if why := refusal(family, device, params):
        raise why
    # Whose weights are missing learns it now, not when the queue comes to the job.
    family.revision(params)
    remarks = family.remarks(request.prompt, request.negative_prompt)
    unread = family.unread(params) if request.negative_prompt.strip() else None
    return Effective(params.model_dump(mode="json", by_alias=True), notes + remarks + ([unread] if unread else []))


def fitted(model: str, parameters: Mapping[str, Any]) -> tuple[Family, BaseModel]:
    """The parameters that a model would be run with, whether or not its weights are here.

    Raises WorkerError(INVALID_PARAMETERS).
    """
    family = find(model)
    params, _ = family.fit(_validate(family, {name: value for name, value in parameters.items() if value is not None}))
    return family, params


def _validate(family: Family, given: dict[str, Any]) -> BaseModel:
    try:
        return family.Params.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "parameters"
        fields = ", ".join(field.alias or key for key, field in family.Params.model_fields.items())
        hint = f"The model '{family.id}' takes: {fields}. `ttvideo models show {family.id}` lists their ranges."
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"'{name}': {first['msg']}.", hint) from error


def _check_device(params: BaseModel, device: str) -> None:
    """Raises WorkerError(UNSUPPORTED) for what is asked and does nothing good on the device."""
    for name, field in type(params).model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict) or device in (devices := extra.get("devices", [device])):  # type: ignore[operator]
            continue
        if differs(params, name):
            raise WorkerError(
                ErrorKind.UNSUPPORTED,
                f"'{field.alias or name}' is not for the device {device}: {extra['elsewhere']}.",
                f"Leave it out, or run the job on {' or '.join(map(str, devices))}.",  # type: ignore[arg-type]
            )


def describe() -> Models:
    """Every family, for the model list and the parameter form."""
    available = backends()
    downloads = hub_cache()
    return Models(
        download_folder=str(downloads),
        free_bytes=free_bytes(downloads),
        models=tuple(
            ModelInfo(
                id=family.id,
                title=family.title,
                makes=family.makes,
                checkpoints=family.checkpoints(),
                vocabulary=family.vocabulary(),
                parameters_schema=_offered(family, {each.id for each in available if each.available}),
                backends=tuple(_usable(family, backend) for backend in available),
            )
            for family in FAMILIES
        ),
    )


def _offered(family: Family, devices: set[str]) -> dict[str, Any]:
    """The schema of the parameters, with those apart, under `notHere`, that are for no device of this machine: why."""
    schema = family.Params.model_json_schema(by_alias=True)
    fields: dict[str, dict[str, Any]] = schema["properties"]
    apart = [name for name, field in fields.items() if not devices.intersection(field.get("devices", devices))]
    if apart:
        schema["notHere"] = {name: _why_not(fields.pop(name)) for name in apart}
    return schema


def _why_not(field: dict[str, Any]) -> str:
    return f"for {' or '.join(field['devices'])}: {field['elsewhere']}"


def _usable(family: Family, backend: Backend) -> Backend:
    why = refusal(family, backend.id)
    return Backend(id=backend.id, available=False, detail=f"{why.message} {why.hint}") if why else backend
