"""The part of Hugging Face's hub that a download asks for, on 127.0.0.1, with the ways it can go wrong."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 10_000
"""Files from this size on are in LFS: known by their SHA-256, and handed out by another host."""
PIECE = 16 << 10


@dataclass
class Trouble:
    """What happens to a file: once, or `always`."""

    after: int
    """Bytes of one answer that arrive before."""
    released: threading.Event | None = None
    """Nothing more arrives until this is set; without it the connection breaks."""
    reached: threading.Event = field(default_factory=threading.Event)
    always: bool = False


class HubServer:
    """Serves the files of one repository, with what tests want to know of what was asked."""

    def __init__(self, repo: str, files: dict[str, bytes]) -> None:
        self.repo, self.files = repo, files
        self.token: str | None = None
        """Who does not bring this token is told that the repository is gated."""
        self.troubles: dict[str, Trouble] = {}
        self.corrupt: set[str] = set()
        self.sent: Counter[str] = Counter()
        """Bytes of each file that went out."""
        self.ranges: list[tuple[str, str]] = []
        """File and Range of each request that had one."""
        self.asked: list[str] = []
        self.with_token: list[str] = []
        """Addresses that were asked for with a token."""
        self.others: list[HubServer] = []
        """Of other repositories, which this one answers for; they are not entered."""
        self.ending = threading.Event()

    @property
    def commit(self) -> str:
        return hashlib.sha1(json.dumps([self.repo, *map(self.blob, sorted(self.files))]).encode()).hexdigest()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def env(self) -> dict[str, str]:
        local = "127.0.0.1,localhost"
        return {"HF_ENDPOINT": f"http://127.0.0.1:{self.port}", "NO_PROXY": local, "no_proxy": local}

    def blob(self, name: str) -> str:
        data = self.files[name]
        if len(data) >= LARGE:
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

    def info(self) -> dict[str, Any]:
        siblings = []
        for name, data in self.files.items():
            about: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": hashlib.sha1(data).hexdigest()}
            if len(data) >= LARGE:
                about["lfs"] = {"sha256": self.blob(name), "size": len(data), "pointerSize": 130}
            else:
                about["blobId"] = self.blob(name)
            siblings.append(about)
        gated = "auto" if self.token else False
        return {"id": self.repo, "sha": self.commit, "private": False, "gated": gated, "siblings": siblings}

    def __enter__(self) -> HubServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(main: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            self.hub = next((each for each in main.others if f"{each.repo}/" in path), main)
            hub = self.hub
            hub.asked.append(path)
            if self.headers.get("Authorization"):
                hub.with_token.append(f"{self.headers['Host']}{path}")
            if path.startswith(f"/api/models/{hub.repo}/revision/"):
                revision = path.rpartition("/")[2]
                if revision in ("main", hub.commit):
                    self._json(200, hub.info())
                else:
                    self._json(404, {}, {"X-Error-Code": "RevisionNotFound"})
            elif path.startswith("/cdn/"):
                blob = path.rpartition("/")[2]
                self._file(next(name for name in hub.files if hub.blob(name) == blob))
            elif path.startswith(f"/{hub.repo}/resolve/{hub.commit}/"):
                self._resolve(path.removeprefix(f"/{hub.repo}/resolve/{hub.commit}/"))
            else:
                self._json(404, {}, {"X-Error-Code": "RepoNotFound"})

        def _resolve(self, name: str) -> None:
            hub = self.hub
            if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
                self._json(401, {}, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
            elif len(hub.files[name]) >= LARGE:
                # Another host, as the real one has: a token must not follow there.
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{main.port}/cdn/{hub.repo}/{hub.blob(name)}")
                self.send_header("X-Repo-Commit", hub.commit)
                self.send_header("X-Linked-Etag", f'"{hub.blob(name)}"')
                self.send_header("X-Linked-Size", str(len(hub.files[name])))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._file(name)

        def _file(self, name: str) -> None:
            hub = self.hub
            data, first = hub.files[name], 0
            if wanted := self.headers.get("Range"):
                hub.ranges.append((name, wanted))
                first = int(wanted.removeprefix("bytes=").partition("-")[0])
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(data) - first))
            self.send_header("ETag", f'"{hub.blob(name)}"')
            self.send_header("X-Repo-Commit", hub.commit)
            self.end_headers()
            if name in hub.corrupt:
                data = data[:-1] + bytes([data[-1] ^ 1])
            self._send(name, data[first:])

        def _send(self, name: str, data: bytes) -> None:
            hub = self.hub
            trouble = hub.troubles.get(name)
            for start in range(0, len(data), PIECE):
                if trouble is not None and start >= trouble.after:
                    trouble.reached.set()
                    if not trouble.always:
                        hub.troubles.pop(name, None)
                    if trouble.released is None:
                        self.close_connection = True
                        return
                    while not (trouble.released.wait(0.05) or main.ending.is_set()):
                        pass
                    trouble = None
                try:
                    self.wfile.write(data[start : start + PIECE])
                except OSError:  # whoever asked has gone
                    self.close_connection = True
                    return
                hub.sent[name] += len(data[start : start + PIECE])

        def _json(self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            for key, text in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(key, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
