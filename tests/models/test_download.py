"""Downloads by the real worker and the real command line, from a hub that behaves, and from one that does not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from models.conftest import REPO, UNET, UNET_BYTES, Cli, needed_bytes, snapshot
from support.hub_server import HubServer, Trouble, files_of
from support.rpc_client import WORKER, Message, RpcClient

ENDED = ("done", "failed", "cancelled", "interrupted")
TOKEN = "hf_a_secret_that_must_not_be_written_down"


def latest(client: RpcClient, id: str) -> Message:
    return next((job for job in reversed(client.heard("job/changed")) if job["id"] == id), {"status": {"state": ""}})


def ended(client: RpcClient, id: str) -> Message:
    client.wait_for(lambda: latest(client, id)["status"]["state"] in ENDED, f"job {id} to end")
    return latest(client, id)


def download(client: RpcClient) -> str:
    id: str = client.request("models/download", {"model": "sdxl"})["id"]
    return id


def assert_complete(home: Path, hub: HubServer) -> None:
    folder = snapshot(home, hub)
    assert (folder.parents[1] / "refs" / "main").read_text() == hub.commit
    for file in folder.rglob("*"):
        if file.is_file():
            assert file.is_symlink()
            assert file.read_bytes() == hub.files[str(file.relative_to(folder))]
    assert (folder / UNET).is_file()
    assert list(folder.parents[1].glob("blobs/*.incomplete")) == []


def test_what_was_downloaded_generates_offline(tmp_path: Path, home: Path, outputs: Path, ttvideo: Cli) -> None:
    from support.random_models import make_models

    repo = make_models(tmp_path / "made") / "sdxl"
    for weights in list(repo.glob("*/*.safetensors")):
        shutil.copyfile(weights, weights.with_suffix(".fp16.safetensors"))
    with HubServer(REPO, files_of(repo)) as hub:
        done = ttvideo("download", "sdxl", **hub.env)
    (place,) = done.stdout.splitlines()
    assert Path(place) == snapshot(home, hub).parents[1]
    assert_complete(home, hub)
    about = ("--model", "sdxl", "--steps", 1, "--size", "64x64", "--output", outputs)
    (picture,) = ttvideo("generate", "a fair at night", *about, HF_HUB_OFFLINE="1").stdout.splitlines()
    assert Path(picture).is_file()


def test_only_what_is_read_is_fetched_once_and_hf_finds_it(hub: HubServer, home: Path, ttvideo: Cli) -> None:
    lines = ttvideo("download", REPO, "--json").stdout.splitlines()
    jobs = [json.loads(line) for line in lines]
    assert jobs[-1]["status"]["state"] == "done"
    assert jobs[-1]["request"] == {"model": "sdxl", "checkpoint": "sdxl", "kind": "download"}
    assert {job["status"].get("phase") for job in jobs if job["status"]["state"] == "running"} == {"downloading"}
    assert sum(hub.sent.values()) == needed_bytes(hub)
    wrong = (".bin", ".onnx", ".msgpack", "w.safetensors", "1.0.safetensors", ".md")
    assert [name for name in hub.sent if name.endswith(wrong) or (".safetensors" in name and "fp16" not in name)] == []
    assert_complete(home, hub)
    program = f"from huggingface_hub import *; print(snapshot_download('{REPO}'), len(scan_cache_dir().warnings))"
    own = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    said = subprocess.run([sys.executable, "-c", program], env=own, capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(snapshot(home, hub)), "0"]

    before = hub.sent.copy()
    assert ttvideo("download", "sdxl").stdout.strip()
    assert ttvideo("download", "sdxl", HF_HUB_OFFLINE="1").stdout.strip()
    assert hub.sent == before
    (line,) = (line for line in ttvideo("models").stdout.splitlines() if "openrail++" in line)
    assert f"installed in {snapshot(home, hub).parents[1]}" in line
    assert "Stable Diffusion XL" in ttvideo("models", "--disk").stdout

    assert "Say --yes" in ttvideo("models", "remove", "sdxl", code=2).stderr
    assert "removed" in ttvideo("models", "remove", "sdxl", "--yes").stdout
    assert not snapshot(home, hub).parents[1].exists()
    assert "is not installed" in ttvideo("models", "remove", "sdxl", "--yes", code=1).stderr
    assert "is part of ttvideo" in ttvideo("models", "remove", "tiny", "--yes", code=2).stderr


def test_what_others_publish_comes_along_and_one_repository_may_hold_several(
    hub: HubServer, home: Path, ttvideo: Cli
) -> None:
    def adapter(steps: int) -> str:
        return f"animatediff_lightning_{steps}step_diffusers.safetensors"

    parts = ("vae", "unet", "text_encoder")
    base = {name: data for name, data in hub.files.items() if name.startswith(tuple(f"{part}/" for part in parts))}
    base["model_index.json"] = json.dumps({"_class_name": "StableDiffusionPipeline"}).encode()
    motion = {"config.json": b'{"_class_name": "MotionAdapter"}', "diffusion_pytorch_model.safetensors": b"m" * 20_000}
    lightning = {adapter(steps): str(steps).encode() * 12_000 for steps in (1, 4)}
    repos = (
        HubServer("CompVis/stable-diffusion-v1-4", base),
        HubServer("guoyww/animatediff-motion-adapter-v1-5-2", motion),
        HubServer("ByteDance/AnimateDiff-Lightning", lightning),
    )
    hub.others.extend(repos)
    ttvideo("download", "animatediff")
    assert set(repos[1].sent) == set(motion)
    for number, steps in enumerate((4, 1)):
        place = Path(ttvideo("download", f"animatediff-lightning-{steps}").stdout.strip())
        there = [path.name for path in place.glob("snapshots/*/*")]
        assert len(there) == number + 1
        assert adapter(steps) in there
    listed = [json.loads(line) for line in ttvideo("models", "--json").stdout.splitlines()]
    (model,) = (model for model in listed if model["id"] == "animatediff")
    names = [each["name"] for each in model["checkpoints"] if each["installed"]]
    assert set(names) == {"animatediff", "animatediff-v1-5-2", "animatediff-lightning-1", "animatediff-lightning-4"}
    ttvideo("models", "remove", "animatediff-lightning-1", "--yes")
    assert [path.name for path in place.glob("snapshots/*/*")] == [adapter(4)]


def test_a_connection_that_breaks_goes_on_where_it_was(
    hub: HubServer, home: Path, env: dict[str, str], tmp_path: Path
) -> None:
    hub.troubles[UNET] = Trouble(after=UNET_BYTES // 2)
    with RpcClient(tmp_path / "log", env=env) as client:
        job = ended(client, download(client))
    assert job["status"]["state"] == "done", job
    assert_complete(home, hub)
    assert [name for name, _ in hub.ranges] == [UNET]
    assert sum(hub.sent.values()) == needed_bytes(hub)


def test_a_wrong_checksum_deletes_the_file_and_says_so(
    hub: HubServer, home: Path, env: dict[str, str], tmp_path: Path
) -> None:
    hub.corrupt.add(UNET)
    with RpcClient(tmp_path / "log", env=env) as client:
        id = download(client)
        error = ended(client, id)["status"]["error"]
        assert error["kind"] == "modelBroken"
        assert f"{UNET} of Stable Diffusion XL" in error["message"]
        blobs = snapshot(home, hub).parents[1] / "blobs"
        assert [path.name for path in blobs.iterdir() if path.name.startswith(hub.blob(UNET))] == []
        (model,) = (each for each in client.request("models/list")["models"] if each["id"] == "sdxl")
        assert not model["checkpoints"][0]["installed"]
        assert model["checkpoints"][0]["diskBytes"] > 0
        hub.corrupt.clear()
        client.request("jobs/resume", {"id": id})
        client.wait_for(lambda: latest(client, id)["status"]["state"] == "done", "the second try")
    assert_complete(home, hub)


def test_a_gated_model_wants_a_token_which_is_written_nowhere(
    hub: HubServer, home: Path, env: dict[str, str], tmp_path: Path, own_state: Path, ttvideo: Cli
) -> None:
    hub.token = TOKEN
    with RpcClient(tmp_path / "log", env=env) as client:
        error = ended(client, download(client))["status"]["error"]
    assert error["kind"] == "accessDenied"
    assert f"{hub.env['HF_ENDPOINT']}/{REPO}" in error["hint"]
    assert "HF_TOKEN" in error["hint"]
    wrong = ttvideo("download", "sdxl", code=1, HF_TOKEN="hf_wrong").stderr
    assert "with the account of your token" in wrong
    with RpcClient(tmp_path / "log", env={**env, "HF_TOKEN": TOKEN, "TTVIDEO_LOG_LEVEL": "debug"}) as client:
        assert ended(client, download(client))["status"]["state"] == "done"
        assert TOKEN not in json.dumps([client.answers, client.events])
        client.close()
    ttvideo("--verbose", "download", "sdxl", HF_TOKEN=TOKEN)
    assert_complete(home, hub)
    written = [*own_state.rglob("*"), *home.rglob("*"), tmp_path / "log"]
    assert len(written) > 20
    assert [file for file in written if file.is_file() and TOKEN.encode() in file.read_bytes()] == []
    assert hub.with_token
    assert [address for address in hub.with_token if not address.startswith("127.0.0.1")] == []


def test_a_silent_connection_is_cancelled_within_a_second_and_goes_on(
    hub: HubServer, home: Path, env: dict[str, str], tmp_path: Path
) -> None:
    stuck = hub.troubles[UNET] = Trouble(after=UNET_BYTES // 2, released=threading.Event())
    with RpcClient(tmp_path / "log", env=env) as client:
        id = download(client)
        client.wait_for(lambda: latest(client, id)["status"].get("step", 0) > UNET_BYTES // 2 - 70_000, "half of it")
        began = time.monotonic()
        client.request("jobs/cancel", {"id": id})
        assert ended(client, id)["status"]["state"] == "cancelled"
        assert time.monotonic() - began < 1.5
        stuck.released.set()  # type: ignore[union-attr]
        client.request("jobs/resume", {"id": id})
        client.wait_for(lambda: latest(client, id)["status"]["state"] == "done", "the rest")
    assert_complete(home, hub)
    # What was on its way when it was cancelled may be fetched again, the rest may not.
    assert sum(hub.sent.values()) < needed_bytes(hub) + UNET_BYTES // 2 + 1
    assert UNET in [name for name, _ in hub.ranges]


def test_a_killed_download_goes_on_in_another_process(
    hub: HubServer, home: Path, env: dict[str, str], tmp_path: Path
) -> None:
    hub.troubles[UNET] = Trouble(after=UNET_BYTES // 2, released=threading.Event())
    blobs = snapshot(home, hub).parents[1] / "blobs"
    with RpcClient(tmp_path / "first.log", env=env) as client:
        id = download(client)
        client.wait_for(lambda: latest(client, id)["status"].get("step", 0) > UNET_BYTES // 2 - 70_000, "half of it")
        client.process.kill()
        client.process.wait()
    (begun,) = blobs.glob("*.incomplete")
    have = begun.stat().st_size
    assert have > UNET_BYTES // 4
    with RpcClient(tmp_path / "second.log", env=env) as client:
        assert client.request("jobs/get", {"id": id})["status"]["state"] == "interrupted"
        client.request("queue/resume")
        client.request("jobs/resume", {"id": id})
        assert ended_after(client, id)["status"]["state"] == "done"
    assert (UNET, f"bytes={have}-") in hub.ranges
    assert_complete(home, hub)


def ended_after(client: RpcClient, id: str) -> Message:
    client.wait_for(lambda: latest(client, id)["status"]["state"] in ("done", "failed"), f"job {id} to end")
    return latest(client, id)


def test_two_processes_share_one_download(hub: HubServer, home: Path, env: dict[str, str], tmp_path: Path) -> None:
    stuck = hub.troubles[UNET] = Trouble(after=UNET_BYTES // 2, released=threading.Event())
    path = os.pathsep.join(filter(None, [str(WORKER), os.environ.get("PYTHONPATH")]))
    whole = {**os.environ, "PYTHONPATH": path, **env}
    with RpcClient(tmp_path / "log", env=env) as client:
        id = download(client)
        assert stuck.reached.wait(60)
        command = [sys.executable, "-m", "ttvideo", "download", "sdxl", "--json"]
        with subprocess.Popen(command, env=whole, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            for line in other.stdout:
                status = json.loads(line)["status"]
                if status.get("step", 0) > UNET_BYTES // 4:
                    stuck.released.set()  # type: ignore[union-attr]
            assert other.wait(60) == 0
        assert ended(client, id)["status"]["state"] == "done"
    assert_complete(home, hub)
    assert sum(hub.sent.values()) == needed_bytes(hub)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE forbids"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "could not be fetched"),
    ],
)
def test_without_a_network_it_is_said_at_once(ttvideo: Cli, change: dict[str, Any], says: str) -> None:
    began = time.monotonic()
    err = ttvideo("download", "sdxl", code=1, **change).stderr
    assert says in err
    assert "Traceback" not in err
    assert time.monotonic() - began < 10
