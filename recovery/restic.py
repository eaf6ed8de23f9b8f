"""The one way to the restic program: a repository, and what is done with it. Every call has a time limit.

restic keeps content encrypted and by its checksum: what was read back is what was written, or it says that it is not.
The program is the operator's own (0.14 or newer). Its password and the store's keys go by its environment, never by its
arguments; its answers are read as JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from recovery.restic_problems import NoRepository, RepositoryDamaged, ResticFailed, problem_of
from recovery.restic_program import LIMITS, Limits, Repository, Snapshot, Taken, program
from recovery.sources.source import Stream

__all__ = ["Restic"]

BLOCK = 1 << 20


class Restic:
    """A repository, as one environment uses it."""

    def __init__(self, repository: Repository, host: str, cache: Path, limits: Limits = LIMITS) -> None:
        """`host`: the environment, under whose name its snapshots are. `cache`: a folder of this machine; what is in it
        may go at any time.
        """
        self.repository, self.host, self._cache, self._limits = repository, host, cache, limits
        self._program = program()

    def opened(self, *, create: bool = False) -> str:
        """Its id, once its password opens it: asked before anything is touched. `create`: it is made where there is
        none. Raises WrongPassword, NoRepository, StoreUnreachable.
        """
        try:
            return str(json.loads(self._run("cat", "config"))["id"])
        except NoRepository:
            if not create:
                raise
        with contextlib.suppress(ResticFailed):  # another backup may have made it meanwhile
            self._run("init")
        return str(json.loads(self._run("cat", "config"))["id"])

    @property
    def key_id(self) -> str:
        """Of the password, so that it can be told which one opens what; nobody learns it from that."""
        return hashlib.sha256(f"smarteros restic\0{self.repository.password}".encode()).hexdigest()[:12]

    def take_folder(self, folder: Path, tags: Mapping[str, str]) -> Taken:
        """A snapshot of what is in a folder, with paths that begin there. Raises ResticFailed also where a single file
        could not be read.
        """
        said = self._run("backup", "--json", *self._marks(tags), ".", cwd=folder, limit_s=self._limits.transfer_s)
        return _taken(said, self.repository.store)

    def take_stream(self, stream: Stream, file: str, tags: Mapping[str, str]) -> Taken:
        """A snapshot of one stream as a file. Where its producer fails, restic is ended before it makes a snapshot.

        Raises what the stream raises, ResticFailed.
        """
        arguments = ("backup", "--json", "--stdin", "--stdin-filename", file, *self._marks(tags))
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            process = self._started(arguments, stdin=subprocess.PIPE, stdout=out, stderr=errors)
            found = hashlib.sha256()
            with self._ended(process):
                into = _pipe(process.stdin)
                with contextlib.suppress(BrokenPipeError), stream() as source:  # restic's own words say why
                    while block := source.read(BLOCK):
                        found.update(block)
                        into.write(block)
                with contextlib.suppress(BrokenPipeError):
                    into.close()
                process.wait(self._limits.transfer_s)
            said, words = _text(out), _text(errors)
            if process.returncode != 0:
                raise problem_of(self.repository.store, process.returncode, words or said)
        taken = _taken(said, self.repository.store)
        return Taken(snapshot=taken.snapshot, bytes=taken.bytes, added=taken.added, sha256=found.hexdigest())

    def snapshots(self, **tags: str) -> list[Snapshot]:
        """This environment's, oldest first; those with every one of the tags `key=value`."""
        wanted = [f"{key}={value}" for key, value in tags.items()]
        more = ["--tag", ",".join(wanted)] if wanted else []
        found = json.loads(self._run("snapshots", "--json", "--host", self.host, *more) or "[]") or []
        snapshots = [
            Snapshot(
                id=str(one["id"]),
                at=_time(str(one["time"])),
                tags=frozenset(map(str, one.get("tags") or ())),
                host=str(one.get("hostname", "")),
            )
            for one in found
        ]
        return sorted(snapshots, key=lambda one: one.at)

    @contextlib.contextmanager
    def reading(self, snapshot: str, path: str) -> Iterator[IO[bytes]]:
        """One file of a snapshot, as a stream. Leaving the block raises RepositoryDamaged where what is stored is not
        what was written, or is not there any more: what was read until then counts for nothing.
        """
        with tempfile.TemporaryFile() as errors:
            process = self._started(("dump", snapshot, path), stdout=subprocess.PIPE, stderr=errors)
            with self._ended(process):
                out = _pipe(process.stdout)
                yield out
                out.close()
                process.wait(self._limits.transfer_s)
            if process.returncode != 0:
                raise problem_of(self.repository.store, process.returncode, _text(errors))

    def read(self, snapshot: str, path: str, at_most: int = 64 << 20) -> bytes:
        """A small file of a snapshot."""
        with self.reading(snapshot, path) as opened:
            content = opened.read(at_most + 1)
        if len(content) > at_most:
            raise RepositoryDamaged(f"{self.repository.store}: {path} of {snapshot} is larger than {at_most} bytes")
        return content

    def restore(self, snapshot: str, path: str, folder: Path) -> None:
        """What is below a path of a snapshot, into an empty folder. Raises ResticFailed also for a single file."""
        inside = folder / ".restoring"
        self._run("restore", snapshot, "--include", path, "--target", str(inside), limit_s=self._limits.transfer_s)
        found = inside / path.strip("/")
        for entry in found.iterdir() if found.is_dir() else ():
            entry.rename(folder / entry.name)
        shutil.rmtree(inside, ignore_errors=True)

    def check(self, percent: int) -> None:
        """Whether all that snapshots need is there, and so many of a hundred packs are what they were. Raises
        RepositoryDamaged with restic's words.
        """
        self.unlock()
        self._run("check", f"--read-data-subset={percent}%", limit_s=self._limits.transfer_s)

    def forget(self, snapshots: Sequence[str]) -> None:
        """Forgets these, and removes what no other needs."""
        if snapshots:
            self.unlock()
            self._run("forget", *snapshots, limit_s=self._limits.transfer_s)
            self._run("prune", limit_s=self._limits.transfer_s)

    def unlock(self) -> None:
        """Removes the locks of runs that were killed: those of this machine whose process is gone, and those that
        nobody has renewed for half an hour.
        """
        self._run("unlock")

    def _marks(self, tags: Mapping[str, str]) -> list[str]:
        return ["--host", self.host, "--tag", ",".join(f"{key}={value}" for key, value in tags.items())]

    def _environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "SSL_CERT_FILE", "HOME") if name in os.environ}
        self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        return {
            **kept,
            **self.repository.environ,
            "RESTIC_REPOSITORY": self.repository.url,
            "RESTIC_PASSWORD": self.repository.password,
            "RESTIC_CACHE_DIR": str(self._cache),
            "RESTIC_PROGRESS_FPS": "0.01",
        }

    def _run(self, *arguments: str, cwd: Path | None = None, limit_s: float | None = None) -> str:
        limit = limit_s or self._limits.question_s
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            process = self._started(arguments, stdout=out, stderr=errors, cwd=cwd)
            with self._ended(process):
                process.wait(limit)
            if process.returncode != 0:
                raise problem_of(self.repository.store, process.returncode, _text(errors) or _text(out))
            return _text(out)

    def _started(self, arguments: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        options = {"stdin": subprocess.DEVNULL, **more}
        command = [self._program, "--cleanup-cache", "-o", "s3.bucket-lookup=path", *arguments]
        return subprocess.Popen(command, env=self._environ(), **options)  # noqa: S603 - the operator's own restic

    @contextlib.contextmanager
    def _ended(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """The process does not outlive the block, nor its time."""
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        watch = threading.Timer(self._limits.transfer_s, end)
        watch.daemon = True
        watch.start()
        try:
            yield
        except subprocess.TimeoutExpired as error:
            raise problem_of(self.repository.store, -1, f"timed out: no end after {error.timeout:g} s") from None
        finally:
            watch.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if late.is_set():
            raise problem_of(self.repository.store, -1, f"timed out: no end after {self._limits.transfer_s:g} s")


def _taken(said: str, store: str) -> Taken:
    """The last line of a backup's answer."""
    for line in reversed(said.splitlines()):
        with contextlib.suppress(ValueError):
            one = json.loads(line)
            if isinstance(one, dict) and one.get("message_type") == "summary":
                return Taken(
                    snapshot=str(one["snapshot_id"]),
                    bytes=int(one["total_bytes_processed"]),
                    added=int(one["data_added_packed"] if "data_added_packed" in one else one["data_added"]),
                )
    raise problem_of(store, 0, "it made no snapshot")


def _pipe(opened: IO[bytes] | None) -> IO[bytes]:
    if opened is None:
        raise TypeError("the process was started without that pipe")
    return opened


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(64 << 20).decode(errors="replace")


def _time(text: str) -> datetime:
    """Go's, with nanoseconds."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text.replace("Z", "+00:00")))
