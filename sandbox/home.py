"""Where a sandbox keeps what it needs, and how to find it: one folder, `.smos/sandbox` of the clone unless
told otherwise.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from kept import Damaged, lock_file, mapping
from kept.operator_error import OperatorError

__all__ = [
    "ANEW",
    "ROOT",
    "SOCKET_PATH_BYTES",
    "Home",
    "Running",
    "SandboxError",
    "code_stamp",
    "read_json",
    "write_private",
]

ROOT = Path(__file__).resolve().parent.parent
"""The clone."""
SOCKET_PATH_BYTES = 107
_NO_LOCK = "remove it, and run the same command again"
ANEW = "remove it, and run the same command again; or ./smos sandbox reset, which forgets everything simulated"


class SandboxError(OperatorError):
    """The sandbox could not do what it was asked; the text says why and how to mend it."""


@dataclass(frozen=True)
class Running:
    """A sandbox that runs: what its clients need to know."""

    pid: int
    started: float
    ports: Mapping[str, int]
    """Package → port of its simulated provider."""
    control: int
    token: str
    code: str = ""
    """What `code_stamp` said when it started."""
    clone: str = ""
    """Whose program it is; of a server of an older version, nobody knows."""


@dataclass(frozen=True)
class Home:
    """The folder of one sandbox."""

    folder: Path

    @classmethod
    def of_clone(cls) -> Home:
        """This clone's own, or the one that SMOS_SANDBOX names."""
        named = os.environ.get("SMOS_SANDBOX")
        return cls(Path(named).resolve() if named else ROOT / ".smos" / "sandbox")

    @property
    def marker(self) -> Path:
        """Says that the folder is a sandbox's, and may be emptied."""
        return self.folder / ".smos-sandbox"

    @property
    def project(self) -> Path:
        """The folder of the shadow project, in which simulated runs are started."""
        return self.folder / "project"

    @property
    def state(self) -> Path:
        """Pulumi's state of the simulated stacks."""
        return self.folder / "state"

    @property
    def passphrase(self) -> Path:
        """The throw-away passphrase of the simulated stacks' secrets, as it is in the keyring."""
        return self.folder / "passphrase"

    @property
    def keyring(self) -> Path:
        """The file of the sandbox's own keyring, made by the demo and gone with it."""
        return self.folder / "keyring.age"

    @property
    def key(self) -> Path:
        """The key that opens it."""
        return self.folder / "key.txt"

    @property
    def bin(self) -> Path:
        """Holds the `pulumi` that freshens the shadow project first."""
        return self.folder / "bin"

    @property
    def log(self) -> Path:
        """The file with what the sandbox's server printed."""
        return self.folder / "server.log"

    @property
    def note(self) -> Path:
        """The running server's note of itself."""
        return self.folder / "server.json"

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Held by a server from its first step to its last: there is one at a time, also while it starts or ends.

        Raises SandboxError where another has it.
        """
        with os.fdopen(lock_file(self.folder / "serving", _NO_LOCK), "r+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = lock.read(20).decode(errors="replace").strip()
                raise SandboxError(
                    f"another server of {self.folder} starts or ends (process {holder or 'unknown'}). "
                    "Fix: try again; if it hangs, end that process"
                ) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n".encode())
            lock.flush()
            yield

    @property
    def is_served(self) -> bool:
        """Whether a server has the folder, be it that it runs, starts or ends."""
        with os.fdopen(lock_file(self.folder / "serving", _NO_LOCK), "r+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @property
    def ssh_config(self) -> Path:
        """An OpenSSH client configuration that leads the hosts' addresses to the simulated hosts."""
        return self.folder / "ssh_config"

    @property
    def trust(self) -> Path:
        """The certificate of the authority that visitors of the simulated edge trust."""
        return self.folder / "edge.pem"

    @property
    def docker_socket(self) -> Path:
        """Where this machine's own simulated Docker engine answers. A socket's path has at most 107 bytes (unix(7)):
        for a folder that lies deeper it is one of this user's temporary files.
        """
        inside = self.folder / "docker.sock"
        if len(os.fsencode(inside)) <= SOCKET_PATH_BYTES:
            return inside
        mark = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"smos-docker-{os.getuid()}-{mark}.sock"

    def host(self, address: str) -> Path:
        """The folder with the keys of one simulated host."""
        return self.folder / "hosts" / address.replace(":", "_")

    def running(self) -> Running | None:
        """The server that runs from this folder, or None. A note of a dead server does not count."""
        try:
            note = mapping(self.note, "")
            process = psutil.Process(note["pid"])
            if abs(process.create_time() - note["started"]) < 1.0 and process.status() != psutil.STATUS_ZOMBIE:
                known = {field.name for field in dataclasses.fields(Running)}
                return Running(**{name: value for name, value in note.items() if name in known})
        except (Damaged, OSError, ValueError, TypeError, KeyError, OverflowError, psutil.Error):
            pass
        return None


def code_stamp() -> str:
    """Changes when the sandbox's own code does: a server of other code is started anew."""
    files = sorted((ROOT / "sandbox").rglob("*.py"))
    facts = [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def write_private(file: Path, content: str | bytes) -> None:
    """Writes a file that only its owner may read; whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.is_dir():
        raise SandboxError(f"{file}: a folder, where a file belongs. Fix: remove it, and run the same command again")
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    draft.touch(mode=0o600)
    draft.write_bytes(content.encode() if isinstance(content, str) else content)
    draft.replace(file)


def read_json(file: Path, mend: str = ANEW) -> Any:
    """The file's content, which is an object, or None when there is none. Raises Damaged."""
    try:
        return mapping(file, mend)
    except FileNotFoundError:
        return None
