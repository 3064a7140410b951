"""What a program costs, read from ttnn's own capture of it.

Memory is what ttnn itself allocates, and exact. The time is the roofline: no board can be faster, and any may be much
slower. It counts what matrix engines multiply at their highest rate, and what is read from and written to DRAM once
for each operation; kernels, dispatch, Ethernet and the host cost nothing in it.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ttnn

from ttvideo.tt import boards

# tt-metal, tech_reports/matrix_engine/matrix_engine.md: as many cycles again for each further phase of the fidelity.
# Rate, clocks, cores and bandwidth are boards.py's, with their sources.
PHASES = {"LoFi": 1, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}
FIDELITY = re.compile(r"math_fidelity=(\w+)")
SHAPE = re.compile(r"\d+")

DRAM = 0
"""In a graph, the number of this kind of memory."""
TRANSFERS = frozenset({"Tensor::to_device", "tt::tt_metal::copy_to_device", "Tensor::cpu"})
# They read as much of their first input as they give; and write as much into what they are given as the first one has.
READ_PART = frozenset({"SliceDeviceOperation", "PaddedSliceDeviceOperation"})
WRITE_PART = frozenset({"SliceWriteDeviceOperation"})

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Cost:
    """Of all calls of one device operation."""

    calls: int = 0
    seconds: float = 0.0
    """At least; all of them together."""


@dataclass(frozen=True)
class Report:
    """Of what ran within `captured`, for one chip."""

    dram_peak: int
    """Bytes, with what lay there before."""
    dram_total: int
    l1_peak: int
    """Bytes of a core: buffers, and the circular buffers of programs that were built within."""
    l1_total: int
    programs: int
    """That were built: those that the mesh had are not counted."""
    transfers: int
    """Between host and board."""
    costs: Mapping[str, Cost]
    """By device operation."""

    @property
    def operations(self) -> int:
        return sum(cost.calls for cost in self.costs.values())

    @property
    def seconds(self) -> float:
        """At least."""
        return sum(cost.seconds for cost in self.costs.values())


@dataclass
class Captured:
    reports: list[Report] = field(default_factory=list)
    stopped_in: str = ""
    """The operation that raised, if one did."""

    @property
    def report(self) -> Report:
        """Raises IndexError before the end."""
        return self.reports[0]


@contextmanager
def captured(mesh: ttnn.MeshDevice, kind: boards.BoardType) -> Iterator[Captured]:
    """Report on what runs within, on a mesh of boards of this kind. There is no report when it raises."""
    start, built = ttnn.get_memory_view(mesh, ttnn.BufferType.DRAM), mesh.num_program_cache_entries()
    capture = Captured()
    ttnn.graph.begin_graph_capture(ttnn.graph.RunMode.NORMAL)
    try:
        yield capture
    except BaseException:
        capture.stopped_in = _unfinished(ttnn.graph.end_graph_capture())
        raise
    graph: Sequence[Node] = ttnn.graph.end_graph_capture()
    dram, l1 = _peaks(graph)
    sizes = [ttnn.get_memory_view(mesh, kind) for kind in (ttnn.BufferType.L1, ttnn.BufferType.L1_SMALL)]
    capture.reports.append(
        Report(
            dram_peak=(start.total_bytes_allocated_per_bank + dram) * start.num_banks,
            dram_total=start.total_bytes_per_bank * start.num_banks,
            l1_peak=l1,
            l1_total=sum(size.total_bytes_per_bank for size in sizes),
            programs=mesh.num_program_cache_entries() - built,
            transfers=sum(node["params"]["name"] in TRANSFERS for node in graph if _starts(node)),
            costs=costs(graph, kind),
        )
    )


def costs(graph: Sequence[Node], kind: boards.BoardType) -> dict[str, Cost]:
    """Of each device operation in a graph, the most expensive first."""
    found: defaultdict[str, Cost] = defaultdict(Cost)
    running: list[Node] = []
    for node in graph:
        if _starts(node):
            running.append(node)
        elif node["node_type"] == "function_end":
            start = running.pop()
            name = start["params"]["name"]
            if "program_cache_hit" in start["params"]:
                before, results = found[name], _tensors(graph, node["connections"])
                seconds = _seconds(start, _tensors(graph, start["input_tensors"]), results, kind)
                found[name] = Cost(before.calls + 1, before.seconds + seconds)
    return dict(sorted(found.items(), key=lambda item: -item[1].seconds))


def _seconds(start: Node, inputs: Sequence[Node], results: Sequence[Node], kind: boards.BoardType) -> float:
    name = start["params"]["name"]
    fidelity = FIDELITY.search(str(start["arguments"][0])) if start["arguments"] else None
    rate = boards.FLOPS_PER_CYCLE / PHASES.get(fidelity[1] if fidelity else "", 1) * kind.cores * kind.arch.clock
    return max(_flops(name, inputs, results) / rate, _moved(name, inputs, results) / kind.bandwidth)


def _moved(name: str, inputs: Sequence[Node], results: Sequence[Node]) -> int:
    """Bytes from and to DRAM; what is written in place is counted once, and memory of a core for nothing."""
    if inputs and results and name in (READ_PART | WRITE_PART):
        size = _size(results[0] if name in READ_PART else inputs[0])
        return size * sum(_in_dram(tensor) for tensor in (inputs[0], results[0]))
    tensors = {tensor["params"]["device_tensors"]: tensor for tensor in (*inputs, *results)}
    return sum(_size(tensor) for tensor in tensors.values() if _in_dram(tensor))


def _size(tensor: Node) -> int:
    size: int = tensor["params"]["size"]
    return size


def _in_dram(tensor: Node) -> bool:
    return bool(tensor["params"]["buffer_type"] == DRAM)


def _flops(name: str, inputs: Sequence[Node], results: Sequence[Node]) -> int:
    shapes, made = [_shape(tensor) for tensor in inputs], [_shape(tensor) for tensor in results]
    if name in ("MatmulDeviceOperation", "MinimalMatmulDeviceOperation"):
        return 2 * math.prod(made[0]) * shapes[0][-1]
    if name == "Conv2dDeviceOperation":
        # Prepared weights: a row for each input channel and place of the kernel.
        return 2 * math.prod(made[0]) * shapes[1][-2]
    if name == "SDPAOperation":
        return 4 * math.prod(shapes[0]) * shapes[1][-2]
    return 0


def _peaks(graph: Sequence[Node]) -> tuple[int, int]:
    """Bytes of DRAM in a bank and of L1 in a core, at their peaks, above what was there at the start."""
    live: defaultdict[str, dict[int, int]] = defaultdict(dict)
    dram = l1 = 0
    program: list[tuple[int, int]] = []
    for node in graph:
        what, params = node["node_type"], node["params"]
        if what == "buffer_allocate":
            _place(live[params["type"]], int(params["address"]), int(params["max_size_per_bank"]))
            dram = max(dram, sum(live["DRAM"].values()))
        elif what == "buffer_deallocate":
            live[params["type"]].pop(int(params["address"]), None)
        elif what == "circular_buffer_allocate" and params["globally_allocated"] == "0":
            program.append((int(params["address"]), int(params["address"]) + int(params["size"])))
        elif what == "circular_buffer_deallocate_all":
            program.clear()
        elif what == "program_execution":
            # Only now: one that is too large is refused before, and tried again in smaller parts.
            circular = max(end for _, end in program) - min(start for start, _ in program) if program else 0
            l1 = max(l1, circular + sum(live["L1"].values()) + sum(live["L1_SMALL"].values()))
    return dram, l1


def _place(live: dict[int, int], address: int, size: int) -> None:
    """Of some buffers the graph does not tell that they were freed; what lies where they were does."""
    for other, length in list(live.items()):
        if other < address + size and address < other + length:
            del live[other]
    live[address] = size


def _unfinished(graph: Sequence[Node]) -> str:
    """The operation within which it was stopped, with the shapes of what it was given; empty if there is none."""
    running: list[Node] = []
    last: list[Node] = []
    for node in graph:
        if _starts(node):
            running.append(node)
            last = [*running]
        elif node["node_type"] == "function_end" and running:
            running.pop()
    # Some end in the graph although they raised: then it is the one that began last.
    chain = running or last
    if not chain:
        return ""
    # What ttnn's operation is given is only told of those on the device that it calls.
    given = next((found for node in reversed(last) if (found := _tensors(graph, node["input_tensors"]))), [])
    sizes = ", ".join("x".join(map(str, _shape(tensor))) for tensor in given[:2])
    return f"{chain[0]['params']['name']} of {sizes}" if sizes else str(chain[0]["params"]["name"])


def _starts(node: Node) -> bool:
    return bool(node["node_type"] == "function_start")


def _tensors(graph: Sequence[Node], places: Sequence[int]) -> list[Node]:
    """Those that lie on the board."""
    nodes = (graph[place] for place in places if place < len(graph))
    return [node for node in nodes if node["node_type"] == "tensor" and "device_tensors" in node["params"]]


def _shape(tensor: Node) -> list[int]:
    return [int(size) for size in SHAPE.findall(tensor["params"]["shape"])]
