"""A preflight asked for by the editor: begun at once, told as events, and never in the way."""

from __future__ import annotations

import sys

import pytest

from support.rpc_client import RpcClient, RpcError


@pytest.fixture(autouse=True)
def python_without_ttnn(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TTVIDEO_BOARD", "TT_METAL_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TTVIDEO_TTNN_PYTHON", sys.executable)


def ends(client: RpcClient) -> dict[int, str]:
    return {heard["id"]: heard["state"] for heard in client.heard("device/preflight")}


def test_its_end_is_told(client: RpcClient) -> None:
    begun = client.request("device/preflight", {"model": "tiny", "parameters": {"frames": 8}, "board": "t3k"})
    assert (begun["state"], begun["boardTitle"], begun["parameters"]["frames"]) == ("running", "T3K", 8)
    client.wait_for(lambda: ends(client).get(begun["id"]) == "failed", "device/preflight")
    told = client.heard("device/preflight")[-1]
    assert told["message"] == "ttnn cannot be imported: There is no ttnn in this Python."
    assert told["hint"]


def test_a_later_one_takes_the_place_of_one_before(client: RpcClient) -> None:
    numbers = [client.request("device/preflight", {"model": "tiny"})["id"] for _ in range(3)]
    assert numbers == sorted(set(numbers))
    client.wait_for(lambda: ends(client).get(numbers[-1]) == "failed", "device/preflight")
    assert client.request("device/preflight", {"model": "tiny"})["state"] == "running"


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"model": "tiny", "board": "n160"}, "invalidParameters"),
        ({"model": "tiny", "parameters": {"frames": "many"}}, "invalidParameters"),
        ({"model": "nothing"}, "invalidParameters"),
        ({"model": "ltx"}, "unsupported"),
    ],
)
def test_what_cannot_be_tried_is_said_at_once(client: RpcClient, asked: dict[str, object], kind: str) -> None:
    with pytest.raises(RpcError) as caught:
        client.request("device/preflight", asked)
    assert caught.value.data["kind"] == kind
    assert client.heard("device/preflight") == []
