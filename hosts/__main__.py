"""The Pulumi program of the hosts: settings → a prepared machine each → exports."""

from __future__ import annotations

import sys
from pathlib import Path

# The engine starts the program in this folder; its modules are named from the folder above.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from hosts.stack import declare  # noqa: E402  needs the path above
from settings import load_engine  # noqa: E402  needs the path above

declare(load_engine())
