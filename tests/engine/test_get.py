"""The routes to an engine: their order, what each refuses, and that nothing half is ever kept."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import tarfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine import EngineMissing, archive, cache, find, pin
from engine.get import NoEngine, get

ARCHIVE = f"pulumi-v{pin.VERSION}-{cache.platform_name()}.tar.gz"
CHECKSUMS = f"pulumi-{pin.VERSION}-checksums.txt"


class Machine:
    """A machine with an empty PATH and cache, and a clone that has a virtualenv and no engine."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.said: list[str] = []
        self.clone = self.new_clone("clone")
        self.bin.mkdir()
        monkeypatch.setenv("SMOS_CACHE", str(folder / "cache"))
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setenv("SMOS_ENGINE_URL", f"http://127.0.0.1:{unused_port()}")

    def new_clone(self, name: str) -> Path:
        clone = self.folder / name
        (clone / ".venv" / "bin").mkdir(parents=True)
        return clone

    def put(self, name: str, script: str) -> Path:
        """Put a program on PATH."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    def put_go(self, script: str = "") -> None:
        """Put a Go on PATH whose `build -trimpath -ldflags X -o FILE PACKAGE` writes a file at once."""
        verifies = '[ "$1" = mod ] && exit 0'
        builds = f'echo built >> "{self.folder}/builds"\nprintf engine > "$6"; /bin/chmod 755 "$6"'
        self.put("go", f"{verifies}\n{script}\n{builds}")

    def put_pulumi(self, version: str, host: bool = True) -> Path:
        if host:
            self.put("pulumi-language-python", "exit 0")
        return self.put("pulumi", f"echo {version}")

    def kept(self) -> set[str]:
        """What the cache folder keeps of this version."""
        return {file.name for file in (cache.root() / "engine" / pin.VERSION).iterdir()} - {"lock"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Not on the test's output."""


@pytest.fixture
def releases(tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served as the source of releases, with a right one in it."""
    folder = tmp_path / "releases"
    folder.mkdir()
    write_release(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("SMOS_ENGINE_URL", f"http://127.0.0.1:{server.server_port}")
        yield folder
        server.shutdown()


def write_release(
    folder: Path, files: tuple[str, ...] = ("pulumi", "pulumi-language-python", "pulumi-language-go")
) -> None:
    with tarfile.open(folder / ARCHIVE, "w:gz") as tar:
        for name in files:
            member = tarfile.TarInfo(f"pulumi/{name}")
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
    digest = hashlib.sha256((folder / ARCHIVE).read_bytes()).hexdigest()
    (folder / CHECKSUMS).write_text(f"{'0' * 64}  pulumi-v0-other.tar.gz\n{digest}  {ARCHIVE}\n")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_own_engine_comes_first(machine: Machine, releases: Path) -> None:
    """A suitable pulumi on PATH is used where it is: nothing is downloaded, linked or cached."""
    own = machine.put_pulumi("v3.300.1")
    found = get(machine.clone, machine.said.append)
    assert (found.route, found.path, found.version) == ("path", own, "3.300.1")
    assert find(machine.clone) == found
    assert list((machine.clone / ".venv" / "bin").iterdir()) == []
    assert not cache.root().exists()


@pytest.mark.parametrize(
    ("version", "host"),
    [("v3.258.9", True), ("v4.0.0", True), ("garbage", True), (f"v{pin.VERSION}", False)],
)
def test_unsuitable_own_engine_is_passed_over(machine: Machine, releases: Path, version: str, host: bool) -> None:
    """An older one, another major, or one without its Python language host beside it does not do."""
    machine.put_pulumi(version, host)
    assert get(machine.clone, machine.said.append).route == "archive"


def test_archive(machine: Machine, releases: Path) -> None:
    """The release's engine and Python host are placed; a second clone needs no source any more."""
    found = get(machine.clone, machine.said.append)
    bin_folder = machine.clone / ".venv" / "bin"
    assert (found.route, found.path) == ("archive", bin_folder / "pulumi")
    assert find(machine.clone) == found
    assert {file.name for file in bin_folder.iterdir()} == {"pulumi", "pulumi-language-python"}
    assert (bin_folder / "pulumi").read_text() == "pulumi"
    assert all(os.access(file, os.X_OK) and not file.is_symlink() for file in bin_folder.iterdir())
    (releases / ARCHIVE).unlink()
    machine.said.clear()
    assert get(machine.new_clone("second"), machine.said.append).route == "archive"
    assert machine.said == []


def test_wrong_checksum_is_refused(machine: Machine, releases: Path) -> None:
    """An archive that is not the released one ends the attempt: no other route, nothing kept."""
    machine.put_go()
    (releases / CHECKSUMS).write_text(f"{'a' * 64}  {ARCHIVE}\n")
    with pytest.raises(archive.ChecksumMismatch, match="was refused"):
        get(machine.clone, machine.said.append)
    assert machine.kept() == set()
    with pytest.raises(EngineMissing):
        find(machine.clone)


def test_unreachable_source_falls_through(machine: Machine) -> None:
    """A source that can't be reached costs seconds and one line; then the engine is built."""
    machine.put_go()
    begun = time.monotonic()
    found = get(machine.clone, machine.said.append)
    assert found.route == "build"
    assert time.monotonic() - begun < 3
    about_archive = [line for line in machine.said if "archive" in line]
    assert len(about_archive) == 1
    assert "\n" not in about_archive[0]
    host = machine.clone / ".venv" / "bin" / "pulumi-language-python"
    assert "language_host.py" in host.read_text()


def test_silent_source_falls_through(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that takes the connection and never answers is given up too."""
    monkeypatch.setattr(archive, "ANSWER_TIMEOUT_S", 0.3)
    machine.put_go()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SMOS_ENGINE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert get(machine.clone, machine.said.append).route == "build"
    assert "did not answer" in machine.said[0]


@pytest.mark.parametrize("missing", [ARCHIVE, CHECKSUMS])
def test_incomplete_release_falls_through(machine: Machine, releases: Path, missing: str) -> None:
    """Without archive or checksums there is nothing to install, and the answer says which."""
    (releases / missing).unlink()
    machine.put_go()
    assert get(machine.clone, machine.said.append).route == "build"
    assert any(f"{missing} answered 404" in line for line in machine.said)
    assert machine.kept() == {cache.engine_folder("build").name}


def test_archive_without_python_host_falls_through(machine: Machine, releases: Path) -> None:
    """An archive in which the Python language host is missing is no engine for this program."""
    write_release(releases, ("pulumi",))
    machine.put_go()
    assert get(machine.clone, machine.said.append).route == "build"
    assert any("holds no pulumi-language-python" in line for line in machine.said)


def test_broken_download_leaves_nothing(machine: Machine, releases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that breaks off is not taken for a forgery, and no part of it is kept."""

    def short(handler: SimpleHTTPRequestHandler, source: object, output: object) -> None:
        handler.wfile.write(b"x" if str(handler.path).endswith(".gz") else (releases / CHECKSUMS).read_bytes())

    monkeypatch.setattr(QuietHandler, "copyfile", short)
    with pytest.raises(NoEngine, match="broke off"):
        get(machine.clone, machine.said.append)
    assert machine.kept() == set()


def test_no_route(machine: Machine) -> None:
    """When nothing works, every reason is told, with what would mend it."""
    with pytest.raises(NoEngine) as refusal:
        get(machine.clone, machine.said.append)
    for part in (
        "no pulumi on PATH",
        "release archive: 127.0.0.1",
        "no Go on PATH",
        "apt-get install golang",
    ):
        assert part in str(refusal.value)


def test_failed_build_says_why(machine: Machine) -> None:
    """A build that fails shows the end of its log and leaves nothing."""
    machine.put("go", "echo 'no such module' >&2; exit 1")
    with pytest.raises(NoEngine, match="no such module"):
        get(machine.clone, machine.said.append)
    assert machine.kept() == set()


def test_two_at_once_build_once(machine: Machine) -> None:
    """The second waits for the first, and then has its engine."""
    machine.put_go("/bin/sleep 0.5")
    clones = [machine.new_clone("one"), machine.new_clone("two")]
    threads = [threading.Thread(target=get, args=(clone, machine.said.append, ["build"])) for clone in clones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (machine.folder / "builds").read_text() == "built\n"
    assert all(find(clone).route == "build" for clone in clones)


def test_leftovers_of_a_killed_set_up_go(machine: Machine) -> None:
    """What a killed set-up left half-filled is removed by the next one."""
    left = cache.engine_folder("build").with_name("build-x.part-abc")
    left.mkdir(parents=True)
    machine.put_go()
    get(machine.clone, machine.said.append)
    assert machine.kept() == {cache.engine_folder("build").name}


def test_vanished_engine_is_noticed(machine: Machine) -> None:
    """`find` never returns an engine that is not there; it forgets it, so the next start gets one."""
    machine.put_go()
    get(machine.clone, machine.said.append).path.unlink()
    with pytest.raises(EngineMissing, match="has gone"):
        find(machine.clone)
    with pytest.raises(EngineMissing, match="no engine yet"):
        find(machine.clone)


def test_moved_clone_keeps_its_engine(machine: Machine) -> None:
    """A clone may be moved: the stamp does not hold its path."""
    machine.put_go()
    get(machine.clone, machine.said.append)
    moved = machine.clone.rename(machine.folder / "moved")
    assert find(moved).path == moved / ".venv" / "bin" / "pulumi"
