"""A model's files from Hugging Face's hub into its cache, in the layout that `hf` and diffusers share.

The library's own download throws away what arrived of a file when it breaks off. Here that stays, as
`<blob>.incomplete`, and is gone on with; every file is held against the hub's checksum before it gets its name.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import filelock

from ttvideo import __version__
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.checkpoints import Published
from ttvideo.media.files import disk_error, free_bytes, readable_size, write_atomic

T = TypeVar("T")

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each new try, for as long as nothing arrives."""
CONNECT_SECONDS = 5.0
SILENT_SECONDS = 10.0
"""How long a connection may bring nothing before it counts as broken."""
SPARE_BYTES = 100_000_000
"""What must stay free on the disk: others write to it, too."""
BLOCK = 1 << 20
LOOK_SECONDS = 0.2
COMMIT = re.compile(r"[0-9a-f]{40}")
CHECKSUM = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")
PASSING = (408, 429, 500, 502, 503, 504)
"""Answers after which the same question may succeed."""


@dataclass(frozen=True)
class RemoteFile:
    path: str
    size: int
    blob: str
    """Its name in the cache and its checksum: SHA-256 of a large file, git's SHA-1 of a small one."""


@dataclass(frozen=True)
class Listing:
    commit: str
    files: tuple[RemoteFile, ...]


class Download:
    """One model on its way; `run` it on a thread of its own, and look at `done` and `total` from another."""

    def __init__(self, model: Published) -> None:
        self.model = model
        self.done = self.total = 0
        """Bytes; 0 of 0 until the hub has said what there is."""
        self._cache = checkpoints.cache(model)
        self._blobs = self._cache / "blobs"
        self._files: tuple[RemoteFile, ...] = ()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Make `run` raise Cancelled as soon as the network lets it. What has arrived stays."""
        self._stopping.set()

    def run(self) -> None:
        """Fetch what is not there yet.

        Raises WorkerError: NETWORK, ACCESS_DENIED, NOT_FOUND, DISK, MODEL_BROKEN (a wrong checksum); and Cancelled.
        """
        import httpx
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        # It writes each address down, and those of large files are signed.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        try:
            self._fetch()
        except (OfflineModeIsEnabled, HfHubHTTPError, httpx.RequestError) as error:
            if not self._files and checkpoints.checkpoint(self.model).installed:
                return  # whether more is to be had nobody can say, but nothing is missing
            raise explain(self.model, error) from error
        except OSError as error:
            raise self._disk(error) from error

    def _fetch(self) -> None:
        listing = self._trying(self._list, PAUSES[:1])
        by_blob = {file.blob: file for file in listing.files}
        self._files = tuple(sorted(by_blob.values(), key=lambda file: file.size))
        self._measure()
        self.total = sum(file.size for file in self._files)
        self._require_space()
        for file in self._files:
            self._trying(partial(self._bring, listing.commit, file), PAUSES)
        with self._locked(listing.commit):
            for file in listing.files:
                self._link(listing.commit, file)
            # Last, so that a model of an earlier commit serves until this one is whole.
            ref = self._cache / "refs" / "main"
            if self.model.revision is None or not ref.exists():
                ref.parent.mkdir(exist_ok=True)
                write_atomic(ref, listing.commit.encode())

    def _list(self) -> Listing:
        """What there is, of the commit that this machine has already begun with, if any."""
        from huggingface_hub import HfApi, constants

        revision = self.model.revision or checkpoints.commit_here(self.model) or "main"
        hub = HfApi(library_name="ttvideo", library_version=__version__)
        try:
            info = hub.model_info(self.model.repo, revision=revision, files_metadata=True, timeout=SILENT_SECONDS)
        except (ValueError, TypeError, KeyError) as error:
            raise WorkerError(
                ErrorKind.NETWORK,
                f"What answers at {constants.ENDPOINT} is not the hub.",
                "Log in to the network if it wants that, or check the variable HF_ENDPOINT; then resume the job.",
            ) from error
        found = {
            each.rfilename: RemoteFile(
                each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs is not None else each.blob_id or ""
            )
            for each in info.siblings or ()
        }
        files = tuple(found[name] for name in checkpoints.needed(self.model, found))
        have = {file.path.rpartition("/")[0] for file in files if file.path.endswith(".safetensors")}
        lacking = [part for part in self.model.weights if part not in have]
        lacking += [name for name in self.model.files if name not in found and name != checkpoints.ONLY]
        commit = info.sha or ""
        if lacking or not COMMIT.fullmatch(commit) or not all(CHECKSUM.fullmatch(file.blob) for file in files):
            said = f"There are no safetensors of {', '.join(lacking)}" if lacking else "There are no checksums"
            raise WorkerError(
                ErrorKind.NOT_FOUND,
                f"{said} in {self.model.repo}.",
                "Its makers have changed it, or HF_ENDPOINT is not a hub: a newer ttvideo may know how to read it.",
            )
        return Listing(commit, files)

    def _trying(self, attempt: Callable[[], T], pauses: tuple[float, ...]) -> T:
        """Try until the connection lasts. Each byte that arrives gives all tries back."""
        import httpx
        from huggingface_hub.errors import HfHubHTTPError

        left = iter(pauses)
        while True:
            before = self.done
            try:
                return attempt()
            except (httpx.TransportError, HfHubHTTPError) as error:
                if isinstance(error, HfHubHTTPError) and error.response.status_code not in PASSING:
                    raise
                if self.done > before:
                    left = iter(pauses)
                pause = next(left, None)
                if pause is None:
                    raise
            if self._stopping.wait(pause):
                raise Cancelled

    def _bring(self, commit: str, file: RemoteFile) -> None:
        """Make the file's blob, if no other process has."""
        self._blobs.mkdir(parents=True, exist_ok=True)
        with self._locked(file.blob):
            blob, begun = self._blobs / file.blob, self._begun(file)
            if _size(blob) == file.size:
                return
            if (_size(begun) or 0) > file.size:
                begun.unlink()
            self._measure()
            digest = self._digest_of_what_is_there(file)
            if (_size(begun) or 0) < file.size or not file.size:
                digest = self._receive(commit, file, digest)
            if digest.hexdigest() != file.blob:
                begun.unlink()
                self._measure()
                raise WorkerError(
                    ErrorKind.MODEL_BROKEN,
                    f"{file.path} of {self.model.title} did not arrive as the hub has it: its checksum differs.",
                    "It was deleted; resume the job to fetch it again. If that happens twice, something between here "
                    "and the hub changes files.",
                )
            with begun.open("rb+") as stream:
                os.fsync(stream.fileno())
            begun.replace(blob)

    def _receive(self, commit: str, file: RemoteFile, digest: hashlib._Hash) -> hashlib._Hash:
        """Append the rest of the file to what is there. The digest of all of it."""
        import httpx
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        begun = self._begun(file)
        have = _size(begun) or 0
        # The size and the ranges must be of the file itself.
        headers = build_hf_headers(library_name="ttvideo", library_version=__version__) | {
            "Accept-Encoding": "identity"
        }
        if have:
            headers["Range"] = f"bytes={have}-"
        url = hf_hub_url(self.model.repo, file.path, revision=commit)
        timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        with get_session().stream("GET", url, headers=headers, timeout=timeout) as response:
            hf_raise_for_status(response)
            whole = response.status_code != httpx.codes.PARTIAL_CONTENT
            if have and whole:
                self.done -= have
                have, digest = 0, _digest(file)
            with begun.open("wb" if whole else "ab") as stream:
                for chunk in response.iter_bytes():
                    self._check()
                    stream.write(chunk)
                    digest.update(chunk)
                    have += len(chunk)
                    self.done += len(chunk)
                    if have > file.size:
                        break
        if have < file.size:
            raise httpx.RemoteProtocolError("the answer ended too soon")
        return digest

    def _digest_of_what_is_there(self, file: RemoteFile) -> hashlib._Hash:
        digest, begun = _digest(file), self._begun(file)
        if begun.exists():
            with begun.open("rb") as stream:
                while block := stream.read(BLOCK):
                    self._check()
                    digest.update(block)
        return digest

    def _link(self, commit: str, file: RemoteFile) -> None:
        pointer, blob = self._cache / "snapshots" / commit / file.path, self._blobs / file.blob
        if pointer.exists() and pointer.samefile(blob):
            return
        pointer.unlink(missing_ok=True)
        pointer.parent.mkdir(parents=True, exist_ok=True)
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Of a blob, the lock that the library takes for it, too: no two processes write to it."""
        folder = self._cache.parent / ".locks" / self._cache.name
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{name}.lock", thread_local=False)
        while not lock.is_locked:
            self._check()
            try:
                lock.acquire(timeout=LOOK_SECONDS)
            except filelock.Timeout:
                self._measure()  # what the other process brings is progress here, too
        try:
            yield
        finally:
            lock.release()

    def _measure(self) -> None:
        """Count what is there, whoever brought it."""
        self.done = sum(self._here(file) for file in self._files)

    def _here(self, file: RemoteFile) -> int:
        whole = _size(self._blobs / file.blob) == file.size
        return file.size if whole else min(file.size, _size(self._begun(file)) or 0)

    def _begun(self, file: RemoteFile) -> Path:
        return self._blobs / f"{file.blob}.incomplete"

    def _require_space(self) -> None:
        left, free = self.total - self.done, free_bytes(self._cache)
        if left and left + SPARE_BYTES > free:
            raise WorkerError(
                ErrorKind.DISK,
                f"{self.model.title} needs {readable_size(left)} ({left} bytes) more, and the disk of "
                f"{self._cache.parent} has {readable_size(free)} ({free} bytes) free.",
                "Make room, or set HF_HOME to a folder on a larger disk; then resume the job.",
            )

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Cancelled

    def _disk(self, error: OSError) -> WorkerError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return WorkerError(
                ErrorKind.DISK,
                f"The disk of {self._cache.parent} became full while {self.model.title} was downloaded.",
                f"Make room for {readable_size(max(0, self.total - self.done))}, then resume the job: what has arrived "
                "is kept.",
            )
        return disk_error(f"{self.model.title} cannot be written to {self._cache}", error)


def explain(model: Published, error: Exception) -> WorkerError:
    """What stopped a download, for people. What the library says names addresses and headers."""
    from huggingface_hub import constants, get_token
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, OfflineModeIsEnabled

    page = f"{constants.ENDPOINT}/{model.repo}"
    give = "`hf auth login`, the variable HF_TOKEN, or Set Hugging Face Token in the editor gives one"
    if isinstance(error, OfflineModeIsEnabled):
        return WorkerError(
            ErrorKind.NETWORK,
            f"{model.title} is not downloaded, because HF_HUB_OFFLINE forbids the use of the network.",
            "Unset it and resume the job, "
            + (f"or put the model's folder at $TTVIDEO_MODELS/{model.id}." if model.license else "or name a file."),
        )
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    if isinstance(error, GatedRepoError) or (status in (401, 403) and model.gated):
        account = "with the account of your token" if get_token() else f"and give a token ({give})"
        return WorkerError(
            ErrorKind.ACCESS_DENIED,
            f"{model.title} is only for those who have accepted its licence.",
            f"Accept it at {page} {account}; then resume the job.",
        )
    if status in (401, 403, 404):
        token = "The token that was given may be wrong or worn out" if get_token() else f"It may want a token ({give})"
        return WorkerError(
            ErrorKind.ACCESS_DENIED if status != 404 else ErrorKind.NOT_FOUND,
            f"The hub does not hand out {model.repo}: it answered {status}.",
            f"{token}; {page} shows what there is.",
        )
    what = f"the hub answered {status}" if status else f"{type(error).__name__}: {error}".rstrip(".: ")
    return WorkerError(
        ErrorKind.NETWORK,
        f"{model.title} could not be fetched from {constants.ENDPOINT}: {what}.",
        "Check the network (HTTPS_PROXY names a proxy), then resume the job: what has arrived is kept.",
    )


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _digest(file: RemoteFile) -> hashlib._Hash:
    if len(file.blob) == 64:
        return hashlib.sha256()
    # Git's name of a file: a hash of its kind and size, and of what is in it.
    return hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
