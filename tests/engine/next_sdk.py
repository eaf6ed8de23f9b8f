"""Runs the checks of what reaches into the SDK against its next release, in a virtualenv that is thrown away.

`python -m tests.engine.next_sdk` (opt-in: it asks the package index of pip's own configuration; no test calls it).
Exit code: that of the checks; 0 with a line that says so, where no newer release can be had.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKS = tuple(f"tests/engine/sdk_patches/test_{one}.py" for one in ("programs", "inline", "policies"))
NEEDED = ("pytest", "pulumi-policy")


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=False)


def main() -> int:
    """The release that is looked at is said first."""
    here = version("pulumi")
    with tempfile.TemporaryDirectory(prefix="smos-next-sdk-") as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        got = _run(python, "-m", "pip", "install", "--quiet", f"pulumi>{here}", *NEEDED)
        if got.returncode:
            print(f"no release of pulumi newer than {here} can be had here: {got.stderr.strip().splitlines()[-1:]}")
            return 0
        found = _run(python, "-c", "from importlib.metadata import version; print(version('pulumi'))").stdout.strip()
        print(f"pulumi {found} instead of {here}:")
        bare = ("-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(ROOT), "--noconftest")
        done = _run(python, "-m", "pytest", "-q", *bare, *CHECKS)
        print(done.stdout + done.stderr)
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
