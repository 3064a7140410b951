"""JSON-RPC 2.0 with the contract's models: every request is answered exactly once, whatever it holds.

Error codes are those of JSON-RPC, and WORKER_ERROR for a WorkerError. Each error's `data` is an ErrorInfo.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import cattrs
from lsprotocol.types import ResponseError
from pydantic import ValidationError
from pygls.exceptions import JsonRpcException
from pygls.protocol import JsonRPCProtocol, JsonRPCRequestMessage
from pygls.server import JsonRPCServer

from ttvideo.contract import EVENTS, METHODS, ErrorInfo, Wire
from ttvideo.errors import ErrorKind, WorkerError

log = logging.getLogger(__name__)

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
WORKER_ERROR = -32000
MAX_TEXT = 500

Handler = Callable[[Any], Wire]
"""Takes the params model of its method in METHODS, returns the result model. Raises WorkerError."""


class Protocol(JsonRPCProtocol):
    """pygls finds the handler, runs it and answers; reading a message's envelope is done here.

    pygls decodes a message before it knows whom to answer: what it cannot decode is logged, and the client waits.
    """

    def receive(self, body: bytes) -> None:
        """Answer one message. Raises nothing."""
        id = None
        try:
            message = _parse(body)
            id = _usable_id(message)
            self._dispatch(message, id)
        except JsonRpcException as error:
            self._answer_error(id, error)
        except Exception as error:
            log.exception("unexpected error in a message")
            self._answer_error(id, _internal(error))

    def post(self, event: str, params: Wire) -> None:
        """Send an event of the contract."""
        assert type(params) is EVENTS[event]
        self.notify(event, params.model_dump(mode="json"))

    def _dispatch(self, message: dict[str, Any], id: int | str | None) -> None:
        method = message.get("method")
        if message.get("jsonrpc") != "2.0":
            raise _refusal(INVALID_REQUEST, "The message does not say jsonrpc: '2.0'.", "Send JSON-RPC 2.0.")
        if method is None and "id" in message and ("result" in message or "error" in message):
            log.warning("An answer arrived to a request that was never made; it is ignored.")
            return
        if not isinstance(method, str):
            raise _refusal(INVALID_REQUEST, "The message names no method.", "Send its name as 'method'.")
        if "id" not in message:
            # $/cancelRequest is one of these: every request is answered at once, so nothing is left to be cancelled.
            if not method.startswith("$/"):
                log.warning("'%s' came without an id and is ignored: every method is a request.", _short(method))
            return
        if id is None:
            raise _refusal(INVALID_REQUEST, "The request's id is no text or whole number.", "Number the requests.")
        if method not in METHODS:
            known = ", ".join(METHODS)
            raise _refusal(METHOD_NOT_FOUND, f"There is no method '{_short(method)}'.", f"The methods are: {known}.")
        begin = time.monotonic()
        self.handle_message(JsonRPCRequestMessage(id, method, "2.0", message.get("params")))
        log.debug("%s took %.0f ms", method, 1000 * (time.monotonic() - begin))

    def _answer_error(self, id: int | str | None, error: JsonRpcException) -> None:
        self._send_response(id, error=ResponseError(error.code, error.message, error.data))  # type: ignore[arg-type]


def make_protocol(handlers: Mapping[str, Handler]) -> Protocol:
    # pygls logs each error answer with a traceback; those that nobody expected are logged here.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    server = JsonRPCServer(Protocol, cattrs.Converter)
    for method, handler in handlers.items():
        server.feature(method)(_typed(method, handler))
    assert isinstance(server.protocol, Protocol)
    return server.protocol


def _typed(method: str, handler: Handler) -> Callable[[Any], Any]:
    """The handler as pygls calls it: JSON values in, JSON values or JsonRpcException out."""

    def handle(raw: Any) -> Any:
        try:
            return handler(_params(method, raw)).model_dump(mode="json")
        except JsonRpcException:
            raise
        except WorkerError as error:
            raise _error(WORKER_ERROR, error.kind, error.message, error.hint) from None
        except Exception as error:
            log.exception("unexpected error in %s", method)
            raise _internal(error) from None

    return handle


def _params(method: str, raw: Any) -> Wire:
    """Strictly what the contract says. As JSON, because the database reads it so: what passes here can be read back."""
    model = METHODS[method][0]
    try:
        return model.model_validate_json(
            json.dumps({} if raw is None else raw), strict=True, by_alias=True, by_name=False
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            reason = "They are nested too deeply, or a text in them holds half a character (a lone surrogate)."
            raise _refusal(INVALID_PARAMS, "The parameters cannot be read.", reason) from None
        name = ".".join(map(str, first["loc"])) or "params"
        fields = ", ".join(field.alias or key for key, field in model.model_fields.items()) or "nothing"
        raise _refusal(INVALID_PARAMS, f"'{_short(name)}': {first['msg']}.", f"{method} takes: {fields}.") from None


def _parse(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises JsonRpcException."""
    try:
        message = json.loads(body.decode(), parse_constant=_not_json, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        reason = "too deeply nested" if isinstance(error, RecursionError) else error
        raise _refusal(PARSE_ERROR, f"The message is not valid JSON: {reason}.", "Send JSON as UTF-8.") from None
    if isinstance(message, list):
        raise _refusal(INVALID_REQUEST, "Batches are not supported.", "Send each request as a message of its own.")
    if not isinstance(message, dict):
        raise _refusal(INVALID_REQUEST, "The message is not a JSON object.", "Send a JSON-RPC 2.0 request.")
    return message


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{_short(digits)} is too large")
    return number


def _usable_id(message: dict[str, Any]) -> int | str | None:
    id = message.get("id")
    return id if isinstance(id, (int, str)) and not isinstance(id, bool) else None


def _internal(error: Exception) -> JsonRpcException:
    message = f"Something unexpected went wrong: {type(error).__name__}: {_short(str(error))}."
    return _error(INTERNAL_ERROR, ErrorKind.INTERNAL, message, "The log has the details.")


def _refusal(code: int, message: str, hint: str) -> JsonRpcException:
    return _error(code, ErrorKind.INVALID_PARAMETERS, message, hint)


def _error(code: int, kind: ErrorKind, message: str, hint: str) -> JsonRpcException:
    return JsonRpcException(message, code, ErrorInfo(kind=kind, message=message, hint=hint).model_dump(mode="json"))


def _short(text: str) -> str:
    """Of a client's text, what an answer can repeat: the beginning, and no lone surrogates."""
    beginning = text[:MAX_TEXT].encode("utf-8", "backslashreplace").decode()
    return beginning if len(text) <= MAX_TEXT else f"{beginning}…"
