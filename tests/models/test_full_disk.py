"""A disk that is full before a download, or becomes so on the way: a small file system of the test's own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.conftest import UNET, UNET_BYTES, Cli, needed_bytes, snapshot
from support.hub_server import HubServer, Trouble
from support.rpc_client import RpcClient
from support.waiting import wait_until
from ttvideo.families.weights.hub import SPARE_BYTES


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """HF_HOME on a disk with room for the model, and hardly more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={SPARE_BYTES + 4_000_000}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("making a file system needs root: the same is tested in CI")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    file = folder / "others"
    with file.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while shutil.disk_usage(folder).free > leave:
            stream.write(bytes(64 << 10))
    return file


def test_too_little_room_is_said_before_anything_is_fetched(hub: HubServer, home: Path, ttvideo: Cli) -> None:
    others = fill(home, leave=SPARE_BYTES // 2)
    err = ttvideo("download", "sdxl", code=1).stderr
    assert f"({needed_bytes(hub)} bytes) more" in err
    assert "bytes) free" in err
    assert hub.sent.total() == 0
    others.unlink()
    ttvideo("download", "sdxl")


def test_a_disk_that_becomes_full_keeps_what_arrived(
    hub: HubServer, home: Path, env: dict[str, str], tmp_path: Path
) -> None:
    stuck = hub.troubles[UNET] = Trouble(after=UNET_BYTES // 2, released=threading.Event())
    with RpcClient(tmp_path / "log", env=env) as client:
        id = client.request("models/download", {"model": "sdxl"})["id"]
        blobs = snapshot(home, hub).parents[1] / "blobs"
        wait_until(lambda: sum(file.stat().st_size for file in blobs.glob("*.incomplete")) > UNET_BYTES // 4, "a part")
        others = fill(home)
        stuck.released.set()  # type: ignore[union-attr]
        client.wait_for(lambda: client.request("jobs/get", {"id": id})["status"]["state"] == "failed", "the failure")
        error = client.request("jobs/get", {"id": id})["status"]["error"]
        assert error["kind"] == "disk"
        assert "became full" in error["message"]
        (begun,) = blobs.glob("*.incomplete")
        have = begun.stat().st_size
        assert have > UNET_BYTES // 4
        others.unlink()
        client.request("jobs/resume", {"id": id})
        client.wait_for(lambda: client.request("jobs/get", {"id": id})["status"]["state"] == "done", "the rest")
    assert (UNET, f"bytes={have}-") in hub.ranges
