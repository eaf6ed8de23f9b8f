"""Starts, finds and stops the sandbox's server, and says how the engine reaches it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from kept import keep, lock_file, words
from sandbox.home import ANEW, ROOT, Home, Running, SandboxError, code_stamp, write_private
from sandbox.official import official_plugins

__all__ = ["ask", "begin", "environment", "locked", "remember_seen", "reset", "start", "stop", "write_shim"]

START_TIMEOUT_S = 60.0
SHIM = Path(__file__).with_name("pulumi_shim.sh")
_OF_A_SANDBOX = {"cloud.sqlite", "scene.json", "keyring.age", "project"}
"""What is in the folder of a sandbox of an older version, or of one that was given a keyring before its first start."""


def start(home: Home) -> Running:
    """The running server, started first when there is none. Raises SandboxError when it does not come up, or is another
    clone's.
    """
    running = home.running()
    if running is not None and running.code == code_stamp():
        return running
    with locked(home):
        running = home.running()
        if running is not None and running.code == code_stamp():
            return running
        _refuse_anothers(home, running)
        stop(home)  # its code has changed since; what exists in it stays
        return _launch(home)


def _refuse_anothers(home: Home, running: Running | None) -> None:
    """To start it anew with this clone's program would seal the other's Vaults and change what the other sees."""
    other = Path(running.clone) if running and running.clone else ROOT
    if other != ROOT and (other / "smos").exists():
        raise SandboxError(
            f"{home.folder} is the sandbox of another clone, {other}, and runs its program; nothing was done. "
            "Fix: use that clone; or end it: ./smos sandbox stop; or a folder of your own in SMOS_SANDBOX"
        )


def _starting(home: Home) -> Running | None:
    """The server that a killed command began to start, once it runs: two would want the same ports."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while home.is_served and time.monotonic() < deadline:
        running = home.running()
        if running is not None:
            return running
        time.sleep(0.05)
    return None


def _launch(home: Home) -> Running:
    home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    begun = _starting(home)
    if begun is not None and begun.code == code_stamp():
        return begun
    stop(home)
    with os.fdopen(lock_file(home.log, "remove it, and run the same command again"), "ab") as log:
        process = subprocess.Popen(  # noqa: S603  our own server
            [sys.executable, "-m", "sandbox", "serve", str(home.folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        running = home.running()
        if running is not None and running.pid == process.pid:
            return running
        if process.poll() is not None:
            begun = _starting(home)  # it was quicker; this one has seen that, and ended
            if begun is not None:
                return begun
            break
        time.sleep(0.02)
    tail = "".join(home.log.read_text(errors="replace").splitlines()[-1:])
    with contextlib.suppress(OSError):
        process.terminate()
    raise SandboxError(f"the sandbox did not start: {tail}\nFix: read {home.log}; `./smos sandbox reset` begins anew")


def stop(home: Home, timeout_s: float = 15.0) -> bool:
    """Ends the server if one runs (True then). Its data stays."""
    running = home.running()
    if running is None:
        return False
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(running.pid)
        process.terminate()
        try:
            process.wait(timeout_s)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(timeout_s)
    home.note.unlink(missing_ok=True)
    return True


def reset(home: Home) -> None:
    """Stops the server and forgets everything simulated: clouds, databases, state, keys."""
    if not home.folder.exists():
        return
    with locked(home):  # raises for a folder that is no sandbox's
        stop(home)
        for entry in home.folder.iterdir():
            if entry in (home.folder / "lock", home.marker):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def begin(home: Home) -> None:
    """Makes the folder, and marks it as a sandbox's. Raises SandboxError for a folder that holds something else."""
    home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not home.marker.exists():
        names = {entry.name for entry in home.folder.iterdir()} - {"lock"}
        if names and not names & _OF_A_SANDBOX:
            raise SandboxError(
                f"{home.folder} holds other things: it can't be a sandbox's; nothing was touched. "
                "Fix: check SMOS_SANDBOX"
            )
        home.marker.touch()


@contextlib.contextmanager
def locked(home: Home) -> Iterator[None]:
    """One start, stop or reset at a time."""
    begin(home)
    lock = lock_file(home.folder / "lock", "remove it, and run the same command again")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def environment(home: Home, running: Running, engine: Path) -> dict[str, str]:
    """The variables with which a plain `pulumi` runs against the sandbox (PATH is left to the caller:
    `home.bin` first, and the folders of official plugins that were asked for).
    """
    official = official_plugins()
    simulated = {package: port for package, port in running.ports.items() if package not in official}
    return {
        "PULUMI_OPTION_CWD": str(home.project),
        "PULUMI_BACKEND_URL": f"file://{home.state}",
        "PULUMI_HOME": str(home.folder / "pulumi-home"),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(home.passphrase),
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in sorted(simulated.items())),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "SMOS_TARGET": "sandbox",
        "SMOS_CLOUDFLARE_API": f"http://127.0.0.1:{running.control}/client/v4",
        "SMOS_ARM_API": f"http://127.0.0.1:{running.control}/arm",
        "SMOS_BLOB_API": _blob_service(home),
        "SMOS_SSH_CONFIG": str(home.ssh_config),
        "SMOS_SANDBOX": str(home.folder),
        "SMOS_KEYRING": str(home.keyring),
        "SMOS_KEY_FILE": str(home.key),
        "SMOS_ENGINE": str(engine),
    }


def _blob_service(home: Home) -> str:
    """Where the simulated storage accounts answer (sandbox.azure.server.blobs)."""
    try:
        return words(home.folder / "blobs" / "address", ANEW)
    except FileNotFoundError:
        return ""


_GUARDED = ("PULUMI_BACKEND_URL", "PULUMI_DEBUG_PROVIDERS", "SMOS_TARGET")
"""Where a run goes, beside its folder, which must be one of the sandbox's. A plain `refresh` or `destroy` starts no
program that could look at them.
"""


def write_shim(home: Home, running: Running, engine: Path, freshen: str) -> None:
    """A `pulumi` for a plain shell. It refuses what reads or writes a state when the shell's variables have
    become others than the sandbox's, and freshens the shadow project first, when a tracked file differs from its copy.

    The engine itself, called by its path, has neither.
    """
    wanted = environment(home, running, engine)
    compared = "".join(f'  same {name} "${{{name}-}}" {shlex.quote(wanted[name])}\n' for name in _GUARDED)
    head = (
        "#!/bin/sh\n"
        f"root={shlex.quote(str(ROOT))}\nhome={shlex.quote(str(home.folder))}\nengine={shlex.quote(str(engine))}\n"
        f"guarded() {{\n{compared}}}\n"
        f"freshen() {{ {freshen}; }}\n"
    )
    home.bin.mkdir(parents=True, exist_ok=True, mode=0o700)
    script = home.bin / "pulumi"
    keep(script, head + SHIM.read_text(encoding="utf-8").partition("\n")[2])
    script.chmod(script.stat().st_mode | stat.S_IXUSR)


def remember_seen(home: Home, files: list[Path]) -> None:
    """Keeps the tracked files as the shadow knows them, for the shim to compare with."""
    for file in files:
        if file.exists():
            write_private(home.folder / "seen" / file.relative_to(ROOT), file.read_bytes())


def ask(running: Running, command: str, **args: Any) -> Any:
    """Runs a command in the server; raises SandboxError with the server's words when it refuses."""
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"http://127.0.0.1:{running.control}/{command}",
        data=json.dumps(args).encode(),
        headers={"Authorization": f"Bearer {running.token}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise SandboxError(_words_of(error)) from None
    except (OSError, ValueError) as error:
        raise SandboxError(
            f"the simulated clouds do not answer ({getattr(error, 'reason', error)}). Fix: the same command again; if "
            "that does not help, ./smos sandbox stop, then ./smos sandbox start"
        ) from None


def _words_of(error: Any) -> str:
    try:
        return str(json.loads(error.read())["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error)
