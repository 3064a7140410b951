"""Programs that are tried: the numbers that are reported against those worked out by hand, and what does not fit."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
import ttnn

from ttvideo import families
from ttvideo.contract import PreflightParams
from ttvideo.families.preflight import subject
from ttvideo.jobs.preflight import Trial
from ttvideo.tt import boards
from ttvideo.tt.mock.report import captured
from ttvideo.tt.preflight import preflight

MOCK = ("TT_METAL_MOCK_CLUSTER_DESC_PATH", "TT_METAL_RUNTIME_ROOT", "TT_METAL_LOGS_PATH", "TT_METAL_CACHE")


@pytest.fixture
def own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The preflight's, with this Python; this process is on a mock board itself."""
    for name in MOCK:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TTVIDEO_TTNN_PYTHON", sys.executable)


def put(mesh: Any, *shape: int, **memory: Any) -> Any:
    return ttnn.from_torch(torch.zeros(shape), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=mesh, **memory)


class TestReports:
    def test_a_product(self, mesh: Any) -> None:
        a, b = put(mesh, 1, 1, 2048, 1024), put(mesh, 1024, 512)
        config = ttnn.init_device_compute_kernel_config(mesh.arch(), math_fidelity=ttnn.MathFidelity.HiFi4)
        with captured(mesh, boards.N150) as low:
            product = ttnn.matmul(a, b)
        with captured(mesh, boards.N150) as high:
            ttnn.matmul(a, b, compute_kernel_config=config)
        flops = 2 * 2048 * 1024 * 512
        rate = 72 * 4096 * 1e9
        moved = 2 * (2048 * 1024 + 1024 * 512 + 2048 * 512)
        assert low.report.operations == high.report.operations == 1
        assert high.report.seconds == pytest.approx(max(flops * 4 / rate, moved / 288e9))
        assert low.report.seconds < high.report.seconds
        assert low.report.seconds >= moved / 288e9
        assert low.report.costs.keys() == {"MatmulDeviceOperation"}
        assert low.report.transfers == 0
        del product

    def test_memory_bound_and_programs_once(self, mesh: Any) -> None:
        a, b = put(mesh, 1, 1, 1024, 1024), put(mesh, 1, 1, 1024, 1024)
        with captured(mesh, boards.N150) as first:
            ttnn.add(a, b)
        with captured(mesh, boards.N150) as again:
            ttnn.add(a, b)
        assert first.report.programs in (0, 1)
        assert again.report.programs == 0
        assert again.report.seconds == pytest.approx(3 * 2 * 1024 * 1024 / 288e9)

    def test_attention_and_convolution(self, mesh: Any) -> None:
        q, k = put(mesh, 2, 8, 1024, 64), put(mesh, 2, 8, 512, 64)
        with captured(mesh, boards.N150) as attention:
            ttnn.transformer.scaled_dot_product_attention(q, k, k, is_causal=False)
        flops = 4 * 2 * 8 * 1024 * 64 * 512
        assert attention.report.seconds >= flops / (72 * 4096 * 1e9)
        x, weight = put(mesh, 1, 1, 1024, 64), ttnn.from_torch(torch.zeros(128, 64, 3, 3), dtype=ttnn.bfloat16)
        sizes = {"in_channels": 64, "out_channels": 128, "batch_size": 1, "input_height": 32, "input_width": 32}
        with captured(mesh, boards.N150) as convolution:
            ttnn.conv2d(input_tensor=x, weight_tensor=weight, device=mesh, kernel_size=(3, 3), padding=(1, 1), **sizes)
        cost = convolution.report.costs["Conv2dDeviceOperation"]
        assert cost.seconds >= 2 * 1024 * 128 * 64 * 9 / (72 * 4096 * 1e9)
        assert convolution.report.transfers > 0
        assert convolution.report.l1_peak > 0

    def test_peaks(self, mesh: Any) -> None:
        size = 2 * 4096 * 4096
        kept = put(mesh, 1, 1, 4096, 4096)
        with captured(mesh, boards.N150) as short:
            ttnn.exp(kept)
        with captured(mesh, boards.N150) as long:
            once = ttnn.exp(kept)
            twice = ttnn.exp(once)
            ttnn.exp(twice)
        more = long.report.dram_peak - short.report.dram_peak
        assert more == pytest.approx(2 * size, rel=0.01)
        assert short.report.dram_peak >= 2 * size
        assert short.report.dram_total == 12 * 1072693184
        with captured(mesh, boards.N150) as l1:
            ttnn.to_memory_config(put(mesh, 1, 1, 2048, 1024), ttnn.L1_MEMORY_CONFIG)
        assert 2 * 2048 * 1024 // 64 <= l1.report.l1_peak < 2 * 2 * 2048 * 1024 // 64

    def test_what_stopped_it(self, mesh: Any) -> None:
        with (
            pytest.raises(RuntimeError, match="Out of Memory"),
            captured(mesh, boards.N150) as capture,
        ):
            ttnn.to_memory_config(put(mesh, 1, 1, 16384, 8192), ttnn.L1_MEMORY_CONFIG)
        assert capture.stopped_in == "ttnn.to_memory_config of 1x1x16384x8192"
        assert capture.reports == []


@pytest.mark.parametrize("board", ["n150", "t3k"])
def test_the_bundled_model_fits(board: str, own_process: None) -> None:
    told: list[str] = []
    trial = Trial(PreflightParams(model="tiny", board=board), lambda preflight: told.append(preflight.message))
    trial.begin()
    end = trial.run()
    assert end.state == "fits", end.message
    assert len(told) == 4
    needs = end.needs
    assert needs is not None
    weights = sum(torch.Size(shape).numel() for shape in subject(*families.fitted("tiny", {})).weights.values())
    assert 2 * weights < needs.dram_loaded < 6 * weights
    assert needs.dram_loaded < needs.dram_peak < needs.dram_total
    assert 0 < needs.l1_peak < needs.l1_total
    assert needs.operations > needs.programs > 50
    assert needs.step_seconds > 0
    assert needs.clip_seconds == pytest.approx(20 * needs.step_seconds)


def test_what_ttnn_refuses_is_told_with_its_words(own_process: None) -> None:
    small = subject(*families.fitted("tiny", {}))
    found = preflight(replace(small, latents=(1, 20, 16, 8, 8)), boards.SYSTEMS[0], lambda phase: None, lambda: None)
    assert found.needs is None
    assert found.refused is not None
    assert found.refused.operation.startswith("ttnn.conv2d")
    assert found.refused.said.startswith("Attempting to reshape")
    assert found.refused.memory is None


def test_a_clip_that_is_too_large(own_process: None) -> None:
    small = subject(*families.fitted("tiny", {}))
    large = replace(small, latents=(1, 24, 16, 384, 384))
    found = preflight(large, boards.SYSTEMS[0], lambda phase: None, lambda: None)
    assert found.refused is not None
    assert (found.refused.memory, found.refused.phase) == ("DRAM", "compiling")
    assert found.refused.missing > 0
    assert found.refused.operation.startswith("ttnn.")
