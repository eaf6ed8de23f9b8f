"""Makes a clone ready: virtualenv, packages from requirements.lock, engine. Called by `./smos` alone.

Started by whatever Python 3.11 or newer the machine has, so it uses the standard library only. Each
part leaves its stamp when it is complete and not before: an interrupted set-up is finished by the next
one, and a second one at the same time waits for the first. It writes to `.venv` and `.smos` of the
clone and to the cache folder (engine/cache.py), nowhere else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from engine import CLONE, EngineMissing, cache, find
from engine.get import get
from kept import explained
from kept.operator_error import OperatorError

__all__ = ["Failed", "Progress", "main", "set_up"]

LOG_LINES = 12

# What every run of the program imports, compiled once: most of its start would else be spent on that.
COMPILED = [
    *("pulumi", "pulumi_cloudflare", "pulumi_command", "pulumi_docker", "pulumi_policy", "pulumi_postgresql"),
    *("pulumi_random", "pulumi_tls", "google", "grpc", "pydantic", "typer", "rich", "asyncssh", "cryptography"),
    "pulumi_vault",
]
COMPILED_AZURE = ["app", "authorization", "dbforpostgresql", "keyvault", "managedidentity", "network"]
COMPILED_AZURE += ["operationalinsights", "privatedns", "resources", "storage"]

# What a log says, and how that is mended. The first that is found is shown.
MENDS = {
    "ensurepip": "this Python lacks its venv module: apt-get install python3-venv",
    "No space left": "free some disk: packages need 0.5 GB, building the engine another 5 GB",
    "DO NOT MATCH THE HASHES": "the index or a cache served other files than those in requirements.lock: "
    "check the proxy, or empty pip's cache (pip cache purge)",
    "CERTIFICATE_VERIFY_FAILED": "tell pip your proxy's certificate: PIP_CERT=/path/to/ca.pem",
    "No matching distribution": "the package index has no such file for this Python and machine: "
    "try another Python (SMOS_PYTHON=python3.11), or another index (pip config list)",
    "onnection": "the package index can't be reached: check the network, or set a proxy "
    "(HTTPS_PROXY) or an index of your own (pip config set global.index-url …)",
}


class Failed(OperatorError):
    """A step failed; the message says why and how to mend it."""


class Progress:
    """One line a step, on standard error: its name at once, its seconds when it is done."""

    def __init__(self) -> None:
        self._open = False

    def say(self, line: str) -> None:
        """A remark within a step, on its own line."""
        self._write(("\n" if self._open else "") + f"    {line}\n")
        self._open = False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step and its duration."""
        begun = time.monotonic()
        self._write(f"  {name:<36}")
        self._open = True
        try:
            yield
        except BaseException:
            self._write("\n" if self._open else "")
            raise
        self._write(f"{'' if self._open else '    done: '}{time.monotonic() - begun:6.1f} s\n")
        self._open = False

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def set_up(clone: Path, progress: Progress) -> None:
    """Makes what this clone lacks: virtualenv, packages, engine. What is complete is left alone."""
    venv = clone / ".venv"
    log = clone / ".smos" / "setup.log"
    busy = "another set-up of this clone is running; waiting for it"
    with cache.locked(clone / ".smos" / "setup.lock", progress.say, busy):
        if not _has_packages(clone):
            _install(clone, clone / "requirements.lock", venv / ".smos-lock", log, progress)
        if not _has_engine(clone):
            with progress.step("engine"):
                get(clone, progress.say)
            _stamp(clone / "engine" / "pin.py", venv / ".smos-pin")


def _install(clone: Path, lock: Path, stamp: Path, log: Path, progress: Progress) -> None:
    venv = clone / ".venv"
    log.unlink(missing_ok=True)
    fresh = not stamp.exists() or not os.access(venv / "bin" / "python", os.X_OK)
    stamp.unlink(missing_ok=True)
    if fresh:
        with progress.step(f"virtualenv, Python {sys.version_info[0]}.{sys.version_info[1]}"):
            if venv.exists():
                shutil.rmtree(venv)
            _run([sys.executable, "-m", "venv", str(venv)], log, "making the virtualenv")
    count = sum(not line.startswith((" ", "#")) and "==" in line for line in lock.read_text().splitlines())
    with progress.step(f"{count} packages (half a minute)"):
        # Without --no-compile this takes 14 s more, for modules of which most are never imported.
        pip = [str(venv / "bin" / "python"), "-P", "-m", "pip", "install", "-q", "--progress-bar", "off"]
        pip += ["--disable-pip-version-check", "--no-input", "--no-compile", "--require-hashes"]
        _run([*pip, "-r", str(lock)], log, "installing the packages")
    with progress.step("compiling what every run imports"):
        _compile(venv, log)
    _stamp(lock, stamp)


def _compile(venv: Path, log: Path) -> None:
    packages = next(venv.glob("lib/python*/site-packages"))
    compileall = [str(venv / "bin" / "python"), "-m", "compileall", "-q", "-j", "0"]
    _run([*compileall, *(str(packages / name) for name in COMPILED)], log, "compiling the packages")
    azure = packages / "pulumi_azure_native"  # its areas alone: each has all its versions below it
    _run(
        [*compileall, "-l", str(azure), *(str(azure / name) for name in COMPILED_AZURE)], log, "compiling the packages"
    )


def _run(command: Sequence[str], log: Path, what: str) -> None:
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    with log.open("ab") as out:
        done = subprocess.run(  # noqa: S603  this set-up's own commands
            command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
        )
    if done.returncode == 0:
        return
    text = log.read_text(errors="replace")
    mend = next((mend for sign, mend in MENDS.items() if sign in text), "the log says more")
    last = "".join(f"    {line}\n" for line in text.splitlines()[-LOG_LINES:])
    raise Failed(f"{what} failed\n{last}  fix: {mend}\n  log:  {log}")


def _has_packages(clone: Path) -> bool:
    venv = clone / ".venv"
    same = _same(clone / "requirements.lock", venv / ".smos-lock")
    return same and os.access(venv / "bin" / "python", os.X_OK)


def _has_engine(clone: Path) -> bool:
    try:
        find(clone)
    except EngineMissing:
        return False
    return _same(clone / "engine" / "pin.py", clone / ".venv" / ".smos-pin")


def _same(file: Path, stamp: Path) -> bool:
    return stamp.is_file() and stamp.read_bytes() == file.read_bytes()


def _stamp(file: Path, stamp: Path) -> None:
    part = stamp.with_name(f"{stamp.name}.part")
    part.write_bytes(file.read_bytes())
    part.replace(stamp)


def main() -> int:
    """Set this clone up; 0 when it is ready."""
    if _has_packages(CLONE) and _has_engine(CLONE):
        return 0  # the launcher could not tell: there is no cmp on this machine
    begun = time.monotonic()
    sys.stderr.write("smos: making this clone ready (once)\n")
    try:
        set_up(CLONE, Progress())
    except (OperatorError, OSError) as error:
        said = (explained(error) if isinstance(error, OSError) else None) or error
        sys.stderr.write(f"smos: set-up failed: {said}\n  then start smos again: it goes on from here\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nsmos: set-up interrupted; start smos again to finish it\n")
        return 130
    sys.stderr.write(f"smos: ready in {time.monotonic() - begun:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
