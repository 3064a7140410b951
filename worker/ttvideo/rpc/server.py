"""`ttvideo serve`: JSON-RPC on stdin and stdout for as long as the client wants it.

Nothing but the standard library is imported before the pipe is claimed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass
from queue import Empty, Queue, SimpleQueue
from typing import TYPE_CHECKING

from ttvideo.rpc.channel import Channel, FramingError, claim_channel

if TYPE_CHECKING:
    from ttvideo.rpc.protocol import Protocol

log = logging.getLogger(__name__)

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
EXIT_OK = 0
EXIT_BROKEN_FRAMING = 65
"""EX_DATAERR: the input is no sequence of messages."""
PARENT_SECONDS = 0.5
WAITING_REQUESTS = 64
LAST_ANSWERS_SECONDS = 0.4
LAST_EVENTS_SECONDS = 0.1
DEVICE_SECONDS = 1.0
END_SECONDS = 1.8


@dataclass(frozen=True)
class End:
    reason: str
    code: int = EXIT_OK


def serve() -> int:
    """Serve until stdin ends, the parent dies or SIGTERM or SIGINT comes; all three end it within two seconds.

    Returns 0, or 65 after a broken message frame; the exit code is 1 when something hung and was cut off. Raises
    WorkerError when the queue cannot be opened.
    """
    # SimpleQueue, because a signal handler may put into it while the thread it interrupts is in it.
    ends: SimpleQueue[End] = SimpleQueue()
    channel = claim_channel(lambda: ends.put(End("The client closed its end of the pipe.")))
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: ends.put(End(f"Received {signal.Signals(number).name}.")))
    # The command line has set up its own, quieter log.
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", force=True)
    level = os.environ.get("TTVIDEO_LOG_LEVEL", "info")
    logging.getLogger().setLevel(max(logging.WARNING, LEVELS.get(level, 0)))
    logging.getLogger("ttvideo").setLevel(LEVELS.get(level, logging.INFO))

    from ttvideo.jobs.devices import device_status
    from ttvideo.jobs.outputs import OutputWatch
    from ttvideo.jobs.queue import open_queue
    from ttvideo.jobs.runner import Runner
    from ttvideo.rpc.events import DeviceEvents, LogEvents, QueueEvents
    from ttvideo.rpc.methods import make_handlers
    from ttvideo.rpc.preflights import Preflights
    from ttvideo.rpc.protocol import make_protocol
    from ttvideo.tt import detect

    queue = open_queue("worker")
    outputs = OutputWatch(queue, lambda appeared: protocol.post("output/appeared", appeared))
    preflights = Preflights(lambda event, preflight: protocol.post(event, preflight))
    protocol = make_protocol(make_handlers(queue, outputs, preflights))
    log_events = LogEvents(protocol.post)
    logging.getLogger("ttvideo").addHandler(log_events)
    log_events.start()
    events = QueueEvents(queue, protocol.post)
    devices = DeviceEvents(lambda: device_status(queue.store.folder, detect.look(holders=True)), protocol.post)
    answering = start_answering(channel, protocol, ends)
    if level not in LEVELS:
        log.warning("TTVIDEO_LOG_LEVEL is '%s', not one of %s: it is taken as info.", level, ", ".join(LEVELS))
    events.start()
    devices.start()
    runner = Runner(queue)
    runner.start()

    end = wait_for_end(ends, parent)
    log.info("%s The worker ends.", end.reason)
    # Whatever hangs below (native code, a locked database), the process is gone in time, and the log says where it
    # hung: the database and every file survive an end at any moment.
    faulthandler.dump_traceback_later(END_SECONDS, exit=True)
    answering.join(LAST_ANSWERS_SECONDS)
    stopped = runner.stop(DEVICE_SECONDS)
    outputs.stop(LAST_EVENTS_SECONDS)
    events.stop(LAST_EVENTS_SECONDS)
    devices.stop(LAST_EVENTS_SECONDS)
    preflights.stop(LAST_EVENTS_SECONDS)
    queue.close()
    logging.shutdown()
    if not stopped:
        os._exit(end.code)
    return end.code


def start_answering(channel: Channel, protocol: Protocol, ends: SimpleQueue[End]) -> threading.Thread:
    """Read on one thread and answer on another, so that the end of the input is seen while a request is handled.

    Returns the answering thread; it ends after the last message that was read.
    """
    inbox: Queue[bytes | None] = Queue(WAITING_REQUESTS)

    def read() -> None:
        try:
            for body in channel.messages():
                inbox.put(body)
            ends.put(End("The client closed stdin."))
        except FramingError as error:
            ends.put(End(str(error), EXIT_BROKEN_FRAMING))
        except OSError as error:
            ends.put(End(f"The input cannot be read: {error}."))
        inbox.put(None)

    def answer() -> None:
        while (body := inbox.get()) is not None:
            protocol.receive(body)

    protocol.set_writer(channel)
    threading.Thread(target=read, name="read", daemon=True).start()
    answering = threading.Thread(target=answer, name="answer", daemon=True)
    answering.start()
    return answering


def wait_for_end(ends: SimpleQueue[End], parent: int) -> End:
    # Looking at the parent's pid works everywhere, and another process may hold stdin's other end open. The kernel's
    # own signal (PR_SET_PDEATHSIG) would come as soon as the parent's *thread* that started this process ends.
    while os.getppid() == parent:
        with contextlib.suppress(Empty):
            return ends.get(timeout=PARENT_SECONDS)
    return End("The parent process is gone.")
