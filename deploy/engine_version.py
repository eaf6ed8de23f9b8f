"""Which engine may change the real clouds: the pinned one, exactly. A simulated run also takes a newer one.

For a recovery on a machine where the pinned one can't be had there is a way past it, which says the version that runs
instead. Each such run is written down; nothing is asked of the engine's own behaviour.
"""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from engine import Engine, pin
from kept.operator_error import OperatorError

__all__ = ["OVERRIDE", "OtherEngine", "refuse_another_engine"]

OVERRIDE = "SMOS_OTHER_ENGINE"
RECORD = "other-engines.jsonl"


class OtherEngine(OperatorError):
    """Another engine than the pinned one, for the real clouds."""

    exit_code = 2


def refuse_another_engine(found: Engine, environ: Mapping[str, str], folder: Path) -> None:
    """Raises OtherEngine, unless the operator names the very version that is there: that is recorded in the folder."""
    version = found.version.removeprefix("v")
    if version == pin.VERSION:
        return
    if environ.get(OVERRIDE, "").removeprefix("v") != version:
        raise OtherEngine(
            f"target: real, but the engine is {version} and engine/pin.py asks for {pin.VERSION}: what it writes into "
            "the state, the pinned one may not read. Nothing was started. Fix: ./smos --version gets the pinned one; "
            f"in a recovery where that can't be had: {OVERRIDE}={version}, which is recorded"
        )
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "engine": version,
        "pinned": pin.VERSION,
        "by": getpass.getuser(),
    }
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / RECORD).open("a", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")
    sys.stderr.write(f"smos: engine {version} instead of the pinned {pin.VERSION}; recorded in {folder / RECORD}\n")
