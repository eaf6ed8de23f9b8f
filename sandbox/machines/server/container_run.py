"""`docker run --rm` on a simulated host: one program of an image, for as long as it runs, on volumes of the host.

The program is this machine's own, started for real with the volumes' folders in the place of their mounts: only its
places are adapted. What the real Docker would do and nobody wants is refused: an image that must be fetched first, a
volume that would be made because its name is wrong. No network, no environment, nothing published.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

__all__ = ["ContainerRun", "parsed", "run"]

TIMEOUT_S = 3600
BLOCK = 1 << 18
GONE = 137
"""The status of a program that was killed: its client has gone, or its time is over."""
_ALONE = ("--rm", "--interactive", "-i", "--read-only")
_WITH_VALUE = ("--network", "--mount", "--cap-drop", "--cap-add", "--user", "--entrypoint", "--name", "--pull")
_MOUNT = re.compile(
    r"type=volume,source=(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]+),target=(?P<path>/[a-z]+)(?P<readonly>,readonly)?"
)


@dataclass(frozen=True)
class ContainerRun:
    """What such a command line asks for."""

    image: str
    words: Sequence[str]
    mounts: dict[str, str]
    """Path in the container → the volume's name."""


def parsed(command: str | None) -> ContainerRun | None:
    """The command line, if it is one of `docker run`. Raises ValueError for what is not simulated."""
    if command is None or not command.startswith("docker run "):
        return None
    words, mounts, entrypoint = shlex.split(command)[2:], {}, ""
    given: dict[str, str] = {}
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in _ALONE:
            given[option] = ""
            continue
        if option not in _WITH_VALUE or not words:
            raise ValueError(f"unknown flag: {option}")
        value = words.pop(0)
        if option == "--mount":
            found = _MOUNT.fullmatch(value)
            if found is None:
                raise ValueError(f"--mount {value}")
            mounts[found["path"]] = found["name"]
        elif option == "--entrypoint":
            entrypoint = value
        given[option] = value
    if "--rm" not in given or given.get("--network") != "none":
        raise ValueError("a container that stays, or has a network")
    if not words or not entrypoint:
        raise ValueError("no image, or a program of the image's own")
    return ContainerRun(words[0], (entrypoint, *words[1:]), mounts)


async def run(
    process: asyncssh.SSHServerProcess[bytes],
    wanted: ContainerRun,
    volume: Callable[[str], Path | None],
    has_image: Callable[[str], bool],
) -> int:
    """Runs it with the client's streams: its exit status, with Docker's own 125 for what Docker refuses."""
    if not has_image(wanted.image):
        process.stderr.write(f"docker: Unable to find image '{wanted.image}' locally\n".encode())
        return 125
    folders = {path: volume(name) for path, name in wanted.mounts.items()}
    for path, folder in folders.items():
        if folder is None:
            process.stderr.write(f"simulated host: no volume {wanted.mounts[path]}: Docker would make one\n".encode())
            return 125
    root = Path(tempfile.mkdtemp(prefix="smos-run-"))
    try:
        for path, folder in folders.items():
            (root / path.strip("/")).symlink_to(folder or root)
        return await _run(process, [_adapted(word, folders, root) for word in wanted.words], root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


async def _run(process: asyncssh.SSHServerProcess[bytes], words: Sequence[str], root: Path) -> int:
    try:
        program = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=root,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError as error:
        process.stderr.write(f"exec: {words[0]}: {error.strerror}\n".encode())
        return 127
    out, err = (program.stdout, process.stdout), (program.stderr, process.stderr)
    going = asyncio.gather(_handed_out(*out), _handed_out(*err), program.wait())
    handing_in = asyncio.create_task(_handed_in(process, program))
    leaving = asyncio.create_task(process.wait_closed())
    either: set[asyncio.Future[Any]] = {going, leaving}
    try:
        await asyncio.wait(either, timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        return going.result()[-1] if going.done() and going.exception() is None else GONE
    finally:
        for one in (going, handing_in, leaving):
            one.cancel()
        await asyncio.gather(going, handing_in, leaving, return_exceptions=True)
        if program.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            await program.wait()


async def _handed_in(process: asyncssh.SSHServerProcess[bytes], program: asyncio.subprocess.Process) -> None:
    if program.stdin is None:
        raise RuntimeError("unreachable: it was started with a pipe")
    with contextlib.suppress(OSError, asyncssh.Error):
        while block := await process.stdin.read(BLOCK):
            program.stdin.write(block)
            await program.stdin.drain()
    program.stdin.close()


async def _handed_out(source: asyncio.StreamReader | None, target: asyncssh.SSHWriter[bytes]) -> None:
    while source is not None and (block := await source.read(BLOCK)):
        target.write(block)
        await target.drain()


def _adapted(word: str, folders: dict[str, Path | None], root: Path) -> str:
    places = "|".join(re.escape(path) for path in folders)
    return re.sub(rf"(?<![\w./-])({places})(?=[/\s\"';]|$)", rf"{root}\1", word) if folders else word
