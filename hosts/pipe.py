"""A command on a host whose output, or input, is a stream of any length: an archive of files, a copy of a database.

It runs in a thread of its own; the caller reads (or gives) bytes by an ordinary file. How to reach the host, and whose
key it must have, is `hosts.ssh`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import asyncssh

from hosts.ssh import SshHost, SshProblem, connect

__all__ = ["TIMEOUT_S", "Ended", "given", "output_of"]

TIMEOUT_S = 6 * 3600
"""Of a whole command."""
_LAST = 2000
"""How much of its error output is kept."""


class Ended(SshProblem):
    """A command on a host that ended otherwise than well."""

    def __init__(self, host: SshHost, command: str, status: int | None, said: str) -> None:
        shown = said.strip().splitlines()[-1:] or [f"exit status {status}"]
        super().__init__(f"Host {host.name}: `{command[:120]}` failed: {shown[0]}")
        self.status, self.said = status, said


@contextlib.contextmanager
def output_of(
    host: SshHost, command: str, config: Path | None = None, timeout_s: float = TIMEOUT_S
) -> Iterator[IO[bytes]]:
    """What a command writes, for the block; a real file of the system, to hand to another program too.

    Leaving the block waits for the command's end and raises Ended when that was not good: then nothing of what was read
    counts. Who leaves before the end of what is written ends the command.
    """
    reading, writing = os.pipe()
    running = _Running(host, command, config, timeout_s, None, writing)
    running.start()
    with os.fdopen(reading, "rb") as stream:
        try:
            yield stream
            left_early = bool(stream.read(1))
        except BaseException:
            running.stop()
            raise
        finally:
            stream.close()
        if left_early:
            running.stop()
    running.join()
    if not left_early:
        running.result()


def given(
    host: SshHost, command: str, content: IO[bytes] | None, config: Path | None = None, timeout_s: float = TIMEOUT_S
) -> str:
    """Runs a command that reads a file to its end, or (None) nothing: what it wrote. Raises Ended, or SshProblem."""
    reading, writing = os.pipe()
    running = _Running(host, command, config, timeout_s, content, writing)
    running.start()
    with os.fdopen(reading, "rb") as stream:
        said = stream.read(1 << 20).decode(errors="replace")
    running.join()
    running.result()
    return said


class _Running(threading.Thread):
    """One command, from its connection to its end."""

    def __init__(
        self,
        host: SshHost,
        command: str,
        config: Path | None,
        timeout_s: float,
        stdin: IO[bytes] | None,
        stdout: int,
    ) -> None:
        super().__init__(name=f"ssh {host.name}", daemon=True)
        self._host, self._command, self._config, self._timeout_s = host, command, config, timeout_s
        self._stdin, self._stdout = stdin, stdout
        self._failed: Exception | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """In the thread."""
        try:
            asyncio.run(self._until_stopped())
        except Exception as error:  # whatever it was, it is raised again where it is waited for
            self._failed = error
        finally:
            with contextlib.suppress(OSError):
                os.close(self._stdout)

    def stop(self) -> None:
        """Ends it: nobody wants the rest. Waits until it has ended."""
        self._stopped.set()
        self.join()

    def result(self) -> None:
        """Once it has ended. Raises what went wrong."""
        if isinstance(self._failed, SshProblem):
            raise self._failed
        if self._failed is not None:
            why = str(self._failed) or type(self._failed).__name__
            raise SshProblem(f"Host {self._host.name}: `{self._command[:120]}` did not end: {why}.") from None

    async def _until_stopped(self) -> None:
        going = asyncio.ensure_future(self._go())
        while not going.done():
            await asyncio.wait({going}, timeout=0.2)
            if self._stopped.is_set():
                going.cancel()
        if not going.cancelled():
            going.result()

    async def _go(self) -> None:
        async with await connect(self._host, self._config) as connection, asyncio.timeout(self._timeout_s):
            stdin = self._stdin if self._stdin is not None else asyncssh.DEVNULL
            process = await connection.create_process(
                self._command, stdin=stdin, stdout=os.dup(self._stdout), stderr=asyncssh.PIPE, encoding=None
            )
            said = b""
            while block := await process.stderr.read(65536):
                said = (said + bytes(block))[-_LAST:]
            done = await process.wait(check=False)
        if done.exit_status != 0:
            raise Ended(self._host, self._command, done.exit_status, said.decode(errors="replace"))
