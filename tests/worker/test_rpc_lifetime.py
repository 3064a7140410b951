"""The pipe stays clean, and the process ends when nobody wants it any more."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.rpc_client import SERVE, RpcClient, frame
from support.waiting import wait_until

pytestmark = pytest.mark.alone
HELLO = {"clientVersion": "test"}
BROKEN_FRAMING = 65
CUT_OFF = 1
END_SECONDS = 2

NOISY = """
import os, subprocess, sys, threading, time
def make_noise():
    while not os.path.sameopenfile(1, 2):
        time.sleep(0.001)
    while True:
        print("noise from Python", flush=True)
        os.write(1, b"Content-Length: 5\\r\\n\\r\\nnoise from native code\\n")
        subprocess.run(["echo", "noise from a child"])
        subprocess.run(["cat"])  # would eat requests
threading.Thread(target=make_noise, daemon=True).start()
from ttvideo.rpc.server import serve
sys.exit(serve())
"""

HANGING = """
import sys, threading
from ttvideo.jobs.runner import Runner
from ttvideo.rpc.server import serve
Runner.stop = lambda self, timeout: threading.Event().wait()
sys.exit(serve())
"""

# Starts the worker with its own stdin and stdout, which others hold open, and then only waits.
PARENT = """
import subprocess, sys, time
subprocess.Popen(sys.argv[1:])
sys.stdin.close()
time.sleep(600)
"""


def test_printing_cannot_corrupt_the_pipe(log: Path) -> None:
    with RpcClient(log, [sys.executable, "-c", NOISY]) as client:
        for _ in range(100):
            assert client.request("worker/hello", HELLO)["pid"] == client.process.pid
        noise = ("noise from Python", "noise from native code", "noise from a child")
        wait_until(lambda: all(kind in client.log_text() for kind in noise), "all noise in the log", timeout=30)
        assert client.close()[0] == 0


def test_closing_stdin_ends_the_worker(client: RpcClient) -> None:
    code, seconds = client.close()
    assert code == 0
    assert seconds < END_SECONDS
    assert "The client closed stdin." in client.log_text()


def test_what_was_asked_before_closing_is_answered(log: Path) -> None:
    with RpcClient(log) as client:
        for id in range(200):
            client.send({"jsonrpc": "2.0", "id": id, "method": "worker/hello", "params": HELLO})
        assert client.close()[0] == 0
        assert [answer["id"] for answer in client.answers] == list(range(200))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_worker(client: RpcClient, number: signal.Signals) -> None:
    client.process.send_signal(number)
    code, seconds = client.wait_for_end(30)
    assert code == 0
    assert seconds < END_SECONDS
    assert number.name in client.log_text()


def test_the_worker_ends_when_its_client_is_gone(client: RpcClient) -> None:
    assert client.process.stdout is not None
    # Only the reading end is closed: the next answer cannot be written.
    os.dup2(os.open(os.devnull, os.O_RDONLY), client.process.stdout.fileno())
    client.send({"jsonrpc": "2.0", "id": 1, "method": "jobs/list"})
    code, _ = client.wait_for_end(30)
    # On a busy machine it may be cut off after its two seconds, and then says where it was.
    assert code == 0 or "Timeout (" in client.log_text()
    assert "The client closed its end of the pipe." in client.log_text()


def test_the_worker_ends_when_its_parent_dies(log: Path) -> None:
    with RpcClient(log, [sys.executable, "-c", PARENT, *SERVE]) as client:
        worker = client.request("worker/hello", HELLO)["pid"]
        assert worker != client.process.pid
        client.process.kill()
        client.wait_for_end(30)
        # stdin is still open here, and stdout ends only with the worker.
        wait = END_SECONDS + 0.5
        client._reader.join(wait)
        assert client.ended, f"the worker lives {wait} s after its parent"
        assert "The parent process is gone." in client.log_text()


def test_a_worker_that_hangs_while_ending_is_cut_off(log: Path) -> None:
    with RpcClient(log, [sys.executable, "-c", HANGING]) as client:
        client.request("worker/hello", HELLO)
        code, seconds = client.close()
        assert code == CUT_OFF
        assert seconds < END_SECONDS + 0.5
        assert "in serve" in client.log_text()


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"\r\n",
        b"\x00\xff\x80\r\n\r\n",
        b'{"jsonrpc": "2.0", "id": 1, "method": "jobs/list"}\n',
        b"Content-Length: x\r\n\r\n{}",
        b"Content-Length: -2\r\n\r\n{}",
        b"Content-Length: 1_0\r\n\r\n{}",
        b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Length: 99999999999\r\n\r\n{}",
        b"Content-Length: 2\n\n{}",
        b"Content-Type: x\r\n\r\n{}",
        b"A: b\r\n" * 10_000,
        b"A" * 100_000,
        frame(b"{}")[:-1],
        frame(b"{}") + b"}",
    ],
    ids=lambda data: repr(data)[:40],
)
def test_broken_framing_ends_the_worker_with_a_sentence(log: Path, data: bytes) -> None:
    with RpcClient(log) as client:
        client.request("worker/hello", HELLO)
        with contextlib.suppress(BrokenPipeError):  # the worker does not read to the end of it
            client.send_bytes(data)
        code, seconds = client.wait_for_end(30) if data[-1:] == b"A" else client.close()
        assert code == BROKEN_FRAMING
        assert seconds < END_SECONDS
        assert "The worker ends." in client.log_text()
        assert "Traceback" not in client.log_text()


@pytest.mark.parametrize("stdin", [os.devnull, __file__])
def test_stdin_may_be_any_file(stdin: str, log: Path) -> None:
    with open(stdin, "rb") as file, log.open("wb") as stderr:
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "worker")}
        run = subprocess.run(SERVE, stdin=file, stdout=subprocess.PIPE, stderr=stderr, timeout=30, env=env)
    assert "The worker ends." in log.read_text()
    assert run.returncode == (0 if stdin == os.devnull else BROKEN_FRAMING)
