"""Builds the engine from its pinned Go module: for machines that reach a Go proxy but not the release.

The versions and hashes of every module are in go.mod and go.sum beside this file, in git: what lies in the machine's
cache of modules is compared with them before anything of it is built, and the build may change neither. It does not
give a Python language host; engine/language_host.py is put beside it (see engine/place.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from engine import cache, pin
from engine.archive import Unavailable
from kept.say import Say

__all__ = ["build"]

HEARTBEAT_S = 20.0
USUAL_MINUTES = "3 to 5"


def build(target: Path, say: Say) -> None:
    """Fill `target` with a built engine; takes minutes and says so."""
    go = shutil.which("go")
    if go is None:
        raise Unavailable("there is no Go on PATH (https://go.dev/dl, or: apt-get install golang)")
    with cache.filling(target) as folder:
        say(f"building it with Go from {pin.GO_PACKAGE} {pin.VERSION}: {USUAL_MINUTES} minutes, once")
        log = cache.root() / "engine" / "build.log"
        if _run([go, "mod", "verify"], log, say) != 0:
            raise Unavailable(f"Go's modules are not those of engine/go.sum:\n{_last_lines(log)}\n  all of it: {log}")
        code = _run(_command(go, folder / "pulumi"), log, say)
        if code != 0:
            raise Unavailable(f"go build failed (exit code {code}):\n{_last_lines(log)}\n  all of it: {log}")


def _command(go: str, output: Path) -> list[str]:
    version = f"-X {pin.GO_VERSION_VARIABLE}=v{pin.VERSION}"
    return [go, "build", "-trimpath", "-ldflags", f"-s -w {version}", "-o", str(output), pin.GO_PACKAGE]


def _run(command: list[str], log: Path, say: Say) -> int:
    begun = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  the user's own Go
            command,
            cwd=Path(__file__).parent,
            env={**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            while True:
                try:
                    return process.wait(HEARTBEAT_S)
                except subprocess.TimeoutExpired:
                    say(f"building: {time.monotonic() - begun:.0f} s")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def _last_lines(log: Path, count: int = 8) -> str:
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines)
