"""The engine's program that decodes, in this process; and what else is on the mesh meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import ttnn
from safetensors.torch import save_file

from support.tt_blocks import exact
from support.tt_session import Told
from support.tt_vae import small
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.tt.engine.programs import find
from ttvideo.tt.mock import golden
from ttvideo.tt.nn.decoding import Asked
from ttvideo.tt.nn.program import DECODER, UNET

LATENTS = exact(3, 4, 4, 4)
FIRST_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


@pytest.fixture
def told(mesh: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setenv("TTVIDEO_CACHE", str(tmp_path))
    return Told(mesh)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its attention is called as in Stable Diffusion's own file."""
    path, state = tmp_path_factory.mktemp("weights") / "vae.safetensors", dict(small().state_dict())
    for name in list(state):
        if "attentions.0." in name:
            present = name
            for now, first in FIRST_NAMES.items():
                name = name.replace(f".{now}.", f".{first}.")
            state[name] = state.pop(present)
    assert any(".proj_attn." in name for name in state)
    save_file(state, path)
    return path


def asked(file: Path, **changes: Any) -> dict[str, Any]:
    """As it comes out of the engine's pipe."""
    config = {name: value for name, value in small().config.items() if not name.startswith("_")}
    arguments: dict[str, Any] = json.loads(json.dumps(Asked((str(file),), {**config, **changes}).as_json()))
    return arguments


def pictures(told: Told, arguments: dict[str, Any], latents: torch.Tensor = LATENTS) -> torch.Tensor:
    return find("decode")(told.session, {"latents": latents}, arguments)["pictures"]


def test_pictures_are_decoded_as_diffusers_does_it(told: Told, file: Path) -> None:
    with golden.shadow(rounded=False):
        made = pictures(told, asked(file))
        again = pictures(told, asked(file))
        told.kept.clear()
    with torch.no_grad():
        expected = small().decode(LATENTS).sample
    torch.testing.assert_close(made, expected, atol=2e-4 * float(expected.abs().max()), rtol=0)
    assert torch.equal(made, again)
    steps = [("decoding",), (1, 3), (2, 3), (3, 3)]
    assert told.events == [("loading",), ("compiling",), *steps, *steps]


def test_it_stops_after_the_picture_in_which_it_is_cancelled(told: Told, file: Path) -> None:
    told.cancel_at = (2, 3)
    with golden.shadow(), pytest.raises(Cancelled):
        pictures(told, asked(file))
    told.kept.clear()
    assert told.events[-1] == (2, 3)


def test_a_decoder_that_is_not_known_is_refused(told: Told, file: Path) -> None:
    with golden.shadow(), pytest.raises(WorkerError, match="act_fn") as error:
        pictures(told, asked(file, act_fn="gelu"))
    assert error.value.kind is ErrorKind.UNSUPPORTED
    assert told.kept == {}


def used(mesh: Any, kind: str) -> int:
    view = ttnn.get_memory_view(mesh, ttnn.BufferType.__members__[kind])
    return int(view.total_bytes_allocated_per_bank * view.num_banks)


def free(mesh: Any) -> int:
    """Bytes of DRAM in one piece of a bank, of all banks together."""
    view = ttnn.get_memory_view(mesh, ttnn.BufferType.DRAM)
    return int(view.largest_contiguous_bytes_free_per_bank * view.num_banks)


def test_the_unet_makes_room_where_there_is_none_beside_it(told: Told, file: Path, mesh: Any) -> None:
    """Without numbers; it is something that takes nearly all of the board's memory."""
    pictures(told, asked(file))
    assert used(mesh, "L1") == 0
    told.kept[UNET] = "small"
    pictures(told, asked(file))
    assert told.kept[UNET] == "small"
    tiles = free(mesh) // (2048 * 64)
    told.kept[UNET] = ttnn.empty((tiles * 32, 2048), ttnn.bfloat16, ttnn.TILE_LAYOUT, mesh, ttnn.DRAM_MEMORY_CONFIG)
    pictures(told, asked(file))
    # pytest would print what is kept, and for that ask the board for all of it.
    assert [*told.kept] == [DECODER, "warm"]


def test_programs_of_another_size_make_room(told: Told, file: Path, mesh: Any) -> None:
    """Without numbers. Something leaves so little of L1_SMALL that it is enough for one size, and not for two."""
    mesh.clear_program_cache()
    pictures(told, asked(file))
    view, programs = ttnn.get_memory_view(mesh, ttnn.BufferType.L1_SMALL), mesh.num_program_cache_entries()
    grid = mesh.compute_with_storage_grid_size()
    shape = grid.x * grid.y, (view.total_bytes_free_per_bank - view.total_bytes_allocated_per_bank // 2) // 2
    cores = ttnn.CoreRangeSet([ttnn.CoreRange((0, 0), (grid.x - 1, grid.y - 1))])
    shards = ttnn.ShardSpec(cores, (1, shape[1]), ttnn.ShardOrientation.ROW_MAJOR)
    memory = ttnn.MemoryConfig(ttnn.TensorMemoryLayout.HEIGHT_SHARDED, ttnn.BufferType.L1_SMALL, shards)
    ballast = ttnn.empty(shape, ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT, mesh, memory)
    assert pictures(told, asked(file), exact(1, 4, 8, 8)).shape == (1, 3, 32, 32)
    assert mesh.num_program_cache_entries() < 2 * programs
    ttnn.deallocate(ballast)
