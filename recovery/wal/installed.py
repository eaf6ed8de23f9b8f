"""Barman's own folder of packages: installed at its first use, from its own lock, and found again by what that says.

Why not with everything else: recovery/wal/requirements.in. An operations image has it from its build on.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kept.operator_error import OperatorError

__all__ = ["BarmanMissing", "barman_packages"]

LOCK = Path(__file__).with_name("requirements.lock")
FOLDER = Path(__file__).resolve().parents[2] / ".smos" / "operations"
LIMIT_S = 600


class BarmanMissing(OperatorError):
    """Barman could not be installed."""


def barman_packages(folder: Path = FOLDER) -> Path:
    """The folder to import it from. The first use takes some ten seconds and an index of packages."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    mark = hashlib.sha256(LOCK.read_bytes() + version.encode()).hexdigest()[:12]
    place = folder / f"barman-{mark}"
    if place.is_dir():
        return place
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=folder))
    try:
        command = [sys.executable, "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(fresh), "-r", str(LOCK)]
        done = subprocess.run(  # noqa: S603 - pip of this virtualenv
            command, capture_output=True, text=True, timeout=LIMIT_S, check=False, env={**os.environ, "PYTHONPATH": ""}
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no word"]
            raise BarmanMissing(
                f"Barman could not be installed: {said[0]}. Fix: an index that pip reaches (pip config list)"
            )
        try:
            fresh.rename(place)
        except OSError:
            if not place.is_dir():  # another process was quicker
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return place
