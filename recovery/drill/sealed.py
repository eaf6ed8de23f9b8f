"""Starts the process that looks at restored data in a place without a way out, and waits for its answer.

It is told what it needs by its standard input: no secret is in its arguments or its environment. However this process
ends, that one does, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from pydantic import ValidationError

from deploy.target import ROOT
from kept.operator_error import OperatorError
from recovery.drill.order import Order, Told

__all__ = ["DrillFailed", "asked_inside"]

_WHOLE_S = 12 * 3600
_SAID = 2000
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


class DrillFailed(OperatorError):
    """A drill that came to no end; it proved nothing, and nothing that lives was touched."""


def asked_inside(order: Order) -> Told:
    """What the process answers. Raises DrillFailed."""
    environ = {name: value for name, value in os.environ.items() if name in _KEPT}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "recovery.drill.inside"],
            cwd=ROOT,
            env={**environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            out, _ = process.communicate(order.model_dump_json().encode(), timeout=_WHOLE_S)
        except subprocess.TimeoutExpired:
            raise DrillFailed(_text(f"no end after {_WHOLE_S} s")) from None
        finally:
            process.kill()
            process.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()[-_SAID:]
    if process.returncode != 0:
        raise DrillFailed(_text(said or f"exit code {process.returncode}"))
    try:
        return Told.model_validate_json(out)
    except ValidationError:
        raise DrillFailed(_text(f"it answered what is no answer ({len(out)} bytes)")) from None


def _text(why: str) -> str:
    return (
        f"the process that looks at what came back: {why}. Fix: room on the disk and in memory, then ./smos drill again"
    )
