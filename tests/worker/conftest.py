from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.rpc_client import RpcClient


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


@pytest.fixture
def client(log: Path) -> Iterator[RpcClient]:
    """A worker that has said hello and whose queue is paused, so that it runs no job."""
    with RpcClient(log) as client:
        client.request("worker/hello", {"clientVersion": "test"})
        client.request("queue/pause")
        yield client
