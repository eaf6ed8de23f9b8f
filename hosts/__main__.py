"""The Pulumi program of the hosts: settings → a prepared machine each → exports."""

from __future__ import annotations

import sys
from pathlib import Path

# The engine starts the program in this folder; its modules are named from the folder above.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from hosts.stack import declare
from settings import load_engine

declare(load_engine())
